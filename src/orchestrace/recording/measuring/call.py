"""What is measured of a model call, when it has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orchestrace import conventions as names
from orchestrace.recording import naming
from orchestrace.recording.measuring.meter import Measurement
from orchestrace.typing import Attributes, AttributeValue, Nanoseconds

if TYPE_CHECKING:
    from orchestrace.messages import Usage

__all__ = ["INFERENCE", "EndedCall", "call_measurements", "seconds"]

INFERENCE: Final = frozenset({"chat", "generate_content", "text_completion"})
"""The operations in which a model answers; of any other there is the duration alone."""

_USED: Final = (
    (names.INFERENCE_USAGE_INPUT, "input_tokens"),
    (names.INFERENCE_USAGE_OUTPUT, "output_tokens"),
    (names.INFERENCE_USAGE_CACHE_READ, "cache_read"),
    (names.INFERENCE_USAGE_CACHE_WRITE, "cache_write"),
    (names.INFERENCE_USAGE_REASONING, "reasoning"),
)
_SPREAD: Final = ((names.INFERENCE_INPUT_TOKENS, "input_tokens"), (names.INFERENCE_OUTPUT_TOKENS, "output_tokens"))

_UNKNOWN: Final = {names.TOKEN_MODALITY: "unknown"}
"""Providers count the tokens of a call together, and tell modalities apart, if at all, for some of them."""

_MOST_GAPS: Final = 64
"""Measuring takes 8 µs; of a longer stream, so many waits that lie evenly spread tell what all of them do."""

_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class EndedCall:
    """
    A model call that is over, with all its attempts.

    `said` is who was asked for what, and who answered; `error` the value of `error.type`; `chunks` when each piece of a
    streamed answer came.
    """

    said: Attributes
    started: Nanoseconds
    ended: Nanoseconds
    usage: Usage | None = None
    error: str | None = None
    chunks: Sequence[Nanoseconds] = field(default=())


def call_measurements(call: EndedCall) -> Iterator[Measurement]:
    """Yield what is measured of a call. A kind of token that it did not report is not measured."""
    infers = call.said.get(names.OPERATION_NAME) in INFERENCE
    ended = call.said if call.error is None else {**call.said, names.ERROR_TYPE: call.error}
    yield names.INFERENCE_DURATION if infers else names.OPERATION_DURATION, seconds(call.started, call.ended), ended
    if infers:
        yield from _waited(call)
        yield from _used(call)
    elif not naming.is_current():
        yield from _counted(call)


def seconds(start: Nanoseconds, end: Nanoseconds) -> float:
    """Return how long it is from one time to another; a clock that was set back makes it no less than nothing."""
    return max(end - start, 0) / _SECOND


def _waited(call: EndedCall) -> Iterator[Measurement]:
    if not call.chunks:
        return
    yield names.TIME_TO_FIRST_CHUNK, seconds(call.started, call.chunks[0]), call.said
    gaps = len(call.chunks) - 1
    measured = range(gaps) if gaps <= _MOST_GAPS else [gaps * n // _MOST_GAPS for n in range(_MOST_GAPS)]
    for n in measured:
        yield names.TIME_PER_OUTPUT_CHUNK, seconds(call.chunks[n], call.chunks[n + 1]), call.said


def _used(call: EndedCall) -> Iterator[Measurement]:
    by_modality = {**call.said, **_UNKNOWN}
    for name, kind in _USED:
        if (count := getattr(call.usage, kind, None)) is not None:
            yield name, count, by_modality
    for name, kind in _SPREAD:
        if (count := getattr(call.usage, kind, None)) is not None:
            yield name, count, call.said


def _counted(call: EndedCall) -> Iterator[Measurement]:
    # In the released text the tokens of embeddings are counted, too; today no metric does.
    counted: dict[str, AttributeValue] = {**call.said, names.TOKEN_TYPE: "input"}
    if call.usage is not None and call.usage.input_tokens is not None:
        yield names.USAGE_OF_TOKENS, call.usage.input_tokens, counted
