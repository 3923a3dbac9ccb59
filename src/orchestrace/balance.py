"""What became of the spans that ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Balance", "Flushed"]


@dataclass(frozen=True, slots=True)
class Balance:
    """
    Spans that ended, by what became of them; together they are all of them.

    `waiting` ones are not acknowledged yet, or have nobody to go to. `refused` ones were set aside because the receiver
    does not want them. `dropped` ones were never delivered and will not be, by reason; those that the sampler left out
    are among them.
    """

    delivered: int = 0
    waiting: int = 0
    refused: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """All of them."""
        return self.delivered + self.waiting + self.refused + sum(self.dropped.values())

    @staticmethod
    def sum(balances: Iterable[Balance]) -> Balance:
        """Return several balances as one."""
        counts: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        for one in balances:
            counts.update(delivered=one.delivered, waiting=one.waiting, refused=one.refused)
            dropped.update(one.dropped)
        return Balance(counts["delivered"], counts["waiting"], counts["refused"], dict(dropped))


@dataclass(frozen=True, slots=True)
class Flushed:
    """
    What `flush()` came to: true only if everything that had ended was acknowledged by the receiver.

    Where there is no receiver it is true once everything is in the journal. `why` says what is missing, in one line.
    """

    complete: bool
    balance: Balance = field(default_factory=Balance)
    why: str = ""

    def __bool__(self) -> bool:
        return self.complete
