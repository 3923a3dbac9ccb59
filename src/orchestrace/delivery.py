"""What became of the spans that ended in this process, and waiting for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from orchestrace.balance import Balance, Flushed
from orchestrace.export.forwarder import Forwarder
from orchestrace.journal.dispatch import Dispatch
from orchestrace.journal.journal import Journal
from orchestrace.journal.ledger import Ledger
from orchestrace.journal.store import NOT_LOST

__all__ = ["Delivery"]

_LOST: Final = "neither disk nor memory had room"
_SHORTEST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way of what this process records: its journal and, where there is a receiver, who sends to it."""

    journal: Journal
    dispatch: Dispatch | None
    forwarder: Forwarder | None
    ledger: Ledger

    def balance(self) -> Balance:
        """Return what became of the spans that ended in this process."""
        return self._account()[0]

    def wait(self, deadline: float, patience: float | None = None, begun: float = 0.0) -> tuple[Balance, int]:
        """
        Wait until nothing of this process waits any more, as long as something arrives now and then.

        The first acknowledgement has `patience` seconds from `begun` on: storing what there is came out of them. Times
        are those of `time.monotonic`. Returns the balance, and how many log records and metrics wait still.
        """
        # By looking again and again: whoever empties the outbox may be another process.
        pause, until = _SHORTEST_PAUSE, deadline if patience is None else begun + patience
        balance, signals = self._account()
        arrived = balance.delivered
        while self.forwarder is not None and (balance.waiting or signals) and time.monotonic() < until:
            if patience is not None and self.forwarder.is_put_off:
                break
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            balance, signals = self._account()
            if patience is not None and balance.delivered > arrived:
                arrived, until = balance.delivered, min(time.monotonic() + patience, deadline)
        return balance, signals

    def flushed(self, deadline: float, *, stored: bool) -> Flushed:
        """Wait, and say whether all arrived; `stored` says whether what needs to be in the database is there."""
        balance, signals = self.wait(deadline)
        where = self.forwarder.receiver.destination if self.forwarder is not None else None
        lost = {reason: spans for reason, spans in balance.dropped.items() if reason not in NOT_LOST}
        missing = [
            ("not everything is in the journal's database", not stored),
            (f"{balance.waiting} spans wait for {where}", where and balance.waiting),
            (f"{signals} batches of metrics and logs wait for {where}", where and signals),
            (f"{balance.refused} spans were refused", balance.refused),
            (f"{sum(lost.values())} spans were dropped ({', '.join(lost)})", lost),
        ]
        why = "; ".join(words for words, holds in missing if holds)
        return Flushed(not why, balance, why)

    def _account(self) -> tuple[Balance, int]:
        """Return the balance, and how many log records and metrics wait."""
        stored, signals = self.ledger.read(self.journal.header().process)
        parts = [stored]
        if self.dispatch is not None:
            parts.append(self.dispatch.balance)
        if self.journal.lost_spans:
            parts.append(Balance(dropped={_LOST: self.journal.lost_spans}))
        known = Balance.sum(parts)
        ahead = max(0, self.journal.ended_spans - known.ended)
        return Balance(known.delivered, known.waiting + ahead, known.refused, known.dropped), signals
