"""Put outcomes into a journal without recording anything: what `orchestrace outcome` does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from opentelemetry.sdk.resources import SERVICE_NAME, Resource

from orchestrace.exceptions import UsageError
from orchestrace.export.receiver import resolve
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import Database, connect, transaction
from orchestrace.journal.ingest import ingest
from orchestrace.journal.outcome_writer import OutcomeWriter
from orchestrace.journal.private import make_folder
from orchestrace.journal.unusable import unusable
from orchestrace.pipeline.latecomer import DISTRIBUTION
from orchestrace.recording import content, events
from orchestrace.recording.outcomes.outcome import Outcome
from orchestrace.recording.outcomes.statement import FIELDS, state
from orchestrace.typing import AttributeValue

__all__ = ["Report", "open_report"]

_OTHERS: Final = 10.0
"""Seconds to wait for others who write."""
_VARIABLES: Final = ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES")


class Report:
    """Outcomes for one journal. What is in it is there when the `batch` around has ended."""

    def __init__(self, database: Database, folder: Path, writer: OutcomeWriter) -> None:
        self._database = database
        self._writer = writer
        self.folder: Path = folder
        self._content = content.is_recorded()
        self._events = events.may_say(recorded=self._content)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Have what is added in the block come into the journal at once, or not at all. Raises JournalError."""
        with _complaining(self.folder), transaction(self._database):
            yield

    def add(self, fields: Mapping[str, Any]) -> Outcome:
        """Add what the arguments of `record_outcome` say. Raises UsageError, before anything is written."""
        unknown = [name for name in fields if name not in FIELDS]
        if unknown:
            msg = f"An outcome has no {', '.join(map(repr, unknown))}: it has {', '.join(FIELDS)}."
            raise UsageError(msg)
        said = state(**{"name": None, **fields})
        return self._writer.write(said, content=self._content, events=self._events)


@contextmanager
def open_report(folder: Path, service: str | None = None) -> Iterator[Report]:
    """
    Open a journal for outcomes; make it if there is none. What lies in its segments is read first.

    Outcomes of runs that are not in it are of `service`, if that is given. Raises JournalError, ConfigurationError,
    OSError.
    """
    found = resolve()
    receiver = None if found is None else Addressee(found.id, found.destination)
    make_folder(folder)
    with _complaining(folder):
        database = connect(folder, timeout=_OTHERS)
    with closing(database):
        with _complaining(folder):
            for _ in ingest(database, folder):
                pass
        yield Report(database, folder, OutcomeWriter(database, _resource(service), receiver, service or _named()))


@contextmanager
def _complaining(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise unusable(folder, "written", error) from error


def _named() -> str | None:
    """Return the service that the environment names."""
    if not any(os.environ.get(name, "").strip() for name in _VARIABLES):
        return None
    name = Resource.create().attributes.get(SERVICE_NAME)
    return str(name) if name else None


def _resource(service: str | None) -> dict[str, AttributeValue]:
    made = Resource.create({**DISTRIBUTION, **({SERVICE_NAME: service} if service else {})})
    return {name: value for name, value in made.attributes.items() if isinstance(value, (str, bool, int, float))}
