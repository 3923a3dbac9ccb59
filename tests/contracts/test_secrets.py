from __future__ import annotations

import openai
import pytest

import orchestrace
from orchestrace import Evaluation, Example, Prompt
from orchestrace.testing import Answer, ReplayServer, Spans, openai_chat

KEY = "sk-" + "proj-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3"


def run(server: ReplayServer) -> None:
    """Put a key into every text that can come to stand on a span."""
    prompt = Prompt(
        "p",
        f"Use {KEY} for {{who}} {{few_shot}}",
        version="1",
        few_shot=[Example(f"in {KEY}", f"out {KEY}", id=f"id {KEY}")],
    )

    @orchestrace.tool
    def search(query: str) -> str:
        return query

    @orchestrace.retriever
    def find(query: str) -> list[str]:
        return [query]

    @orchestrace.evaluator(rubric=f"rubric {KEY}")
    def judge(text: str) -> list[Evaluation]:
        return [Evaluation(0.1, f"label {KEY}", passed=False, feedback=text, name="a"), Evaluation(0.2, feedback=text)]

    @orchestrace.generator
    def draft(job: str) -> str:
        text = prompt.render(who=job)
        messages = [{"role": "user", "content": text}]
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="test", max_retries=0) as client:
            client.chat.completions.create(model="m", messages=messages, user=KEY)  # type: ignore[arg-type]
        return text

    @orchestrace.agent(key="job", session="job", user="job", tenant="job", config={"note": f"use {KEY}"})
    def craft(job: str) -> str:
        orchestrace.current().tag(f"tag {KEY}")
        orchestrace.current().evaluation(label=f"label {KEY}", feedback=f"feedback {KEY}")
        for turn in orchestrace.iterations(limit=1):
            judge(draft(job))
            turn.accept(f"taken {KEY}")
            turn.stop(f"stopped {KEY}")
        search(job)
        find(job)
        with orchestrace.llm_call(model="local") as call:
            call.request(f"asked {KEY}", note=KEY)
            call.chunk(f"answered {KEY}")
        return draft(job)

    craft(f"job {KEY}")


class TestKeys:
    def test_no_text_brings_a_key_onto_a_span(self, orchestrace_spans: Spans, orchestrace_server: ReplayServer) -> None:
        """Wherever it stands: arguments, prompts, examples, verdicts, reasons, labels, requests, answers, errors."""
        orchestrace_server.answer(openai_chat(f"answer {KEY}"))
        refusal = {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "auth", "code": f"code {KEY}"}}
        orchestrace_server.answer(Answer(status=401, body=refusal))
        with pytest.raises(openai.AuthenticationError):
            run(orchestrace_server)

        assert 10 == len(orchestrace_spans)
        assert [] == [
            (span.name, part)
            for span in orchestrace_spans
            for part in (*span.attributes.items(), *span.events, span.name, span.status_message)
            if KEY[8:] in repr(part)
        ]
