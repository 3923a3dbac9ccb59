from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

import orchestrace
from orchestrace import Example, Prompt
from orchestrace.conversation import examples_in
from orchestrace.messages import Message, ModelRequest, text
from orchestrace.recording.few_shot import find, shown_in, shown_text, written
from orchestrace.testing import ReplayServer, Spans, openai_chat

FIRST = {"id": "first", "input": "Jun, Data Engineer", "output": "Hi Jun!"}
SECOND = {"id": "second", "input": {"name": "Ada"}, "output": "Hi Ada!"}
BOTH = [FIRST, SECOND]


def said(*spoken: tuple[str, str]) -> list[Message]:
    """Return messages of one text each."""
    return [{"role": role, "parts": [text(words)]} for role, words in spoken]


class TestFind:
    def test_pairs_of_messages(self) -> None:
        """What is given, and the answer right after it."""
        messages = said(
            ("system", "Be brief."),
            ("user", "Jun, Data Engineer"),
            ("assistant", "Hi Jun!"),
            ("user", '{"name": "Ada"}'),
            ("assistant", "Hi Ada!"),
            ("user", "Bo"),
        )

        assert {"first": [1, 2], "second": [3, 4]} == find(BOTH, messages)

    def test_inside_of_one_text(self) -> None:
        """As a template of text shows them, or in words of the program's."""
        shown = f"{shown_text('Jun, Data Engineer', 'Hi Jun!')}\n\n{shown_text(written({'name': 'Ada'}), 'Hi Ada!')}"
        own = 'Q: Jun, Data Engineer\nA: Hi Jun!\nQ: {"name": "Ada"}\nA: Hi Ada!\nQ: Bo'

        assert {"first": [1], "second": [1]} == find(BOTH, said(("system", "x"), ("user", f"{shown} Bo")))
        assert {"first": [0], "second": [0]} == find(BOTH, said(("user", own)))

    @pytest.mark.parametrize(
        "messages",
        [
            said(),
            said(("user", "Jun, Data Engineer")),
            said(("user", "Jun, Data Engineer"), ("user", "Hi Jun!")),
            said(("assistant", "Jun, Data Engineer"), ("assistant", "Hi Jun!")),
            said(("user", "Hi Jun! Jun, Data Engineer")),
            said(("user", "Jun, Data Engineers. Hi Jun!")),
        ],
        ids=["nothing", "no answer", "both asked", "both answered", "the other way round", "inside of a word"],
    )
    def test_what_is_not_shown_is_not_marked(self, messages: list[Message]) -> None:
        """Words that happen to stand there are no example."""
        assert {} == find([FIRST], messages)

    def test_an_example_without_words_is_nowhere(self) -> None:
        """Nothing stands in every text."""
        assert {} == find([{"id": "x", "input": "", "output": ""}], said(("user", "anything")))

    @given(
        examples=st.lists(st.tuples(st.text("ab ", min_size=1), st.text("cd ", min_size=1)), unique=True, max_size=4),
        before=st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), st.text("xyz")), max_size=3),
    )
    def test_rendered_examples_are_found_where_they_are(
        self, examples: list[tuple[str, str]], before: list[tuple[str, str]]
    ) -> None:
        """Whatever stands before them."""
        shown = [Example(asked, answered, id=str(n)) for n, (asked, answered) in enumerate(examples)]
        told: list[dict[str, Any]] = [{"role": role, "content": words} for role, words in before]
        prompt = Prompt("p", [*told, {"role": "user", "content": "last"}], few_shot=shown)
        messages = said(*((one["role"], one["content"]) for one in prompt.render()))

        start = len(before)
        assert {str(n): [start + 2 * n, start + 2 * n + 1] for n in range(len(shown))} == find(
            [one.record() for one in shown], messages
        )


class TestShownIn:
    def test_without_examples_nothing_is_looked_for(self) -> None:
        """Most prompts have none."""
        request = ModelRequest("m", said(("user", "Hi")))

        assert {} == shown_in(request, None) == shown_in(request, Prompt("p", "x").identity())

    def test_system_instructions_that_stand_apart_are_minus_one(self) -> None:
        """As Anthropic has them."""
        prompt = Prompt("p", "{few_shot}", few_shot=[Example("a", "b", id="one")])
        request = ModelRequest("m", said(("user", "Hi")), system=[text("Input: a\nOutput: b")])

        assert {"orchestrace.few_shot.messages": '[{"id":"one","messages":[-1]}]'} == shown_in(
            request, prompt.identity()
        )


class TestSpan:
    def test_a_call_says_which_of_its_messages_are_examples(self, orchestrace_spans: Spans) -> None:
        """By their place in `gen_ai.input.messages`; where these are not recorded, nothing is said of them."""
        prompt = Prompt("p", [{"role": "user", "content": "{q}"}], few_shot=[Example("a", "b", id="one")])
        for content in ("full", "off"):
            with (
                orchestrace.content(content),
                orchestrace.generator(name="g"),
                orchestrace.llm_call(model="m") as call,
            ):
                call.request(prompt.render(q="c"))

        full, off = (span.attributes.get("orchestrace.few_shot.messages") for span in orchestrace_spans.named("chat m"))
        assert ([{"id": "one", "messages": [0, 1]}], None) == (json.loads(str(full)), off)

    def test_of_a_real_call(self, orchestrace_spans: Spans, orchestrace_server: ReplayServer) -> None:
        """As it crossed the wire."""
        orchestrace_server.answer(openai_chat())
        prompt = Prompt(
            "p", "{few_shot}\n{q}", few_shot=[Example("a", "b", id="one"), Example({"c": 1}, "d", id="two")]
        )
        client = openai.OpenAI(base_url=f"{orchestrace_server.url}/v1", api_key="test")
        with client, orchestrace.generator(name="g"):
            words = prompt.render(q="?")
            client.chat.completions.create(model="m", messages=[{"role": "system", "content": words}])

        span = orchestrace_spans.one("chat m")
        assert {"one": [0], "two": [0]} == examples_in(span)
