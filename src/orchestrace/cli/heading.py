"""Say in a few words what a span is, how it went, how long it took, and what it cost: the line it stands under."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from rich.text import Text

from orchestrace import conventions as names
from orchestrace.cli import attribute, figures
from orchestrace.cli.excerpt import one_line
from orchestrace.cli.outcome_text import shown
from orchestrace.cli.state import GOOD, WARNING, state
from orchestrace.cli.verdict import verdicts_of
from orchestrace.journal.role import AGENT, CALL, ITERATION, OUTCOME, role_of
from orchestrace.records import SpanRecord

__all__ = ["facts", "heading"]

_GAP: Final = 2
_INDENT: Final = 2
_SECOND: Final = 1_000_000_000
_EXPECTED: Final = ("stop", "tool_call")
"""Finish reasons of an answer that is whole."""
_OWN: Final = (names.USAGE_INPUT_TOKENS, names.USAGE_OUTPUT_TOKENS, names.USAGE_CACHE_READ, names.USAGE_REASONING)
_PARTS: Final = ("input_tokens", "output_tokens", "cache_read.input_tokens", "reasoning.output_tokens")
_SUMS: Final = tuple(names.SUM_PREFIX + part for part in _PARTS)


def heading(span: SpanRecord, width: int) -> Iterator[Text]:
    """Return a span's name and the facts about it, most important first, in lines of `width` cells."""
    line = _name(span)
    for fact in facts(span):
        if line.cell_len + _GAP + fact.cell_len > width:
            line.truncate(width, overflow="ellipsis")
            yield line
            line = Text(" " * _INDENT).append_text(fact)
        else:
            line = line.append(" " * _GAP).append_text(fact)
    line.truncate(width, overflow="ellipsis")
    yield line


def _name(span: SpanRecord) -> Text:
    name = Text.assemble((one_line(span.name), "bold"))
    version = attribute.text(span.attributes, names.AGENT_VERSION) if role_of(span) == AGENT else None
    return name.append(f" {one_line(version)}") if version else name


def facts(span: SpanRecord) -> list[Text]:
    """Return how a span went, what it was asked and what it cost, most important first; nothing that is usual."""
    return [fact for fact in _facts(span) if fact]


def _facts(span: SpanRecord) -> Iterator[Text | None]:
    said = span.attributes
    yield state(
        ended=span.end is not None,
        ending=attribute.text(said, names.ENDING),
        status=span.status,
        stop_reason=attribute.text(said, names.STOP_REASON),
    )
    yield _accepted(span)
    verdicts = verdicts_of(span)
    if role_of(span) == OUTCOME:
        yield from _outcome(span)
    elif len(verdicts) == 1:
        yield verdicts[0].words()
    if role_of(span) == CALL:
        yield from _call(span)
    count = attribute.integer(said, names.ITERATIONS)
    yield Text(figures.counted(count, "iteration")) if count is not None else None
    yield _scores(span)
    if attribute.flag(said, names.ITERATION_INFERRED):
        yield Text(f"iteration {attribute.integer(said, names.ITERATION_INDEX)}")
    if span.end is not None and role_of(span) != OUTCOME:  # an outcome has no length: it stands at the run's end
        yield Text(figures.duration(span.end - span.start))
    yield _tokens(span)
    yield _cost(span)


def _accepted(span: SpanRecord) -> Text | None:
    accepted = attribute.flag(span.attributes, names.ACCEPTED)
    if accepted is None:
        return None
    if role_of(span) == ITERATION:
        return Text("accepted", style=GOOD) if accepted else Text("not accepted", style=WARNING)
    # A run that was accepted says so as the reason why it stopped.
    return None if accepted else Text("not accepted", style=WARNING)


def _scores(span: SpanRecord) -> Text | None:
    said = attribute.number(span.attributes, names.SCORE)
    scores = attribute.numbers(span.attributes, names.SCORES) if said is None else [said]
    return Text(figures.scores(scores)) if scores else None


def _outcome(span: SpanRecord) -> Iterator[Text | None]:
    value = span.attributes.get(names.OUTCOME_VALUE)
    yield None if value is None else Text(shown(value), style="bold")
    source, rater = (attribute.text(span.attributes, name) for name in (names.OUTCOME_SOURCE, names.OUTCOME_RATER))
    yield Text(f"from {one_line(source)}") if source else None
    yield Text(f"by {one_line(rater)}") if rater else None
    at = attribute.text(span.attributes, names.OUTCOME_AT)
    yield Text(one_line(at)) if at else None


def _call(span: SpanRecord) -> Iterator[Text | None]:
    said = span.attributes
    yield Text(one_line(attribute.text(said, names.PROVIDER_NAME) or ""))
    asked, model = attribute.text(said, names.REQUEST_MODEL), attribute.text(said, names.RESPONSE_MODEL)
    if asked and model and not model.startswith(asked):  # the same name with a date is the same model
        yield Text(f"answered by {one_line(model)}")
    attempts = attribute.integer(said, names.ATTEMPTS)
    if attempts is not None and attempts > 1:
        yield Text(f"{attempts} attempts", style=WARNING)
    reasons = attribute.texts(said, names.RESPONSE_FINISH_REASONS)
    if any(reason != "stop" for reason in reasons):
        whole = all(reason in _EXPECTED for reason in reasons)
        yield Text(f"finish {one_line(', '.join(reasons))}", style="" if whole else WARNING)
    if attribute.flag(said, names.REQUEST_STREAM):
        first = attribute.number(said, names.RESPONSE_TIME_TO_FIRST_CHUNK)
        after = "" if first is None else f", first chunk after {figures.duration(int(first * _SECOND))}"
        yield Text(f"streamed{after}")


def _tokens(span: SpanRecord) -> Text:
    # A call shows its own tokens, anything else the sum over its calls.
    counted = _OWN if role_of(span) == CALL else _SUMS
    return Text(figures.tokens(*(attribute.integer(span.attributes, name) for name in counted)), style="dim")


def _cost(span: SpanRecord) -> Text | None:
    dollars = attribute.number(span.attributes, names.COST if role_of(span) == CALL else names.SUM_COST)
    if dollars is None or not math.isfinite(dollars):
        return None
    # A call without a price is not in the sum.
    unknown = attribute.integer(span.attributes, names.SUM_COST_UNKNOWN)
    return Text(figures.cost(dollars, least=bool(unknown)), style="dim")
