from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.journal import upkeep as module
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.bounds import AGE_VARIABLE
from orchestrace.journal.database import Database, connect, transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.store import note_writer, store
from orchestrace.journal.upkeep import Upkeep
from orchestrace.records import SpanRecord

DAY = 86_400_000_000_000
HEADER = Header("p", 1, "here", 1, "1", {}, receiver=Addressee("1", "http://one"))


@pytest.fixture
def database(folder: Path, span: Callable[..., SpanRecord]) -> Iterator[Database]:
    """Return a database with a span that ended two days ago, and was not delivered."""
    folder.mkdir()
    with closing(connect(folder)) as opened:
        with transaction(opened):
            ended = time.time_ns() - 2 * DAY
            store(opened, [span(1, start=ended - 1, end=ended)], note_writer(opened, HEADER, over=False))
        yield opened


@pytest.fixture
def due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have there be no minute between two looks."""
    monkeypatch.setattr(module, "_INTERVAL", 0.0)


def spans(database: Database) -> int:
    """Return how many traces there are."""
    count: int = database.execute("SELECT count(*) FROM traces").fetchone()[0]
    return count


def finish(upkeep: Upkeep, database: Database) -> int:
    """Do all the steps of one look, and return how many there were."""
    steps = 1
    upkeep.step(database)
    while upkeep.is_busy:
        upkeep.step(database)
        steps += 1
    return steps


class TestStep:
    def test_not_before_it_is_due(self, database: Database, folder: Path) -> None:
        """A process that has just begun has other things to do."""
        upkeep = Upkeep(folder)
        upkeep.step(database)

        assert (False, False) == (upkeep.is_due, upkeep.is_busy)

    @pytest.mark.usefixtures("due")
    def test_what_is_beyond_the_bounds_goes(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Step by step; what was never delivered is said once, in the end."""
        upkeep = Upkeep(folder)
        finish(upkeep, database)
        kept = spans(database)
        monkeypatch.setenv(AGE_VARIABLE, "1d")
        with caplog.at_level(logging.WARNING, "orchestrace"):
            steps = finish(upkeep, database)

        assert (1, 0, True) == (kept, spans(database), steps > 1)
        (said,) = caplog.messages
        assert said.startswith("orchestrace: 1 span(s) that were never delivered were dropped from the journal in ")
        assert "it keeps 1 day and 1 GiB" in said

    @pytest.mark.usefixtures("due")
    def test_a_bound_that_cannot_be_read_is_the_default(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing of ours stops a program that runs already."""
        monkeypatch.setenv(AGE_VARIABLE, "soon")
        finish(Upkeep(folder), database)

        assert 1 == spans(database)

    @pytest.mark.usefixtures("due")
    def test_with_another_connection_it_begins_anew(
        self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first was closed in the middle."""
        monkeypatch.setenv(AGE_VARIABLE, "1d")
        upkeep = Upkeep(folder)
        with closing(connect(folder)) as other:
            upkeep.step(other)
        finish(upkeep, database)

        assert 0 == spans(database)

    def test_after_a_failure_it_waits(self, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """And begins anew a minute later."""
        upkeep = Upkeep(folder)
        monkeypatch.setattr(upkeep, "_at", 0.0)
        database.execute("DROP TABLE signals")
        with pytest.raises(sqlite3.OperationalError):
            finish(upkeep, database)

        assert (False, False) == (upkeep.is_busy, upkeep.is_due)
