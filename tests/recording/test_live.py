from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections import UserDict, UserList
from collections.abc import Callable, Iterator
from typing import Any

import pydantic
import pytest
from fastapi.responses import StreamingResponse

from orchestrace.recording.live import is_live


class Plain:
    """An object of the program's own."""


class Reader:
    """What has a method to read it."""

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError


class Model(pydantic.BaseModel):
    """A model, which can be iterated."""

    text: str = "x"


@dataclasses.dataclass
class Pair:
    """A stream, and something beside it."""

    stream: object
    meta: str = "x"


class Odd:
    """A class that cannot be asked."""

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError


def generate() -> Iterator[str]:
    """Yield nothing."""
    yield from ()


async def agenerate() -> Any:
    """Yield nothing."""
    yield


LIVE: list[Callable[[], object]] = [
    Reader,
    generate,
    agenerate,
    lambda: iter("x"),
    lambda: map(str, []),
    lambda: functools.partial(generate),
    lambda: StreamingResponse(iter("x")),
    lambda: (Reader(), "meta"),
    lambda: [Reader()],
    lambda: {"stream": Reader()},
    lambda: Pair(Reader()),
]
WHOLE: list[Callable[[], object]] = [
    lambda: None,
    lambda: "text",
    lambda: b"text",
    lambda: 1.5,
    Plain,
    Model,
    Odd,
    lambda: Pair("x"),
    lambda: ["x", {"a": 1}],
    lambda: {"x"},
    lambda: UserList(["x"]),
    lambda: UserDict(a=1),
    lambda: range(3),
    lambda: dt.date(2026, 1, 1),
    lambda: Plain,
    lambda: generate,
]


class TestIsLive:
    @pytest.mark.parametrize("make", LIVE)
    def test_is_what_can_be_read_and_says_nothing_else(self, make: Callable[[], object]) -> None:
        """An iterator, a response that is still to be sent, or one of these in a collection. Nothing of it is run."""
        assert is_live(make())

    @pytest.mark.parametrize("make", WHOLE)
    def test_is_no_value_that_is_all_there(self, make: Callable[[], object]) -> None:
        """Values, collections and models; an object with fields of its own is one, whatever it holds."""
        assert not is_live(make())
