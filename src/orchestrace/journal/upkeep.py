"""Keep a journal within its bounds, a little at a time, from a thread that has more urgent things to do."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrace.exceptions import ConfigurationError
from orchestrace.journal.bounds import Bounds, as_age, as_size, stated_bounds
from orchestrace.recording.guard import report

if TYPE_CHECKING:
    from orchestrace.journal.database import Database
    from orchestrace.journal.removal import Removed

__all__ = ["Upkeep"]

_LOG = logging.getLogger("orchestrace")
_INTERVAL: Final = 60.0
"""Seconds between two looks, and between two lines in the log."""


class Upkeep:
    """
    About once a minute, look whether something has to go, and take it out step by step.

    Processes that share a journal begin at different moments; who finds nothing to do has read three numbers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._steps: Iterator[Removed] | None = None
        self._database: Database | None = None
        self._bounds = Bounds()
        self._undelivered = 0
        self._at = time.monotonic() + _INTERVAL * (0.5 + os.getpid() % 60 / 60)

    @property
    def is_busy(self) -> bool:
        """Tell whether a step is to follow soon."""
        return self._steps is not None

    @property
    def is_due(self) -> bool:
        """Tell whether there is a step to do now."""
        return self.is_busy or time.monotonic() >= self._at

    def step(self, database: Database) -> None:
        """Do one short transaction, if it is time. Raises sqlite3.Error; then it begins anew a minute later."""
        if not self.is_due:
            return
        if self._steps is None or self._database is not database:
            self._begin(database)
        steps, self._steps = self._steps, None
        self._at = time.monotonic() + _INTERVAL
        removed = next(steps, None) if steps is not None else None
        if removed is None:
            self._say()
        else:
            self._undelivered += removed.undelivered
            self._steps = steps

    def _begin(self, database: Database) -> None:
        from orchestrace.journal.retention import prune  # noqa: PLC0415 - sqlite3

        self._database, self._bounds = database, _bounds()
        self._steps = prune(database, self._folder, max_age=self._bounds.max_age, max_bytes=self._bounds.max_bytes)

    def _say(self) -> None:
        undelivered, self._undelivered = self._undelivered, 0
        if undelivered:
            _LOG.warning(
                "orchestrace: %d span(s) that were never delivered were dropped from the journal in %s: it keeps %s "
                "and %s. Your program goes on. `orchestrace status` counts them.",
                undelivered,
                self._folder,
                as_age(self._bounds.max_age),
                as_size(self._bounds.max_bytes),
            )


def _bounds() -> Bounds:
    try:
        return stated_bounds()
    except ConfigurationError as error:
        report("journal bounds", error)
        return Bounds()
