from __future__ import annotations

import pytest

import orchestrace
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
