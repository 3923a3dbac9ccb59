"""What became of the spans that the journal has seen end: which wait, and which did not get through."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import Final

from orchestrace.balance import Balance
from orchestrace.doctor.finding import OK, WARNING, Finding
from orchestrace.journal.accounts import DROPPED, REFUSED, WAITING, balances

__all__ = ["check"]

_CHECK: Final = "journal"
_LONG: Final = 600.0
"""Seconds after which what waits for a receiver waits for a reason."""

_OLDEST: Final = f"SELECT min(time) FROM deliveries WHERE state = {WAITING}"  # noqa: S608 - our number
_REASONS: Final = (
    "SELECT reason, sum(spans) AS n FROM accounts WHERE state = ? AND spans > 0 GROUP BY 1 ORDER BY n DESC"
)


def check(database: sqlite3.Connection) -> Iterator[Finding]:
    """Read the accounts. Raises sqlite3.Error."""
    whole = Balance.sum(balances(database).values())
    told = f"{whole.ended} spans ended: {whole.delivered} delivered, {whole.waiting} wait, {whole.refused} refused"
    yield Finding(_CHECK, OK, f"{told}, {sum(whole.dropped.values())} dropped or not to be sent")
    (oldest,) = database.execute(_OLDEST).fetchone()
    waited = 0.0 if oldest is None else time.time() - oldest / 1e9
    if waited > _LONG:
        why = f"The oldest of those that have a receiver waits for {waited / 60:.0f} minutes."
        do = "Look at the receiver below; then run the program again, or orchestrace forward --once"
        yield Finding(_CHECK, WARNING, "spans wait for their receiver", why, do)
    if whole.refused:
        do = "orchestrace refused lists them; orchestrace resend, when the cause is gone."
        yield Finding(_CHECK, WARNING, f"spans were refused: {whole.refused}", _reasons(database, REFUSED), do)
    if said := _reasons(database, DROPPED):
        do = "Look at the reasons: docs/journal.md has them."
        yield Finding(_CHECK, WARNING, "spans were dropped before they were delivered", said, do)


def _reasons(database: sqlite3.Connection, state: int) -> str:
    rows = database.execute(_REASONS, (state,)).fetchall()
    return "; ".join(f"{spans}: {reason or 'without a reason'}" for reason, spans in rows[:3])
