"""Turn the items of a stream into the output that is recorded, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from orchestrace.recording.guard import report

__all__ = ["Items", "reduce_items"]

_TEXT_SHARE: Final = 8
"""What even an empty text costs of the room: its place in the list."""


def reduce_items(items: Sequence[object]) -> object:
    """Join the items if all of them are texts, else return them as a list. Never raises."""
    # By the type: `isinstance` asks the item itself, which may raise.
    if items and all(issubclass(type(item), str) for item in items):
        return "".join(items)  # type: ignore[arg-type] # the line above
    return list(items)


class Items:
    """
    Keep the first items of a stream and count all of them.

    Kept are about `characters` of text, or `items` objects that are no text; the user's own objects, not copies.
    """

    __slots__ = ("_kept", "_room", "_share", "count")

    def __init__(self, items: int = 1_000, characters: int = 1_048_576) -> None:
        self.count: int = 0
        self._kept: list[object] = []
        self._room = characters
        self._share = -(-characters // max(items, 1))

    @property
    def omitted(self) -> int:
        """How many items were not kept."""
        return self.count - len(self._kept)

    def keep(self, item: object) -> None:
        """Take the next item. Never raises."""
        self.count += 1
        if self._room > 0:
            self._kept.append(item)
            self._room -= len(item) + _TEXT_SHARE if type(item) is str else self._share

    def folded(self, reduce: Callable[[list[object]], object] | None = None) -> object:
        """
        Return the output to record: what `reduce` makes of the kept items, or else `reduce_items`. Never raises.

        Where items were left out, our own fold says how many at its end; a `reduce` that fails is reported.
        """
        if reduce is not None:
            try:
                return reduce(list(self._kept))
            except Exception as error:  # noqa: BLE001 - a callable of the user's
                report("reduce", error)
        said = [f"… [{self.omitted} more items]"] if self.omitted else []
        return reduce_items([*self._kept, *said])
