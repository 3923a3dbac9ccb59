from __future__ import annotations

from enum import Enum
from typing import Any

from orchestrace.recording.fields import NOTHING
from orchestrace.recording.walk import Walk


class Way(Enum):
    UP = "up"


class Small(Walk):
    """Shows little, and hears of what it does not show."""

    __slots__ = ("heard",)

    longest, most, deepest = 3, 2, 2

    def __init__(self) -> None:
        super().__init__(10_000)
        self.heard: list[Any] = []

    def refer(self, value: object, kind: type) -> Any:
        return "a set" if kind is set else NOTHING

    def closed(self, kind: type) -> Any:
        self.heard.append(kind)
        return super().closed(kind)

    def left_out(self, kind: type, count: int) -> Any:
        self.heard.append((kind, count))
        return super().left_out(kind, count)

    def too_deep(self) -> None:
        self.heard.append("too deep")


def walk(value: object) -> tuple[Any, list[Any]]:
    """Return what is shown of a value, and what was heard."""
    small = Small()
    return small.take(value, 0), small.heard


class TestWalk:
    def test_a_subclass_has_bounds_of_its_own(self) -> None:
        """Of texts, collections and depth."""
        assert "abc… [4 characters" == walk("abcd")[0].partition(",")[0]
        assert ([1, 2, {"type": "list", "left_out": 1}], [(list, 1)]) == walk([1, 2, 3])
        assert ({"a": {"b": {"type": "dict", "left_out": 1}}}, [(dict, 1)]) == walk({"a": {"b": {"c": 1}}})
        assert ([[None]], ["too deep"]) == walk([[Way.UP]])

    def test_it_hears_of_what_is_no_data(self) -> None:
        """And of what raises."""
        assert ({"type": "object"}, [object]) == walk(object())

    def test_it_may_show_something_else(self) -> None:
        """In place of a value that is no single one."""
        assert (["a set"], []) == walk([{1}])
