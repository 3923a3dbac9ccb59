from __future__ import annotations

import pytest

from orchestrace.messages import Failure, Message, ModelResponse, Part, text
from orchestrace.recording.answer import Answer
from orchestrace.recording.ending import ABANDONED, CANCELLED, DRAINED, ERROR, RETURNED
from orchestrace.recording.selectors import MISSING

WHOLE, PART = (Answer(ModelResponse(complete=complete)) for complete in (True, False))
FAILED = Answer(failure=Failure("overloaded", ""))
CALLED: Part = {"type": "tool_call", "name": "search", "arguments": {}}


def said(*parts: Part) -> object:
    """Return what an answer of these parts comes to."""
    messages: list[Message] = [{"role": "assistant", "parts": list(parts)}]
    return Answer(ModelResponse(messages=messages)).said()


class TestEnding:
    @pytest.mark.parametrize(
        ("answer", "ending", "streams", "expected"),
        [
            (WHOLE, ABANDONED, True, DRAINED),
            (WHOLE, ABANDONED, False, RETURNED),
            (PART, ABANDONED, True, ABANDONED),
            (PART, DRAINED, True, DRAINED),
            (WHOLE, RETURNED, False, RETURNED),
            (WHOLE, ERROR, True, ERROR),
            (FAILED, RETURNED, False, ERROR),
            (FAILED, CANCELLED, False, CANCELLED),
            (Answer(), ABANDONED, True, ABANDONED),
        ],
    )
    def test_is_told_by_what_came(self, answer: Answer, ending: str, streams: bool, expected: str) -> None:  # noqa: FBT001
        """And by the body only where that says nothing."""
        assert expected == answer.ending(ending, streams=streams)


class TestSaid:
    def test_is_its_text(self) -> None:
        """All of it; without any, the other parts."""
        assert ("Dear Li", [CALLED]) == (said(text("Dear "), CALLED, text("Li")), said(CALLED))

    def test_of_nothing_is_missing(self) -> None:
        """An empty answer says nothing either."""
        assert [MISSING] * 3 == [said(), Answer(ModelResponse()).said(), Answer().said()]
