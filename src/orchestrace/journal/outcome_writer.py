"""Put outcomes into a journal's database, for those who recorded the runs: same resource, same receiver."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Final

import orjson

from orchestrace.conventions import EVALUATION_RESULT_EVENT
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.census import host
from orchestrace.journal.decoding import attributes_of
from orchestrace.journal.encoding import Header
from orchestrace.journal.outcome_records import JournalRecords
from orchestrace.journal.past import PAST
from orchestrace.journal.store import Writer, note_writer, store
from orchestrace.recording.outcomes.outcome import Outcome, outcome_of
from orchestrace.recording.outcomes.statement import Statement
from orchestrace.recording.shortening import shortened
from orchestrace.recording.tracer import SCOPE, version
from orchestrace.records import LogRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["OutcomeWriter"]

_INFO: Final = 9
_SERVICE: Final = """json_extract(p.resource, '$."service.name"')"""
_PROCESS: Final = "SELECT p.resource, r.id, r.destination FROM processes AS p LEFT JOIN receivers AS r USING (receiver)"
_OF_RUN: Final = f"{_PROCESS} WHERE p.process = ?"
_OF_SERVICE: Final = f"{_PROCESS} WHERE {_SERVICE} = ? ORDER BY p.start_time DESC, p.process DESC LIMIT 1"
_SERVICES: Final = (
    f"SELECT DISTINCT {_SERVICE} AS service FROM processes AS p "  # noqa: S608 - our names
    f"WHERE id <> '{PAST}' AND service NOT LIKE 'unknown_service%' LIMIT 2"
)
"""Those that have a name."""


class OutcomeWriter:
    """
    Write outcomes into a database, each inside of the caller's transaction. Raises sqlite3.Error.

    One about a run that is here gets the resource and the receiver of the process that recorded the run, so that it
    stands beside it and is sent where it was sent; `receiver` takes what had none. Any other is of `service`, or of the
    only service that there is, or of `resource`.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        resource: Mapping[str, AttributeValue],
        receiver: Addressee | None,
        service: str | None = None,
    ) -> None:
        self._database = database
        self._records = JournalRecords(database)
        self._header = Header("", os.getpid(), host(), time.time_ns(), version(), dict(resource), receiver=receiver)
        self._service = service
        self._writers: dict[int | None, Writer] = {}

    def write(self, said: Statement, *, content: bool, events: bool) -> Outcome:
        """
        Write what is said of a run, unless it was said before; without `content`, no words.

        The event beside it has them if `events`.
        """
        outcome = outcome_of(said, self._records)
        if outcome.repeats is None:
            writer = self._writer(self._records.process)
            store(self._database, [_span(outcome, content=content), _event(outcome, content=events)], writer)
        return outcome

    def _writer(self, process: int | None) -> Writer:
        if process not in self._writers:
            header = self._header_for(process)
            named = replace(header, process=_name_of(header))
            self._writers[process] = note_writer(self._database, named, over=True)
        return self._writers[process]

    def _header_for(self, process: int | None) -> Header:
        found = self._process(process)
        if found is None:
            return self._header
        resource, receiver, destination = found
        to = self._header.receiver if receiver is None else Addressee(receiver, destination)
        return replace(self._header, resource=attributes_of(resource), receiver=to)

    def _process(self, process: int | None) -> tuple[str, str | None, str] | None:
        if process is not None:
            return self._one(_OF_RUN, process)
        service = self._service
        if service is None:
            services = self._database.execute(_SERVICES).fetchall()
            service = services[0][0] if len(services) == 1 else None
        return None if service is None else self._one(_OF_SERVICE, service)

    def _one(self, query: str, value: object) -> tuple[str, str | None, str] | None:
        found: tuple[str, str | None, str] | None = self._database.execute(query, (value,)).fetchone()
        return found


def _name_of(header: Header) -> str:
    """Return the id of who writes: one a day for each resource and receiver, however often the command is called."""
    receiver = "" if header.receiver is None else header.receiver.id
    day = datetime.fromtimestamp(header.start / 1e9, timezone.utc).date().isoformat()
    who = [day, header.host, receiver, sorted((name, str(value)) for name, value in header.resource.items())]
    return hashlib.sha256(orjson.dumps(who)).hexdigest()[:16]


def _span(outcome: Outcome, *, content: bool) -> SpanRecord:
    return SpanRecord(
        outcome.trace_id,
        outcome.span_id,
        outcome.parent_id,
        outcome.span_name,
        0,
        outcome.start,
        outcome.end,
        attributes=dict(shortened(outcome.attributes(content=content))),
        scope=SCOPE,
        scope_version=version(),
        trace_state="" if outcome.run is None else outcome.run.trace_state,
        sampled=outcome.run is None or outcome.run.sampled,
    )


def _event(outcome: Outcome, *, content: bool) -> LogRecord:
    return LogRecord(
        outcome.statement.at,
        time.time_ns(),
        EVALUATION_RESULT_EVENT,
        attributes=outcome.event(content=content),
        trace_id=outcome.trace_id,
        span_id=outcome.parent_id or outcome.span_id,
        sampled=outcome.run is None or outcome.run.sampled,
        severity=_INFO,
        severity_text="INFO",
        scope=SCOPE,
        scope_version=version(),
    )
