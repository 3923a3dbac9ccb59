"""The one clock of every recording, so that a test can hold it."""

from __future__ import annotations

import time
from collections.abc import Callable

from orchestrace.typing import Nanoseconds

__all__ = ["now", "use"]

_read: Callable[[], Nanoseconds] = time.time_ns


def now() -> Nanoseconds:
    """Return the time since the epoch in nanoseconds."""
    return _read()


def use(read: Callable[[], Nanoseconds] | None) -> None:
    """Read the time from `read` from now on; None goes back to the system's clock."""
    global _read  # noqa: PLW0603 - the process has one clock
    _read = time.time_ns if read is None else read
