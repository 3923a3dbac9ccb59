"""Spans that came from elsewhere, to be asked as a journal is asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from orchestrace.conventions import ENDING
from orchestrace.journal.catalogue import Catalogue
from orchestrace.journal.database import connect_in_memory, transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.store import note_writer, store
from orchestrace.recording.ending import INTERRUPTED
from orchestrace.records import SpanRecord
from orchestrace.sources.unfinished import with_runs_for_markers

__all__ = ["Loaded"]


class Loaded(Catalogue):
    """Some spans, in a journal that is nowhere on disk."""

    def __init__(self, spans: Iterable[SpanRecord], place: str) -> None:
        self.place = place
        self._database = connect_in_memory()
        kept = with_runs_for_markers(spans)
        for over in (False, True):
            self._put([span for span in kept if _is_over(span) is over], over=over)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Give the database."""
        yield self._database

    def _put(self, spans: list[SpanRecord], *, over: bool) -> None:
        who = Header("those whose process is gone" if over else "others", 0, "", 0, "", {}, withheld=True)
        with transaction(self._database):
            store(self._database, spans, note_writer(self._database, who, over=over))


def _is_over(span: SpanRecord) -> bool:
    return span.attributes.get(ENDING) == INTERRUPTED
