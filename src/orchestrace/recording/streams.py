"""
The streams inside of a call, and whether the call goes on until they have ended.

A stream is a model's answer that is read as it comes, or a generator of the program's that is recorded. A function
that returned something to read from is not over before that was read; nor is one whose other threads and tasks are
still reading. A stream that it left behind, in its own thread and task, is nobody's any more: nothing waits for that,
because Python may find it out much later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from orchestrace.recording.ending import ABANDONED, CANCELLED, DRAINED, ERROR, INTERRUPTED, RETURNED, End
from orchestrace.recording.selectors import MISSING
from orchestrace.recording.strand import Strand
from orchestrace.typing import Nanoseconds

if TYPE_CHECKING:
    from orchestrace.recording.recording import Recording

__all__ = ["StreamEnd", "Streams"]

_RETURNED: Final = (RETURNED, DRAINED)
_BY_WEIGHT: Final = (RETURNED, DRAINED, ABANDONED, CANCELLED, ERROR, INTERRUPTED)
"""Of several streams that ended differently, the one that counts is the last in this list."""


class StreamEnd(NamedTuple):
    """How a stream ended, and what it gave; nothing of it holds the program's objects."""

    ending: str
    at: Nanoseconds
    failure: tuple[str, str] | None = None
    said: object = MISSING


class Streams:
    """
    The streams inside of one call.

    They begin and end in any thread, while the call's own body ends in another. There is no lock: each side first
    leaves word and then looks for the other's, and of two that find it only one can take it.
    """

    __slots__ = ("_ends", "_held", "_open", "_read", "_strand", "any", "last", "live")

    def __init__(self) -> None:
        self._open: dict[int, tuple[Recording | None, Strand]] = {}
        """By the `id()` of each; model calls alone are held, because what they used may be asked for."""
        self._ends: list[StreamEnd] = []
        self._held: list[End] = []
        """How the body ended, while the call goes on."""
        self._strand: Strand | None = None
        self.last: Nanoseconds = 0
        """When the last stream ended."""
        self._read: Nanoseconds = 0
        """When the last one ended that was not just left."""
        self.any: bool = False
        """Whether any has begun; inside of most calls none does."""
        self.live: bool = False
        """What the body returned is still to be read."""

    @property
    def are_open(self) -> bool:
        """Tell whether any goes on."""
        return bool(self._open)

    @property
    def held(self) -> bool:
        """Tell whether the body is over and the call goes on."""
        return bool(self._held)

    def belong(self, strand: Strand) -> None:
        """Say where the call's body runs."""
        self._strand = strand

    def opened(self, stream: Recording, strand: Strand) -> None:
        """Take note of a stream that begins."""
        self.any = True
        self._open[id(stream)] = None if stream.role else stream, strand

    def calls(self) -> Iterator[Recording]:
        """Yield the model calls that go on."""
        return (call for call, _ in list(self._open.values()) if call is not None)

    def hold(self, end: End) -> bool:
        """Keep how the body ended until the streams have ended; False if there is none to wait for."""
        if end.ending not in _RETURNED or not self._goes_on():
            return False
        self._held.append(end)
        return self._goes_on() or self.release() is None

    def closed(self, stream: Recording, end: StreamEnd) -> End | None:
        """Take note of a stream that ended; return how the body did, if this is what the call waited for."""
        if id(stream) not in self._open:
            return None
        self.last = max(self.last, end.at)
        if end.ending != ABANDONED:
            self._read = max(self._read, end.at)
        if self._held:
            self._ends.append(end)
        self._open.pop(id(stream), None)
        return None if not self._held or self._goes_on() else self.release()

    def release(self) -> End | None:
        """Take how the body ended, if the call waits; whoever gets it is to end the call."""
        try:
            return self._held.pop()
        except IndexError:
            return None

    def outcome(self, end: End) -> End:
        """Return how a call ended whose body ended as `end` says, now that there is nothing to wait for."""
        if end.ending not in _RETURNED or (not self._ends and self._read <= end.at):
            return end
        ends, self._ends = self._ends, []
        weighed = max(ends, key=lambda one: _BY_WEIGHT.index(one.ending), default=None)
        if weighed is None or not (self.live or weighed.ending == INTERRUPTED):
            return end._replace(at=max(end.at, self._read))
        at = max(end.at, *(one.at for one in ends))
        return End(weighed.ending, at, _said(ends), failure=weighed.failure)

    def _goes_on(self) -> bool:
        strands = [strand for _, strand in list(self._open.values())]
        if self.live or self._strand is None:
            return self.live and bool(strands)
        return any(strand != self._strand for strand in strands)


def _said(ends: list[StreamEnd]) -> object:
    said = [one.said for one in ends if one.said is not MISSING]
    return MISSING if not said else said[0] if len(said) == 1 else said
