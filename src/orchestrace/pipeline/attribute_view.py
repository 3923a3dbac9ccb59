"""What a running span says, for whoever reads it: always as it is by now, as the SDK's own mapping shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["AttributeView"]


class AttributeView(Mapping[str, Any]):
    """
    Read a dict that others add to meanwhile, and that nothing is taken from.

    Each step is one of the dict's own, and who goes through it goes through the names that there were when they began:
    no other thread disturbs them, nor do they if they set more.
    """

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - of any type
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def copy(self) -> dict[str, Any]:
        """Return what there is by now."""
        return self._values.copy()
