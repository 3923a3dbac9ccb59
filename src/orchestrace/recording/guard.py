"""Keep our own faults out of the user's program: swallow, count, and say so at most once a minute."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["faults", "guarded", "report"]

P = ParamSpec("P")
T = TypeVar("T")

_LOG = logging.getLogger("orchestrace")
_QUIET_SECONDS = 60.0
_faults: Counter[str] = Counter()
_last_said: dict[str, float] = {}
_saying = threading.Lock()


def faults() -> dict[str, int]:
    """Return how often each of our hooks failed in this process, by the hook's name."""
    return dict(_faults)


def report(where: str, error: BaseException) -> None:
    """Count a fault of ours and log it, unless this place did so less than a minute ago. Never raises."""
    try:
        _faults[where] += 1
        now = time.monotonic()
        if not _saying.acquire(blocking=False):  # a logging handler of the user's may come back here
            return
        try:
            if now - _last_said.get(where, -_QUIET_SECONDS) < _QUIET_SECONDS:
                return
            _last_said[where] = now
        finally:
            _saying.release()
        _LOG.warning(
            "orchestrace: %s failed (%s: %s). Your program goes on; this record is incomplete. "
            "Further failures here are only counted for a minute.",
            where,
            type(error).__name__,
            _words_of(error),
            exc_info=error,
        )
    except Exception:  # noqa: BLE001, S110 - the last line of defence has nowhere to report to
        pass


def _words_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a stranger's `__str__`; it would fail inside the logging handler
        return "no words"


def guarded(where: str, default: T) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """
    Make a hook of ours total: an exception in it is reported under `where`, and `default` is returned instead.

    Only `Exception` is caught: a KeyboardInterrupt that arrives while our code runs belongs to the user.
    """

    def protect(hook: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(hook)
        def safe(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return hook(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - that is its purpose
                report(where, error)
                return default

        return safe

    return protect
