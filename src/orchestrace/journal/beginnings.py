"""What the frames of those spans say that have started here and not ended: their ends need not say it again."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from orchestrace.journal.encoding import Head
from orchestrace.records import SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["MOST", "MOST_ON_DISK", "Beginning", "Beginnings"]

MOST: Final = 1024
"""Spans that are kept in mind. Of one that was forgotten, or never ends, the frame of the end says everything."""
MOST_ON_DISK: Final = 4096
"""Spans of which at least is known that their start is on disk. Of those beyond, nothing is kept free for a notice."""


Beginning: TypeAlias = tuple[dict[str, AttributeValue], Head]
"""The attributes of a start, and what its frame says before them."""


class Beginnings:
    """
    How spans began, by span. Every step is one of a dict's own, so that threads need no lock.

    What is kept are the attributes' own objects, which their spans hold anyway.
    """

    __slots__ = ("_begun", "_of_parent", "rooms")

    def __init__(self, of_parent: AbstractSet[tuple[str, str]] = frozenset()) -> None:
        self._begun: dict[tuple[str, str], Beginning] = {}
        self.rooms: dict[tuple[str, str], int] = {}
        """The bytes that are kept free on disk, by span."""
        self._of_parent = of_parent

    def note(self, record: SpanRecord, head: Head, room: int = 0) -> None:
        """Take note of a start that is on disk, where so many bytes are kept free for it."""
        key = record.trace_id, record.span_id
        if len(self._begun) >= MOST:
            self._begun.pop(next(iter(self._begun.copy()), ("", "")), None)
        self._begun[key] = record.attributes.copy(), head
        if room:
            self.rooms[key] = room

    def take(self, record: SpanRecord) -> tuple[Beginning | None, int]:
        """Return how a span began that has ended, if that is known; and the bytes that are kept free for it on disk."""
        key = record.trace_id, record.span_id
        return self._begun.pop(key, None), self.rooms.pop(key, 0)

    def forked(self) -> Beginnings:
        """Return what a forked child begins with: nothing of its own."""
        return Beginnings(self._of_parent | self._begun.keys() | self.rooms.keys())

    def is_of_parent(self, record: SpanRecord) -> bool:
        """Tell whether a span had begun when this process was forked: its end is the parent's to tell."""
        return (record.trace_id, record.span_id) in self._of_parent

    def known(self, record: SpanRecord) -> Beginning | None:
        """Return what is on disk of a span that runs; None if nothing is, or nobody knows."""
        return self._begun.get((record.trace_id, record.span_id))

    def forget(self, record: SpanRecord) -> None:
        """Forget what is on disk of a span, but not the bytes that are kept free: its end says everything."""
        self._begun.pop((record.trace_id, record.span_id), None)
