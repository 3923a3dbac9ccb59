from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrace.balance import Balance
from orchestrace.conventions import ENDING, INPUT_VALUE, OUTPUT_VALUE, TRUNCATED
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.notice import encode_ended, encode_settled
from orchestrace.journal.settlement import settle
from orchestrace.records import SpanRecord

if TYPE_CHECKING:
    from tests.journal.conftest import Book

COLLECTOR = Addressee("5d", "http://collector:4318")
Span = Callable[..., SpanRecord]


class TestSettle:
    @pytest.mark.parametrize(
        ("state", "balance"),
        [(accounts.DELIVERED, Balance(delivered=1)), (accounts.REFUSED, Balance(refused=1))],
    )
    def test_what_its_process_sent_was_sent(  # noqa: PLR0913, PLR0917 - fixtures
        self,
        book: Book,
        writer: Callable[..., Any],
        span: Span,
        ended: SpanRecord,
        state: int,
        balance: Balance,
    ) -> None:
        """It does not go out again, and is counted where it came to."""
        one = writer(receiver=COLLECTOR).write(span(1))
        one.appender.append(encode_ended(ended))
        one.appender.append(encode_settled("a" * 32, span(1).span_id, state, "no"))
        book.take()
        during = book.balance()
        one.die()
        book.take()

        assert (Balance(), balance) == (during, book.balance())
        assert ({state: 1}, []) == (book.states(), book.waiting())

    def test_what_went_with_its_process_comes_without_its_output(
        self, book: Book, writer: Callable[..., Any], span: Span, ended: SpanRecord
    ) -> None:
        """It ended, and is not interrupted: all else of it is here."""
        one = writer(receiver=COLLECTOR).write(span(1, attributes={INPUT_VALUE: "in"}))
        one.appender.append(encode_ended(ended))
        one.die()
        book.take()
        known = {INPUT_VALUE: "in", ENDING: "returned", TRUNCATED: [OUTPUT_VALUE]}

        assert [span(1, end=ended.end, attributes=known)] == book.waiting()
        assert ({accounts.WAITING: 1}, Balance(waiting=1)) == (
            book.states(),
            book.balance(),
        )

    def test_what_was_not_to_be_sent_is_not(
        self, book: Book, writer: Callable[..., Any], span: Span, ended: SpanRecord
    ) -> None:
        """By nobody, or not from there."""
        for name, known in (("unsampled", {"sampled": False}), ("withheld", {})):
            one = writer(name, receiver=COLLECTOR, withheld=name == "withheld")
            one.write(span(len(name), **known))
            one.appender.append(encode_ended(span(len(name), end=span(20).start, **known)))
            one.die()
        book.take()

        assert {accounts.WITHHELD: 2} == book.states()

    def test_of_a_process_that_lives_nothing_is_settled(
        self, book: Book, writer: Callable[..., Any], span: Span, ended: SpanRecord
    ) -> None:
        """It may still send, or write, what it has."""
        writer().write(span(1)).appender.append(encode_ended(ended))
        book.take()

        assert ([], {accounts.ELSEWHERE: 1}) == (list(settle(book.database)), book.states())
