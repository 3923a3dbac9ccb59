from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrace.balance import Balance
from orchestrace.conventions import ENDING, INPUT_VALUE, OUTPUT_VALUE, TRUNCATED
from orchestrace.journal import accounts
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.forgetting import Whom, forget
from orchestrace.journal.notice import encode_ended, encode_settled
from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord

if TYPE_CHECKING:
    from tests.journal.conftest import Book

COLLECTOR = Addressee("5d", "http://collector:4318")
Span = Callable[..., SpanRecord]


class TestNote:
    def test_a_span_has_ended(self, book: Book, writer: Callable[..., Any], span: Span, ended: SpanRecord) -> None:
        """Whoever looks sees that, and that its output is missing; nobody sends it, and it is in no balance."""
        one = writer(receiver=COLLECTOR).write(span(1, attributes={INPUT_VALUE: "in"}))
        book.take()
        one.appender.append(encode_ended(ended))
        book.take()
        (seen,) = Reader(book.folder).trace("last")

        assert (ended.end, {INPUT_VALUE: "in", ENDING: "returned", TRUNCATED: [OUTPUT_VALUE]}) == (
            seen.end,
            seen.attributes,
        )
        assert {accounts.ELSEWHERE: 1} == book.states()
        assert ([], Balance()) == (book.waiting(), book.balance())

    def test_what_comes_twice_changes_nothing(
        self, book: Book, writer: Callable[..., Any], span: Span, ended: SpanRecord
    ) -> None:
        """Nor does what is said of a span that nobody knows."""
        one = writer().write(span(1))
        for payload in [encode_ended(ended), encode_settled("a" * 32, span(1).span_id, accounts.DELIVERED)] * 2:
            one.appender.append(payload)
            one.appender.append(payload.replace(b"aaaa", b"bbbb"))
            book.take()

        assert {accounts.ELSEWHERE: 1} == book.states()

    def test_is_no_news_where_the_end_is(
        self, book: Book, writer: Callable[..., Any], span: Span, ended: SpanRecord
    ) -> None:
        """In whatever order they are read."""
        one = writer().write(span(1))
        one.appender.append(encode_ended(ended))
        one.write(ended)
        book.take()
        one.appender.append(encode_ended(ended))
        book.take()

        assert [ended] == Reader(book.folder).trace("last")
        assert {accounts.KEPT: 1} == book.states()


class TestTakeBack:
    def test_the_end_came_after_all(
        self, book: Book, writer: Callable[..., Any], span: Span, ended: SpanRecord
    ) -> None:
        """There was room again: it waits for its receiver like any other, and is counted once."""
        one = writer(receiver=COLLECTOR).write(span(1), span(2))
        one.appender.append(encode_ended(ended))
        book.take()
        one.write(span(2, end=span(3).start), ended)
        book.take()

        assert {accounts.WAITING: 2} == book.states()
        assert [span(2, end=span(3).start), ended] == book.waiting()


class TestForget:
    def test_nothing_is_left_to_be_settled(
        self, book: Book, writer: Callable[..., Any], span: Span, ended: SpanRecord
    ) -> None:
        """The process has the end, and counts it as long as it lives."""
        one = writer().write(span(1))
        one.appender.append(encode_ended(ended))
        book.take()
        forget(book.database, book.folder, Whom(run="a" * 32))
        one.die()
        book.take()

        assert ({}, Balance()) == (book.states(), book.balance())
