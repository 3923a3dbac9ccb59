"""`orchestrace outcome`: say what came of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
import typer

from orchestrace import conventions as names
from orchestrace.cli import console, figures
from orchestrace.cli.opening import JournalOption, JSONOption
from orchestrace.cli.outcome_options import (
    AgentOption,
    AtOption,
    CommentOption,
    CorrectionOption,
    IdempotencyKeyOption,
    KeyOption,
    NameArgument,
    RaterOption,
    ReferenceOption,
    ServiceOption,
    SourceOption,
    TextOption,
    ValueArgument,
)
from orchestrace.cli.outcome_text import shown, typed
from orchestrace.journal.location import default_folder
from orchestrace.recording.outcomes.outcome import Outcome
from orchestrace.recording.outcomes.statement import FIELDS
from orchestrace.reporting import open_report

__all__ = ["journal_folder", "record_one"]

_NUMBER: Final = re.compile(r"-\.?\d.*")


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of it, for programs."""

    trace_id: str
    span_id: str
    known: bool
    repeats: bool
    corrects: str | None


def record_one(  # noqa: PLR0913 - an option each
    name: NameArgument,
    value: ValueArgument = None,
    *,
    reference: ReferenceOption = None,
    key: KeyOption = None,
    agent: AgentOption = None,
    at: AtOption = None,
    source: SourceOption = None,
    rater: RaterOption = None,
    comment: CommentOption = None,
    correction: CorrectionOption = None,
    idempotency_key: IdempotencyKeyOption = None,
    text: TextOption = False,
    service: ServiceOption = None,
    journal: JournalOption = None,
    json: JSONOption = False,
) -> None:
    """Say what came of a run: it becomes a span in the run's own trace, and is sent as the run was."""
    given = locals()
    if value is not None:
        given["value"] = _value(value, text=text)
    with open_report(journal_folder(journal), service) as report, report.batch():
        outcome = report.add({field: given[field] for field in FIELDS})
    if json:
        console.write(orjson.dumps(_told(outcome)))
    else:
        typer.echo(_words(outcome))


def journal_folder(journal: Path | None) -> Path:
    """Return the folder that a command was given, or the default one."""
    return (default_folder() if journal is None else journal).absolute()


def _value(said: str, *, text: bool) -> object:
    # The command takes what looks like an option, or -1 were none of its values.
    if said.startswith("-") and not (text or _NUMBER.fullmatch(said)):
        msg = f"no such option: {said.partition('=')[0]}"
        raise typer.BadParameter(msg)
    return said if text else typed(said)


def _told(outcome: Outcome) -> _Told:
    corrects = None if outcome.corrects is None else outcome.corrects.span_id
    return _Told(outcome.trace_id, outcome.span_id, outcome.run is not None, outcome.repeats is not None, corrects)


def _words(outcome: Outcome) -> str:
    said, run = outcome.statement, outcome.run
    what = f"outcome {said.name}" if said.value is None else f"outcome {said.name} = {shown(said.value)}"
    if outcome.repeats is not None:
        other = f", as {shown(outcome.repeats.value)}: that stays" if outcome.is_other else ""
        return f"Was recorded before{other}: {what}, trace {outcome.trace_id}."
    if run is not None:
        agent = run.attributes.get(names.AGENT_NAME) or run.attributes.get(names.WORKFLOW_NAME) or "a run"
        where = f"of {agent}, {figures.moment(run.start)}, trace {outcome.trace_id}"
    elif outcome.parent_id is not None:
        where = f"of a run that is not in this journal, trace {outcome.trace_id}"
    else:
        where = f"in a trace of its own, {outcome.trace_id}: no run in this journal is about {said.key!r}"
    corrected = "" if outcome.corrects is None else f" It corrects {shown(outcome.corrects.value)}."
    return f"Recorded {what} {where}.{corrected}"
