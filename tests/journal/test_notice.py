from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from orchestrace.conventions import ENDING, ERROR_TYPE, INPUT_VALUE, OUTPUT_VALUE, TRUNCATED
from orchestrace.journal import accounts
from orchestrace.journal.decoding import decode
from orchestrace.journal.frames import FRAME
from orchestrace.journal.notice import ROOM, Notice, encode_ended, encode_settled
from orchestrace.records import SpanRecord

IDS = "a" * 32, "b" * 16
TEXTS = st.text(st.characters(exclude_categories=()), max_size=400)


class TestEnded:
    def test_says_how_it_ended_and_what_is_missing(self, span: Callable[..., SpanRecord]) -> None:
        """Neither what went in, which its start has, nor what came out."""
        said = {INPUT_VALUE: "in", OUTPUT_VALUE: "out", ENDING: "error", ERROR_TYPE: "ValueError"}
        record = span(1, end=9, status="ERROR", attributes=said)
        known = {ENDING: "error", ERROR_TYPE: "ValueError", TRUNCATED: [OUTPUT_VALUE]}

        assert Notice(record.trace_id, record.span_id, 9, "ERROR", known) == decode(encode_ended(record))

    @given(TEXTS)
    def test_fits_into_its_room(self, text: str) -> None:
        """Whatever the type of the error is called: then it is left out, with all else that could be."""
        record = SpanRecord(*IDS, None, "x", 0, 1, 2**63 - 1, "ERROR", attributes={ERROR_TYPE: text})
        said = decode(encode_ended(record))

        assert len(encode_ended(record)) + FRAME.size <= ROOM
        assert isinstance(said, Notice)
        assert (*IDS, 2**63 - 1, "ERROR", None) == (said.trace_id, said.span_id, said.end, said.status, said.state)


class TestSettled:
    def test_says_what_became_of_it(self) -> None:
        """And why, if it was refused."""
        payload = encode_settled(*IDS, accounts.REFUSED, "too large")

        assert Notice(*IDS, state=accounts.REFUSED, reason="too large") == decode(payload)

    @given(TEXTS)
    def test_fits_into_its_room(self, reason: str) -> None:
        """Of a long reason there is the beginning."""
        said = decode(encode_settled(*IDS, accounts.REFUSED, reason))

        assert len(encode_settled(*IDS, accounts.REFUSED, reason)) + FRAME.size <= ROOM
        assert isinstance(said, Notice)
        assert "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in reason).startswith(said.reason)


class TestNotice:
    def test_of_nothing_is_none(self) -> None:
        """A frame that says neither when it ended nor what became of it is one that this version does not know."""
        assert decode(b'{"type":"notice","trace_id":"a","span_id":"b"}') is None
        assert decode(b'{"type":"notice","trace_id":"a","end":1}') is None
