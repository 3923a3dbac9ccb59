"""How a call can end, and which of these an exception means."""

from __future__ import annotations

import builtins
from typing import Any, Final, NamedTuple

from orchestrace.recording.selectors import MISSING
from orchestrace.typing import Nanoseconds

__all__ = ["ABANDONED", "CANCELLED", "DRAINED", "ERROR", "INTERRUPTED", "RETURNED", "End", "ending_of"]

RETURNED: Final = "returned"
DRAINED: Final = "drained"
"""A stream or generator was read to its own end."""
ABANDONED: Final = "abandoned"
"""A stream or generator was left, closed or dropped before its end."""
CANCELLED: Final = "cancelled"
ERROR: Final = "error"
INTERRUPTED: Final = "interrupted"
"""The process ended while the call was open."""


class End(NamedTuple):
    """
    How one call ended: the word, the moment, and the value (if any) or the exception that came out.

    `failure` is what failed where no exception came out, as type and message: a stream that the call had returned.
    """

    ending: str
    at: Nanoseconds
    value: object = MISSING
    error: BaseException | None = None
    failure: tuple[str, str] | None = None


_GROUP: Final[Any] = getattr(builtins, "BaseExceptionGroup", ())
"""What several tasks raised together; it came with Python 3.11."""


def ending_of(error: BaseException) -> str:
    """
    Tell a cancellation from an error.

    What is no `Exception` stops work from outside: asyncio's and trio's cancellation, KeyboardInterrupt, SystemExit,
    GeneratorExit. A group is an error if one is in it: the others were stopped because of that one.
    """
    if isinstance(error, Exception):
        return ERROR
    inside: tuple[BaseException, ...] = getattr(error, "exceptions", ()) if isinstance(error, _GROUP) else ()
    return ERROR if any(ending_of(one) == ERROR for one in inside) else CANCELLED
