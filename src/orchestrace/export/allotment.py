"""Divide what there is among many: who needs little gets it, the others get the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["admitted", "share"]


def share(sizes: Iterable[int], room: int) -> int:
    """Return how large each may be so that all together have `room`; as large as the largest where all fit."""
    waiting = sorted(sizes)
    for place, size in enumerate(waiting):
        most = max(0, room) // (len(waiting) - place)
        if size > most:
            return most
        room -= size
    return waiting[-1] if waiting else 0


def admitted(sizes: Sequence[int], room: int, least: int, order: Iterable[int]) -> set[int]:
    """Return the places of those that have `least` each, or all that they need, in `room`; asked for in `order`."""
    found: set[int] = set()
    for place in order:
        needed = min(sizes[place], least)
        if needed <= room:
            found.add(place)
            room -= needed
    return found
