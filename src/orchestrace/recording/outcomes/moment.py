"""Read a time that somebody gives us: a `datetime`, an ISO 8601 text, or a number of seconds since the epoch."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from numbers import Integral, Real
from typing import Final

from orchestrace.exceptions import UsageError
from orchestrace.recording import clock
from orchestrace.typing import Nanoseconds

__all__ = ["iso", "moment_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND: Final = 1_000_000_000
_UNITS: Final = ((1e11, _SECOND), (1e14, 1_000_000), (1e17, 1_000))
"""Below so much a number counts seconds (until the year 5138), milliseconds, microseconds; above, nanoseconds."""
_END: Final = 1 << 63
_TEXT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s*"
    r"(?P<zone>[Zz]|UTC|GMT|(?P<sign>[+-])(?P<hours>\d\d)(?::?(?P<minutes>\d\d))?)?"
)
_NUMBER: Final = re.compile(r"\d+(\.\d*)?([eE]\+?\d+)?")
_INSTEAD: Final = "Give a datetime with a time zone, a text such as '2026-03-01T09:30:00+01:00', or seconds since 1970"


def moment_of(at: object) -> Nanoseconds:
    """
    Return a time in nanoseconds since the epoch; None is now.

    A number counts seconds; one that is too large for these milliseconds, microseconds or nanoseconds. A text may be
    such a number. Raises UsageError for what is no time, and for one that does not say its zone: it would be another
    moment on another machine.
    """
    if at is None:
        return clock.now()
    moment = _moment(at)
    if not 0 <= moment < _END:
        msg = f"at={at!r} is no time between 1970 and 2262. {_INSTEAD}."
        raise UsageError(msg)
    return moment


def iso(moment: Nanoseconds) -> str:
    """Return a time as ISO 8601 in UTC, to the microsecond, so that the order of texts is that of times."""
    return f"{(_EPOCH + timedelta(microseconds=moment // 1000)).isoformat(timespec='microseconds')[:-6]}Z"


def _moment(at: object) -> Nanoseconds:
    if isinstance(at, datetime):
        return _of_datetime(at, at)
    if isinstance(at, str):
        return _of_text(at.strip())
    if isinstance(at, Integral) and not isinstance(at, bool):
        return _of_number(int(at))
    if isinstance(at, Real) and not isinstance(at, bool):
        return _of_number(float(at))
    more = ": a day has no time of day" if isinstance(at, date) else ""
    msg = f"at= was given a {type(at).__name__}{more}. {_INSTEAD}."
    raise UsageError(msg)


def _of_datetime(at: datetime, given: object, beyond: Nanoseconds = 0) -> Nanoseconds:
    if at.utcoffset() is None:
        msg = (
            f"at={given!s} does not say its time zone, so nobody knows when that was. Write {at.isoformat()}+01:00 or "
            "…Z; of a datetime .astimezone() makes one of this machine's zone, .replace(tzinfo=timezone.utc) of UTC."
        )
        raise UsageError(msg)
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds * 1000 + beyond


def _of_number(at: float) -> Nanoseconds:
    if not 0 <= at < _END:  # NaN, too
        return -1
    unit = next((unit for limit, unit in _UNITS if at < limit), 1)
    return int(at) * unit + round((at - int(at)) * unit)


def _of_text(at: str) -> Nanoseconds:
    if _NUMBER.fullmatch(at):
        return _of_number(int(at) if at.isdigit() else float(at))
    found = _TEXT.fullmatch(at)
    if found is None:
        msg = f"at={at!r} is no time. {_INSTEAD}."
        raise UsageError(msg)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    fraction = int((found[7] or "").ljust(9, "0"))
    try:
        read = datetime(year, month, day, hour, minute, second, fraction // 1000, _zone(found))
    except ValueError as error:
        msg = f"at={at!r} is no time: {error}. {_INSTEAD}."
        raise UsageError(msg) from error
    return _of_datetime(read, at, fraction % 1000)


def _zone(found: re.Match[str]) -> timezone | None:
    if found["zone"] is None:
        return None
    if found["sign"] is None:
        return timezone.utc
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return timezone(-offset if found["sign"] == "-" else offset)
