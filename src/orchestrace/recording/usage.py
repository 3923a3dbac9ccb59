"""Sums of tokens, cost, time and calls over everything that happened inside of a call."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import TYPE_CHECKING, Final, NamedTuple

from orchestrace import conventions as names
from orchestrace.typing import AttributeValue, Nanoseconds

if TYPE_CHECKING:
    from orchestrace.messages import Usage  # 3 ms at import, for names that only annotations have
    from orchestrace.recording.pricing.cost import Cost

__all__ = ["INFERENCE_CALL", "TOOL_CALL", "Totals", "Uncounted", "Used"]

INFERENCE_CALL: Final = "inference_call"
TOOL_CALL: Final = "tool_call"
"""What is counted for the innermost agent around alone; all else for everything around."""

_NAMES: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read": "cache_read.input_tokens",
    "cache_write": "cache_write.input_tokens",
    "reasoning": "reasoning.output_tokens",
}
"""Where a field of `Usage` stands below our prefix: as the conventions have it below theirs."""

_DIGITS: Final = 12
"""Of a dollar, as those of one call have."""
_REASONS: Final = 3
_SECOND: Final = 1_000_000_000


class Used(NamedTuple):
    """What one model call used, from when to when; `cost` is None where nothing has a price, `call` its span's id."""

    usage: Usage | None
    started: Nanoseconds = 0
    ended: Nanoseconds = 0
    cost: Cost | None = None
    call: int = 0


class Totals:
    """
    What the model calls inside of one call used. A kind of token that no call reported is absent, not 0.

    Calls that run at once add to it from their own threads, which may be forked from: so there is no lock, and the sums
    are made when they are asked for.
    """

    __slots__ = ("_own", "used")

    def __init__(self) -> None:
        self.used: list[Used] = []
        """Each of them."""
        self._own: list[str] = []

    def add(self, used: Used) -> None:
        """Count one model call."""
        self.used.append(used)

    def add_own(self, what: str) -> None:
        """Count one call that is the agent's own: of none that it called."""
        self._own.append(what)

    def own(self, what: str) -> int:
        """Return how many calls there were of the agent's own."""
        return self._own.count(what)

    @property
    def calls(self) -> int:
        """How many model calls there were."""
        return len(self._each())

    @property
    def total(self) -> int | None:
        """Input and output tokens together; None where neither is known."""
        sums = self._sums()
        known = [sums[name] for name in ("input_tokens", "output_tokens") if name in sums]
        return sum(known) if known else None

    def attributes(self) -> dict[str, AttributeValue]:
        """Return the sums as attributes; none if no model was called."""
        if not self.used:
            return {}
        used = self._each()
        return {
            names.SUM_CALLS: len(used),
            names.SUM_DURATION: sum(max(one.ended - one.started, 0) for one in used) / _SECOND,
            **{names.SUM_PREFIX + _NAMES[name]: count for name, count in self._sums().items()},
            **_cost(used),
        }

    def cost_until(self, at: Nanoseconds) -> float | None:
        """Return what the calls cost that had begun by then, as far as it is known; None where it is of none."""
        return _dollars([one for one in self._each() if one.started <= at])

    def _each(self) -> list[Used]:
        # One that ends in another thread while what is around ends may be told twice: so far, and whole, which holds.
        return list({one.call or -number: one for number, one in enumerate(list(self.used), 1)}.values())

    def _sums(self) -> dict[str, int]:
        used = self._each()
        known = {name: [getattr(one.usage, name, None) for one in used] for name in _NAMES}
        counts = {name: [count for count in found if count is not None] for name, found in known.items()}
        return {name: sum(found) for name, found in counts.items() if found}


class Uncounted(Totals):
    """Sums that nobody says here: they are kept elsewhere, and whoever has these may live for ever."""

    __slots__ = ()

    def add(self, used: Used) -> None:
        """Count nothing."""

    def add_own(self, what: str) -> None:
        """Count nothing."""


def _cost(used: Sequence[Used]) -> dict[str, AttributeValue]:
    """Return the sum of what is known, and if that is not all of it: of how many calls it is not, and why."""
    dollars = _dollars(used)
    known: dict[str, AttributeValue] = {} if dollars is None else {names.SUM_COST: dollars}
    reasons = [one.cost.reason for one in used if one.cost is not None and one.cost.reason is not None]
    if reasons:
        known[names.SUM_COST_UNKNOWN] = len(reasons)
        known[names.SUM_COST_REASON] = "; ".join(sorted(set(reasons))[:_REASONS])
    return known


def _dollars(used: Sequence[Used]) -> float | None:
    known = [one.cost.usd for one in used if one.cost is not None and one.cost.usd is not None]
    return round(fsum(known), _DIGITS) if known else None
