"""
An orchestrator as its developers write it, run as a process of its own: OpenAI drafts, Anthropic judges.

Its argument is the story that the providers tell it: "accepted", "rejected" or "refused". Where to send, and where the
providers are, stands in the environment. It prints the reference of its run, how many seconds the run took, and the
time at which it was done.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from anthropic import Anthropic
from openai import BadRequestError, OpenAI
from opentelemetry import trace

import orchestrace
from orchestrace import Evaluation, Example, Prompt

RESEARCH = Prompt("sourcing/research", "Find out what we know about {candidate.name}.", version="1")
DRAFT = Prompt(
    "sourcing/draft",
    [
        {"role": "system", "content": "You write to candidates, briefly. 用候选人的语言写。"},
        {"role": "user", "content": "Write to {candidate.name} about {job.title}. Known: {known}. {feedback}"},
    ],
    version="3",
    few_shot=[Example("Write to Jun about Data Engineer.", "Jun 你好,聊聊? ☕", id="jun")],
)
TONE = Prompt("sourcing/tone", 'Judge the tone, as JSON {"score": …, "feedback": …}:\n{text}', version="2")
PROFILES = {
    "type": "function",
    "function": {"name": "search_profiles", "parameters": {"type": "object", "properties": {"name": {}}}},
}
SETTINGS = {"writer": "gpt-4o", "judge": "claude-sonnet-5", "good_enough": 0.8, "语气": "友好 🙂"}
LONGEST = 600
DATABASE = trace.get_tracer("profiles.database")
"""Whoever wrote the database's client traces it, too, and knows nothing of agents."""


@dataclass(frozen=True)
class Candidate:
    """Whom to write to."""

    name: str
    city: str


@dataclass(frozen=True)
class Job:
    """What to write about."""

    id: str
    title: str


STORIES = {
    "accepted": (Candidate("李雷 🧑‍💻", "上海"), Job("job-417/上海", "Compiler Engineer")),
    "rejected": (Candidate("Zoë Ångström", "Malmö"), Job("job-418", "Data Engineer")),
    "refused": (Candidate("Bo Lindqvist", "Oslo"), Job("job-419", "Historian")),
}
STARTED: list[str] = []
"""The references of the runs: what a customer system keeps, to say later what came of them."""
openai = OpenAI(max_retries=1)
anthropic = Anthropic(max_retries=0)


@orchestrace.tool
def search_profiles(name: str) -> list[dict[str, str]]:
    """Search public profiles of a person."""
    with DATABASE.start_as_current_span("SELECT profiles", kind=trace.SpanKind.CLIENT):
        return [{"name": name, "known_for": "列车时刻表编译器 🚆"}]


@orchestrace.tool
def send(text: str) -> None:
    """Send an e-mail; the mail server is down."""
    msg = f"邮件服务器没有应答 📪: {len(text)} characters wait."
    raise TimeoutError(msg)


@orchestrace.tool
async def free_slots(days: int) -> None:
    """Ask a calendar that does not answer."""
    await asyncio.sleep(3600 * days)


@orchestrace.retriever
def past_emails(query: str) -> list[str]:
    """Find what was written before."""
    openai.embeddings.create(model="text-embedding-3-small", input=query)
    return [f"{query}: 还没有邮件"]


def research(candidate: Candidate) -> str:
    """Let the model look the candidate up."""
    messages: Any = [{"role": "user", "content": RESEARCH.render(candidate=candidate)}]
    tools: Any = [PROFILES]
    asked = openai.chat.completions.create(model="gpt-4o", messages=messages, tools=tools)
    calls: Any = asked.choices[0].message.tool_calls or []
    found = [search_profiles(**json.loads(call.function.arguments)) for call in calls]
    return json.dumps(found, ensure_ascii=False)


@orchestrace.generator
def draft(candidate: Candidate, job: Job, known: str, feedback: str) -> str:
    """Write a draft; the answer is streamed, and left where it gets too long."""
    messages: Any = DRAFT.render(candidate=candidate, job=job, known=known, feedback=feedback)
    text = ""
    with openai.chat.completions.create(
        model="gpt-4o", messages=messages, temperature=0.7, stream=True, stream_options={"include_usage": True}
    ) as chunks:
        for chunk in chunks:
            text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
            if len(text) > LONGEST:
                break
    return text


@orchestrace.evaluator(name="tone", version="2", kind="llm")
def judge(text: str) -> Evaluation:
    """Have a model judge a draft."""
    prompt = TONE.render(text=text)
    messages: Any = [{"role": "user", "content": prompt}]
    answer: Any = anthropic.messages.create(
        model="claude-sonnet-5", max_tokens=200, system="You judge e-mails.", messages=messages
    )
    said = json.loads(answer.content[0].text)
    passed = said["score"] >= SETTINGS["good_enough"]
    return Evaluation(score=said["score"], label=said["label"], passed=passed, feedback=said["feedback"])


@orchestrace.evaluator(name="length", kind="code")
def is_short(text: str) -> bool:
    """Tell whether a draft is short enough."""
    return len(text) < LONGEST


@orchestrace.agent(
    name="SourcingEmailCrafterAgent",
    version="1.4",
    config=SETTINGS,
    key="job.id",
    session="job.id",
    user="candidate.name",
    tenant=lambda job: f"tenant of {job.id}",
)
def craft(candidate: Candidate, job: Job) -> str:
    """Write an e-mail to a candidate that passes the judges."""
    orchestrace.current().tag("trial")
    STARTED.append(orchestrace.reference())
    past_emails(candidate.name)
    known = research(candidate)
    text = feedback = ""
    for _ in orchestrace.iterations(limit=3):
        text = draft(candidate, job, known, feedback)
        verdict = judge(text)
        if is_short(text) and verdict.passed:
            break
        feedback = f"Your last draft was judged: {verdict.feedback}"
    else:
        with contextlib.suppress(asyncio.TimeoutError):
            asyncio.run(asyncio.wait_for(free_slots(3), 0.05))
        return text
    try:
        send(text)
    except TimeoutError:
        text += "\n(未发送)"
    return text


@orchestrace.workflow(name="sourcing")
def source(candidate: Candidate, job: Job) -> str:
    """Run the agents of the workflow, of which there is one."""
    return craft(candidate, job)


if __name__ == "__main__":
    orchestrace.configure(service_name="sourcing")
    story = sys.argv[1]
    began = time.perf_counter()
    with contextlib.suppress(BadRequestError), orchestrace.experiment("greeting", "short"):
        source(*STORIES[story])
    (reference,) = STARTED
    if story != "refused":
        orchestrace.record_outcome(
            "email.replied", story == "accepted", reference=reference, source="crm", comment="回复了 ✉️"
        )
    print(reference)  # noqa: T201 - for the test
    print(time.perf_counter() - began, time.time())  # noqa: T201 - for the test
