from __future__ import annotations

import pytest

import orchestrace
from orchestrace import Example
from orchestrace.conversation import examples_in
from orchestrace.testing import Spans

ASKED = {"role": "user", "parts": [{"type": "text", "content": "Why?"}]}
ANSWERED = {"role": "assistant", "parts": [{"type": "text", "content": "Because."}]}


class TestMessagesOf:
    def test_a_call_is_read_back(self, orchestrace_spans: Spans) -> None:
        """What was asked, then what was answered."""
        with orchestrace.llm_call(model="m") as call:
            call.request("Why?")
            call.response("Because.")

        assert [ASKED, ANSWERED] == orchestrace.messages_of(orchestrace_spans.one("chat m"))

    def test_system_instructions_come_first(self) -> None:
        """They are a message of the system's."""
        attributes = {"gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]'}

        assert [{"role": "system", "parts": [{"type": "text", "content": "Be brief."}]}] == orchestrace.messages_of(
            attributes
        )

    @pytest.mark.parametrize("document", ["{", "3", "null", "", 3, None])
    def test_what_is_no_list_of_messages_is_left_out(self, document: object) -> None:
        """A span that somebody else wrote can hold anything."""
        assert [] == orchestrace.messages_of({"gen_ai.input.messages": document})
        assert [] == orchestrace.messages_of(object())


class TestExamplesIn:
    SYSTEM = '[{"type":"text","content":"Be brief."}]'
    MESSAGES = (
        '[{"role":"user","parts":[{"type":"text","content":"a"}]},'
        '{"role":"assistant","parts":[{"type":"text","content":"b"}]}]'
    )

    def test_it_is_what_the_span_says(self) -> None:
        """In the places that the messages have in `messages_of`, which begins with system instructions."""
        told = {"orchestrace.few_shot.messages": '[{"id":"one","messages":[0,1]},{"id":"two","messages":[-1]}]'}

        assert {"one": [0, 1], "two": [-1]} == examples_in(told)
        assert {"one": [1, 2], "two": [0]} == examples_in({**told, "gen_ai.system_instructions": self.SYSTEM})

    def test_examples_that_are_given_are_looked_for(self) -> None:
        """In the messages of any span, whoever wrote it."""
        span = {"gen_ai.system_instructions": self.SYSTEM, "gen_ai.input.messages": self.MESSAGES}

        assert {"x": [1, 2]} == examples_in(span, [Example("a", "b", id="x"), Example("a", "c", id="y")])

    @pytest.mark.parametrize("document", ["{", "3", '[3,{"id":1}]', '[{"messages":"x"}]', '[{"messages":["x"]}]', None])
    def test_what_cannot_be_read_marks_nothing(self, document: object) -> None:
        """A span that somebody else wrote can hold anything."""
        assert [] == [
            place for places in examples_in({"orchestrace.few_shot.messages": document}).values() for place in places
        ]
