"""Follow the bytes of an answer that the program reads as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrace.recording import clock, finaliser
from orchestrace.recording.ending import ABANDONED, DRAINED, End, ending_of
from orchestrace.recording.guard import report

__all__ = ["LIMIT", "ByteStream"]

LIMIT: Final = 8 << 20
"""Bytes kept of one stream; what comes after passes unseen."""


class ByteStream:
    """
    What came of a stream so far.

    A chunk costs a list append: nothing is decoded before the end. `begun` is called at the first chunk, and what it
    returns, if anything, at each further one; `done` once, when no more will come: the stream is exhausted, closed,
    dropped, or broke.
    """

    __slots__ = ("_begun", "_chunks", "_done", "_further", "_room", "add")

    _further: Callable[[], None]

    def __init__(self, begun: Callable[[], Callable[[], None] | None], done: Callable[[End], None]) -> None:
        self._begun = begun
        self._done: Callable[[End], None] | None = done
        self._chunks: list[bytes] = []
        self._room = LIMIT
        self.add: Callable[[bytes], None] = self._first
        """Take the next chunk. Never raises."""

    @property
    def body(self) -> bytes:
        """The bytes that were kept."""
        return b"".join(self._chunks)

    @property
    def is_cut(self) -> bool:
        """Tell whether more came than was kept."""
        return self._room < 0

    def exhausted(self) -> None:
        """Hear that there is no more."""
        self._end(DRAINED)

    def closed(self) -> None:
        """Hear that nobody wants more."""
        self._end(ABANDONED)

    def dropped(self) -> None:
        """Hear from a finaliser that nobody can want more."""
        if self._done is not None:
            finaliser.later(self.closed)

    def failed(self, error: BaseException) -> None:
        """Hear that reading raised."""
        self._end(ending_of(error), error)

    def _first(self, chunk: bytes) -> None:
        self.add = self._next
        self._next(chunk)
        try:
            further = self._begun()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("first chunk", error)
        else:
            if further is not None:
                self._further = further
                self.add = self._timed

    def _timed(self, chunk: bytes) -> None:
        self._next(chunk)
        try:
            self._further()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("next chunk", error)

    def _next(self, chunk: bytes) -> None:
        self._room -= len(chunk)
        if self._room >= 0:
            self._chunks.append(chunk)

    def _end(self, ending: str, error: BaseException | None = None) -> None:
        done, self._done = self._done, None
        if done is None:
            return
        # Its own methods, and those of the call: whatever holds itself waits, with all its bytes, for the collector.
        self.add, self._begun, self._further = _unheard, _nothing, _nothing
        try:
            done(End(ending, clock.now(), error=error))
        except Exception as fault:  # noqa: BLE001 - nothing of ours reaches the program
            report("end of a stream", fault)


def _unheard(chunk: bytes) -> None:
    """Let a chunk pass that comes after the end."""


def _nothing() -> None:
    """Take no note."""
