"""What a journal holds for whom: the balance of each process that wrote, and who sends what waits."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrace.balance import Balance
from orchestrace.journal import accounts
from orchestrace.journal.election import is_vacant, lock_path
from orchestrace.journal.past import PAST
from orchestrace.journal.retention import journal_size
from orchestrace.typing import Nanoseconds

__all__ = ["Overview", "Process", "Receiver", "overview"]

_PROCESSES: Final = """
    SELECT process, id, pid, host, json_extract(resource, '$."service.name"'), start_time, NOT over
    FROM processes ORDER BY NOT over DESC, start_time DESC
"""
_RECEIVERS: Final = f"""
    SELECT id, destination, (
        SELECT count(*) FROM deliveries AS d
        WHERE d.receiver = r.receiver AND d.state = {accounts.WAITING} AND d.process IS NOT NULL
    ),
    (SELECT count(*) FROM signals AS s WHERE s.receiver = r.receiver)
    FROM receivers AS r ORDER BY destination
"""  # noqa: S608 - our names


@dataclass(frozen=True, slots=True)
class Process:
    """Who wrote, and what became of it. Without a `pid`: all who are gone, and of whom only this is left."""

    pid: int | None
    host: str
    service: str | None
    start: Nanoseconds
    lives: bool
    balance: Balance


@dataclass(frozen=True, slots=True)
class Receiver:
    """For whom spans wait, how many, how many log records and metrics; and the process that sends them, if one does."""

    destination: str
    waiting: int
    signals: int
    sender: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The processes that wrote, those first that live; the receivers; the bytes of the folder's files."""

    processes: list[Process]
    receivers: list[Receiver]
    size: int

    @property
    def total(self) -> Balance:
        """The balance of all processes together."""
        return Balance.sum(process.balance for process in self.processes)


def overview(database: sqlite3.Connection, folder: Path) -> Overview:
    """Return what there is. Raises sqlite3.Error, OSError."""
    balances = accounts.balances(database)
    processes = [
        Process(pid if name != PAST else None, host, service, start, bool(lives), balances.get(row, Balance()))
        for row, name, pid, host, service, start, lives in database.execute(_PROCESSES)
    ]
    receivers = [
        Receiver(destination, waiting, signals, _sender(folder, name))
        for name, destination, waiting, signals in database.execute(_RECEIVERS)
    ]
    return Overview(processes, receivers, journal_size(folder))


def _sender(folder: Path, receiver: str) -> int | None:
    path = lock_path(folder, receiver)
    with suppress(OSError, ValueError):
        if path.exists() and not is_vacant(folder, receiver):
            return int(path.read_text(encoding="ascii"))
    return None
