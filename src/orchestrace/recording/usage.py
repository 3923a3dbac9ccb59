"""Sums of tokens and calls over everything that happened inside of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrace.conventions import SUM_PREFIX
from orchestrace.typing import AttributeValue

if TYPE_CHECKING:
    from orchestrace.messages import Usage  # 3 ms at import, for names that only annotations have

__all__ = ["INFERENCE_CALL", "TOOL_CALL", "Totals", "Uncounted"]

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


class Totals:
    """
    What the model calls inside of one call used. A kind of token that no call reported is absent, not 0.

    Calls that run at once add to it from their own threads, which may be forked from: so there is no lock, and the sums
    are made when they are asked for.
    """

    __slots__ = ("_own", "_used")

    def __init__(self) -> None:
        self._used: list[Usage | None] = []
        self._own: list[str] = []

    def add(self, usage: Usage | None) -> None:
        """Count one model call."""
        self._used.append(usage)

    def add_own(self, what: str) -> None:
        """Count one call that is the agent's own: of none that it called."""
        self._own.append(what)

    def own(self, what: str) -> int:
        """Return how many calls there were of the agent's own."""
        return self._own.count(what)

    @property
    def calls(self) -> int:
        """How many model calls there were."""
        return len(self._used)

    @property
    def total(self) -> int | None:
        """Input and output tokens together; None where neither is known."""
        sums = self._sums()
        known = [sums[name] for name in ("input_tokens", "output_tokens") if name in sums]
        return sum(known) if known else None

    def attributes(self) -> dict[str, AttributeValue]:
        """Return the sums as attributes; none if no model was called."""
        if not self._used:
            return {}
        return {SUM_PREFIX + "calls": self.calls, **{SUM_PREFIX + _NAMES[name]: n for name, n in self._sums().items()}}

    def _sums(self) -> dict[str, int]:
        known = {name: [getattr(usage, name, None) for usage in self._used] for name in _NAMES}
        counts = {name: [count for count in found if count is not None] for name, found in known.items()}
        return {name: sum(found) for name, found in counts.items() if found}


class Uncounted(Totals):
    """Sums that nobody says here: they are kept elsewhere, and whoever has these may live for ever."""

    __slots__ = ()

    def add(self, usage: Usage | None) -> None:
        """Count nothing."""

    def add_own(self, what: str) -> None:
        """Count nothing."""
