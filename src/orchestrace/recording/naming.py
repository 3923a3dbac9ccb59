"""
Which names are written: those of today, those of the last released GenAI text (core 1.41.1), or both.

Everything here makes today's names. Where dashboards still read the older ones, these two tables say what each was
called. What is in neither table is called the same in both, or has no older name and keeps the one that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from orchestrace import conventions as names
from orchestrace.settings import CURRENT
from orchestrace.typing import Attributes, AttributeValue

if TYPE_CHECKING:
    from orchestrace.messages import Message

__all__ = ["ATTRIBUTES", "METRICS", "Older", "attributes", "is_current", "measurements", "messages", "use"]

Older = tuple[str, Callable[[AttributeValue], AttributeValue] | None]
"""An attribute's older name, and how its value is made of today's where it was of another type."""


def _double(value: AttributeValue) -> AttributeValue:
    return float(value) if isinstance(value, int) else value


ATTRIBUTES: Final[dict[str, Older]] = {
    names.USAGE_CACHE_WRITE: (names.USAGE_CACHE_CREATION, None),
    names.REQUEST_TOP_K: (names.REQUEST_TOP_K, _double),
}

METRICS: Final[dict[str, tuple[str, Attributes] | None]] = {
    names.INFERENCE_DURATION: (names.OPERATION_DURATION, {}),
    names.TIME_TO_FIRST_CHUNK: (names.OPERATION_TIME_TO_FIRST_CHUNK, {}),
    names.TIME_PER_OUTPUT_CHUNK: (names.OPERATION_TIME_PER_OUTPUT_CHUNK, {}),
    names.INFERENCE_INPUT_TOKENS: (names.USAGE_OF_TOKENS, {names.TOKEN_TYPE: "input"}),
    names.INFERENCE_OUTPUT_TOKENS: (names.USAGE_OF_TOKENS, {names.TOKEN_TYPE: "output"}),
    names.INFERENCE_USAGE_INPUT: None,
    names.INFERENCE_USAGE_OUTPUT: None,
    names.INFERENCE_USAGE_CACHE_READ: None,
    names.INFERENCE_USAGE_CACHE_WRITE: None,
    names.INFERENCE_USAGE_REASONING: None,
}
"""An older metric, and what its attributes have beyond today's; None where another row has counted it already."""

_BOTH: Final = "both"
_chosen: str = CURRENT


def use(conventions: str) -> None:
    """Write the names of `conventions` from now on: "current", "released" or "both"."""
    global _chosen  # noqa: PLW0603 - the process has one choice
    _chosen = conventions


def is_current() -> bool:
    """Tell whether today's names are the only ones."""
    return _chosen == CURRENT


def attributes(written: dict[str, AttributeValue]) -> dict[str, AttributeValue]:
    """Return the attributes of a span under the names that are wanted."""
    if _chosen == CURRENT:
        return written
    older = dict(_older(written))
    return {**older, **written} if _chosen == _BOTH else older


def messages(answered: Sequence[Message], finish_reasons: Sequence[str]) -> list[Message]:
    """Return an answer's messages; in the released text each said why it ended, where today the span says it alone."""
    if _chosen == CURRENT:
        return list(answered)
    told = [*finish_reasons, *["error"] * (len(answered) - len(finish_reasons))]
    return [cast("Message", {**one, "finish_reason": why}) for one, why in zip(answered, told, strict=False)]


def measurements(taken: Iterable[tuple[str, float, Attributes]]) -> Iterable[tuple[str, float, Attributes]]:
    """Return measurements under the names that are wanted."""
    return taken if _chosen == CURRENT else _measured(taken)


def _older(written: Mapping[str, AttributeValue]) -> Iterator[tuple[str, AttributeValue]]:
    for name, value in written.items():
        older, made = ATTRIBUTES.get(name, (name, None))
        yield older, value if made is None else made(value)


def _measured(taken: Iterable[tuple[str, float, Attributes]]) -> Iterator[tuple[str, float, Attributes]]:
    for one in taken:
        name, amount, said = one
        if _chosen == _BOTH or name not in METRICS:
            yield one
        if (older := METRICS.get(name)) is not None:
            yield older[0], amount, {**said, **older[1]}
