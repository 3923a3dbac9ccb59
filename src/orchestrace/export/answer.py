"""What came of sending a request, in the words of those who have to act on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from orchestrace.recording.text import shortened

__all__ = ["Answer", "Verdict"]

_LONGEST_REASON = 300


class Verdict(Enum):
    """What the sender of a request does next."""

    ACCEPTED = "accepted"
    """Nothing: it arrived. Of some receivers, some of it was rejected for good all the same."""
    RETRY = "retry"
    """Send it again later."""
    TOO_LARGE = "too large"
    """Send it in smaller pieces."""
    UNWELCOME = "unwelcome"
    """Keep it: the receiver, or something before it, refuses us and not the data. Somebody has to change a setting."""
    REFUSED = "refused"
    """Set it aside: sent again it would be refused again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    The verdict on one request, and why, on one line without secrets.

    Of an accepted one `rejected` records were not taken all the same. `retry_after` is how many seconds the receiver
    wants to be left alone. `is_unknown` says of an unwelcome one that the receiver has no place for its signal,
    `is_cut` that there was none: the connection broke while the request was on its way.
    """

    verdict: Verdict
    reason: str = ""
    rejected: int = 0
    retry_after: float | None = None
    is_unknown: bool = False
    is_cut: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", shortened(self.reason, _LONGEST_REASON))
