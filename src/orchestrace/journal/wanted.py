"""Understand by what a trace is asked for: its id, a run's reference, whom or what it is about, or as the last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from orchestrace import conventions as names
from orchestrace.exceptions import JournalError
from orchestrace.recording.text import as_recorded

__all__ = ["ATTRIBUTES", "Wanted", "wanted"]

ATTRIBUTES: Final = {
    "key": names.KEY,
    "session": names.SESSION_ID,
    "conversation": names.CONVERSATION_ID,
    "user": names.USER_ID,
    "tenant": names.TENANT,
}
"""What stands before the `=`, and the attribute that it means."""

_LAST: Final = "last"
_ABOUT: Final = re.compile(rf"(?P<label>{'|'.join(ATTRIBUTES)})=(?P<value>.+)", re.DOTALL)
_REFERENCE: Final = re.compile(r"(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]+")
_PREFIX: Final = re.compile(r"[0-9a-f]{4,32}")
_WHOLE: Final = 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which trace: the beginning of its id, or the newest run whose attribute `name` has a `value`, or the newest of all.

    `prefix` is lower-case hex; `name` is an attribute's name.
    """

    prefix: str = ""
    name: str = ""
    value: str = ""

    @property
    def whole(self) -> bool:
        """Tell whether the id is known to its last digit."""
        return len(self.prefix) == _WHOLE

    @property
    def last(self) -> bool:
        """Tell whether it is the newest, whatever it is about."""
        return not self.prefix and not self.name

    def __str__(self) -> str:
        """Return what was typed, more or less."""
        label = next((label for label, name in ATTRIBUTES.items() if name == self.name), self.name)
        return f"{label}={self.value}" if self.name else self.prefix or _LAST


def wanted(typed: str) -> Wanted:
    """
    Return what somebody means who typed `typed`.

    That is `last`, a trace id or at least 4 digits of its beginning, a run's reference, or `key=`, `session=`,
    `conversation=`, `user=` or `tenant=` with a value. Raises JournalError for anything else.
    """
    typed = typed.strip()
    about = _ABOUT.fullmatch(typed)
    if about:
        return Wanted(name=ATTRIBUTES[about["label"]], value=as_recorded(about["value"]))
    lowered = typed.lower()
    if lowered == _LAST:
        return Wanted()
    reference = _REFERENCE.fullmatch(lowered)
    prefix = reference["trace"] if reference else lowered
    if not _PREFIX.fullmatch(prefix):
        msg = (
            f"{typed!r} names no trace: give at least 4 hex digits of its id, a run's reference, "
            f"{', '.join(f'{label}=…' for label in ATTRIBUTES)} or 'last'."
        )
        raise JournalError(msg)
    return Wanted(prefix)
