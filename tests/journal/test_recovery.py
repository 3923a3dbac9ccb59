from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrace import conventions as names
from orchestrace.journal.reader import Reader
from orchestrace.journal.recovery import Recovered, recover
from orchestrace.records import SpanRecord


class TestRecover:
    def test_what_a_killed_process_left_comes_back(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """What had ended, and what ran; the second time there is nothing more."""
        writer("killed").write(span(1), span(2, parent_id=f"{1:016x}", end=9)).die()

        assert [Recovered(2, 1), Recovered(0, 0)] == [recover(database, folder), recover(database, folder)]
        root, child = Reader(folder).trace("last")
        assert ("interrupted", None) == (root.attributes.get(names.ENDING), child.attributes.get(names.ENDING))

    def test_what_runs_goes_on(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Its process lives: it is read, and not ended."""
        writer().write(span(1))

        assert Recovered(1, 0) == recover(database, folder)
