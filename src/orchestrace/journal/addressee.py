"""For whom the spans of a process are."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Addressee"]


@dataclass(frozen=True, slots=True)
class Addressee:
    """A receiver: its id, which tells it from every other, and its address as people know it, without credentials."""

    id: str
    destination: str
