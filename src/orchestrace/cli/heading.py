"""Write the line under which a span stands in the tree: what it is, how it went, how long it took, what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from orchestrace import conventions as names
from orchestrace.cli import attribute, figures
from orchestrace.cli.excerpt import harmless
from orchestrace.cli.state import GOOD, WARNING, state
from orchestrace.cli.verdict import verdicts_of
from orchestrace.journal.row import CALL, ITERATION, role_of
from orchestrace.records import SpanRecord

__all__ = ["heading"]

_GAP: Final = "  "
_SECOND: Final = 1_000_000_000
_EXPECTED: Final = ("stop", "tool_call")
"""Finish reasons of an answer that is whole."""
_OWN: Final = (names.USAGE_INPUT_TOKENS, names.USAGE_OUTPUT_TOKENS, names.USAGE_CACHE_READ, names.USAGE_REASONING)
_PARTS: Final = ("input_tokens", "output_tokens", "cache_read.input_tokens", "reasoning.output_tokens")
_SUMS: Final = tuple(names.SUM_PREFIX + part for part in _PARTS)


def heading(span: SpanRecord) -> Text:
    """Return a span's heading, its most important facts first."""
    return Text(_GAP).join([_name(span), *filter(None, _facts(span))])


def _name(span: SpanRecord) -> Text:
    name = Text(harmless(span.name).replace("\n", " "), style="bold")
    version = attribute.text(span.attributes, names.AGENT_VERSION)
    return Text(" ").join([name, Text(harmless(version))]) if version and role_of(span) == "agent" else name


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
    if len(verdicts) == 1:
        yield verdicts[0].words()
    if role_of(span) == CALL:
        yield from _call(span)
    count = attribute.integer(said, names.ITERATIONS)
    yield Text(figures.counted(count, "iteration")) if count is not None else None
    if attribute.flag(said, names.ITERATION_INFERRED):
        yield Text(f"iteration {attribute.integer(said, names.ITERATION_INDEX)}")
    if span.end is not None:
        yield Text(figures.duration(span.end - span.start))
    yield _tokens(span)


def _accepted(span: SpanRecord) -> Text | None:
    accepted = attribute.flag(span.attributes, names.ACCEPTED)
    if accepted is None:
        return None
    if role_of(span) == ITERATION:
        return Text("accepted", style=GOOD) if accepted else Text("not accepted", style=WARNING)
    # A run that was accepted says so as the reason why it stopped.
    return None if accepted else Text("not accepted", style=WARNING)


def _call(span: SpanRecord) -> Iterator[Text | None]:
    said = span.attributes
    yield Text(harmless(attribute.text(said, names.PROVIDER_NAME) or ""))
    model = attribute.text(said, names.RESPONSE_MODEL)
    if model and model != attribute.text(said, names.REQUEST_MODEL):
        yield Text(f"answered by {harmless(model)}")
    attempts = attribute.integer(said, names.ATTEMPTS)
    if attempts is not None and attempts > 1:
        yield Text(f"{attempts} attempts", style=WARNING)
    reasons = attribute.texts(said, names.RESPONSE_FINISH_REASONS)
    if any(reason != "stop" for reason in reasons):
        whole = all(reason in _EXPECTED for reason in reasons)
        yield Text(f"finish {harmless(', '.join(reasons))}", style="" if whole else WARNING)
    if attribute.flag(said, names.REQUEST_STREAM):
        first = attribute.number(said, names.RESPONSE_TIME_TO_FIRST_CHUNK)
        after = "" if first is None else f", first chunk after {figures.duration(int(first * _SECOND))}"
        yield Text(f"streamed{after}")


def _tokens(span: SpanRecord) -> Text:
    # A call shows its own tokens, anything else the sum over its calls.
    counted = _OWN if role_of(span) == CALL else _SUMS
    return Text(figures.tokens(*(attribute.integer(span.attributes, name) for name in counted)), style="dim")
