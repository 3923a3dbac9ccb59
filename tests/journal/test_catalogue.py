from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from orchestrace import conventions as names
from orchestrace.exceptions import JournalError
from orchestrace.journal.catalogue import Catalogue
from orchestrace.journal.database import connect_in_memory
from orchestrace.journal.encoding import Header
from orchestrace.journal.store import note_writer, store
from orchestrace.records import SpanRecord

AGENT = {names.ROLE: "agent", names.AGENT_NAME: "Crafter"}


class Shelf(Catalogue):
    """Some spans."""

    place = "this test"

    def __init__(self, *spans: SpanRecord) -> None:
        self.database = connect_in_memory()
        store(self.database, spans, note_writer(self.database, Header("p", 1, "", 0, "", {}), over=True))

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Give what there is."""
        yield self.database


class TestAbout:
    @pytest.mark.parametrize(
        ("typed", "trace_id"),
        [("key=job/7 \"'%", "b" * 32), ("session=s", "c" * 32), ("tenant=only a call", "d" * 32)],
    )
    def test_the_newest_run_is_found(self, span: Callable[..., SpanRecord], typed: str, trace_id: str) -> None:
        """By the key, or whom it is about; a call of its own if no run has it. Quotes are letters like others."""
        key = {names.KEY: "job/7 \"'%"}
        shelf = Shelf(
            span(1, trace_id="a" * 32, end=9, attributes=AGENT | key),
            span(2, trace_id="b" * 32, end=9, attributes=AGENT | key),
            span(3, trace_id="c" * 32, end=9, attributes=AGENT | {names.SESSION_ID: "s"}),
            span(4, trace_id="d" * 32, end=9, attributes={names.SESSION_ID: "s", names.TENANT: "only a call"}),
        )

        assert [trace_id] == [found.trace_id for found in shelf.trace(typed)]

    def test_nothing_is_found(self, span: Callable[..., SpanRecord]) -> None:
        """The message names what there is instead."""
        with pytest.raises(JournalError, match=r"no run with key=8 in this test\. The newest runs: a+ \(Crafter\)"):
            Shelf(span(1, trace_id="a" * 32, end=9, attributes=AGENT)).trace("key=8")

    def test_what_is_no_text_is_not_found(self, span: Callable[..., SpanRecord]) -> None:
        """A key is text; a number that another library wrote there is none."""
        with pytest.raises(JournalError, match="There is no run with"):
            Shelf(span(1, end=9, attributes=AGENT | {names.KEY: 7})).trace("key=7")
