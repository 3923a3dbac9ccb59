"""
Make of a statement what is recorded: a span under the run, an event, a measurement.

The span's id is a hash of what is said, so that the same thing said twice, by whatever process, is one span. A key that
is not known here has a trace of its own, with an id that is a hash of the key: all that is said of it stands together.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from orchestrace import conventions as names
from orchestrace.recording import clock
from orchestrace.recording.outcomes.moment import iso
from orchestrace.recording.outcomes.records import Earlier, KnownRun, Records
from orchestrace.recording.outcomes.statement import Said, Statement
from orchestrace.typing import AttributeValue, Nanoseconds

__all__ = ["Outcome", "outcome_of"]

OUTCOME: Final = "outcome"
LENGTH: Final = 1_000
"""Nanoseconds: a span without length is an error to Jaeger."""
_SECOND: Final = 1_000_000_000
_CATEGORY: Final = re.compile(r"[\w.:/+%-]{1,64}")
"""A value such as `replied` or `closed-won`, which is no words of a person's."""
_COPIED: Final = (
    names.AGENT_NAME,
    names.AGENT_VERSION,
    names.AGENT_CONFIG_HASH,
    names.WORKFLOW_NAME,
    names.KEY,
    names.CONVERSATION_ID,
    names.SESSION_ID,
    names.USER_ID,
    names.TENANT,
)
_COPIED_PREFIXES: Final = (names.PROMPTS_PREFIX, names.EXPERIMENT_PREFIX, names.TAG_PREFIX)


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    An outcome on its way to a span.

    `parent_id` is None in a trace of its own. `run` is the record of the run, None where there is none here. `repeats`
    is what was recorded before under this very id, `corrects` what this is a correction of.
    """

    statement: Statement
    trace_id: str
    span_id: str
    parent_id: str | None
    start: Nanoseconds
    run: KnownRun | None
    repeats: Earlier | None
    corrects: Earlier | None

    @property
    def span_name(self) -> str:
        """The name of the span."""
        return f"{OUTCOME} {self.statement.name}"

    @property
    def end(self) -> Nanoseconds:
        """When the span ends."""
        return self.start + LENGTH

    @property
    def slot(self) -> tuple[str, str | None, str, str | None, str | None]:
        """What has one value at a time, which a later one corrects."""
        said = self.statement
        return self.trace_id, self.parent_id, said.name, said.source, said.rater

    @property
    def is_other(self) -> bool:
        """Tell whether something else was recorded before under the same idempotency key."""
        return self.repeats is not None and self.repeats.value not in {None, self.statement.value}

    def attributes(self, *, content: bool) -> dict[str, AttributeValue]:
        """Return what stands on the span; without `content`, no words."""
        said = self.statement
        known: dict[str, AttributeValue | None] = {
            names.SCHEMA: names.SCHEMA_VERSION,
            names.ROLE: OUTCOME,
            names.KEY: said.key,
            names.AGENT_NAME: said.agent,
            **_of_run(self.run),
            **self._told(content=content),
        }
        return {name: value for name, value in known.items() if value is not None}

    def event(self, *, content: bool) -> dict[str, Any]:
        """Return what the event says, which is all of it: whoever has logs alone needs no span."""
        said = self.statement
        value = _shown(said.value, content=content)
        return self.attributes(content=content) | _known(
            {
                names.EVALUATION_NAME: said.name,
                names.EVALUATION_LABEL: value if isinstance(value, str) else None,
                names.EVALUATION_EXPLANATION: said.comment if content else None,
            }
        )

    def measured(self) -> dict[str, AttributeValue]:
        """Return what an outcome is counted by: nothing that there is much of, and no words."""
        said = self.statement
        there = _of_run(self.run)
        return _known(
            {
                names.OUTCOME_NAME: said.name,
                names.OUTCOME_SOURCE: said.source,
                names.OUTCOME_VALUE: said.value if isinstance(said.value, bool) else None,
                names.AGENT_NAME: there.get(names.AGENT_NAME, said.agent),
                names.AGENT_VERSION: there.get(names.AGENT_VERSION),
            }
        )

    def _told(self, *, content: bool) -> dict[str, AttributeValue | None]:
        said = self.statement
        return {
            names.OUTCOME_NAME: said.name,
            names.OUTCOME_VALUE: _shown(said.value, content=content),
            names.EVALUATION_SCORE: said.score,
            names.OUTCOME_AT: iso(said.at),
            names.OUTCOME_SOURCE: said.source,
            names.OUTCOME_RATER: said.rater,
            names.OUTCOME_COMMENT: said.comment if content else None,
            names.OUTCOME_CORRECTION: said.correction if content else None,
            names.OUTCOME_CORRECTS: None if self.corrects is None else self.corrects.span_id,
        }


def outcome_of(said: Statement, records: Records) -> Outcome:
    """Find the run that a statement is about, and what was said of it before."""
    run = _run(said, records)
    trace_id, parent_id, start = _place(said, run)
    span_id = _span_id(said, trace_id, parent_id)
    repeats = records.outcome(trace_id, span_id)
    corrects = None if repeats is not None else records.last(trace_id, parent_id, said)
    return Outcome(said, trace_id, span_id, parent_id, start, run, repeats, corrects)


def _run(said: Statement, records: Records) -> KnownRun | None:
    if said.run is not None:
        return records.run(*said.run[:2])
    return records.latest(said.key, said.agent, said.at) if said.key is not None else None


def _place(said: Statement, run: KnownRun | None) -> tuple[str, str | None, Nanoseconds]:
    if run is not None:
        # Of one that still runs, now; but not before it began, whatever the clocks say. To end after the run would tell
        # Jaeger that a clock is wrong.
        start = clock.now() if run.end is None else run.end - LENGTH
        return run.trace_id, run.span_id, max(start, run.start)
    if said.run is not None:
        trace_id, span_id, second = said.run
        return trace_id, span_id, second + _SECOND  # when it ended, nobody here knows: not before it began
    return _hash(["trace", said.key, said.agent])[:32], None, said.at


def _span_id(said: Statement, trace_id: str, parent_id: str | None) -> str:
    """Return the id of a span: of the target, and of what is said of it by whom."""
    what: list[Said] = ["key", said.idempotency_key]
    if said.idempotency_key is None:
        # 1 and 1.0 are the same number, and a file does not tell them apart; yes is no number.
        value = int(said.value) if isinstance(said.value, float) and said.value.is_integer() else said.value
        # What is added to a value, a comment or a text of one's own, is not to be lost as a repetition of it.
        what = ["value", value, said.comment, said.correction]
    return _hash(["span", trace_id, parent_id, said.name, said.source, said.rater, *what])[:16]


def _hash(parts: list[Said]) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _of_run(run: KnownRun | None) -> dict[str, AttributeValue]:
    if run is None:
        return {}
    return {
        name: value
        for name, value in run.attributes.items()
        if name in _COPIED or (name.startswith(_COPIED_PREFIXES) and isinstance(value, (str, bool)))
    }


def _shown(value: Said, *, content: bool) -> Said:
    if content or not isinstance(value, str):
        return value
    return value if _CATEGORY.fullmatch(value) else None


def _known(said: Mapping[str, AttributeValue | None]) -> dict[str, AttributeValue]:
    return {name: value for name, value in said.items() if value is not None}
