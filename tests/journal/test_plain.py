from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone, tzinfo
from enum import Enum
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.journal.plain import has_odd_number, plain


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        """Fail, as a stranger's method may."""
        raise RuntimeError


class Colour(Enum):
    RED = "red"


class Client:
    def __init__(self) -> None:
        self.api_key = "secret"

    def __repr__(self) -> str:
        """Fail, as a stranger's method may."""
        raise RuntimeError


class Zone(tzinfo):
    def utcoffset(self, _: datetime | None) -> timedelta:
        """Fail, as a stranger's time zone may."""
        raise RuntimeError


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]))
    | st.binary()
    | st.datetimes()
    | st.builds(object),
    lambda one: st.lists(one) | st.dictionaries(st.text() | st.integers() | st.binary(), one) | st.tuples(one, one),
)


class TestHasOddNumber:
    @pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
    def test_finds_what_json_has_no_number_for(self, odd: float) -> None:
        """Alone or in a list."""
        assert [True] * 3 == [has_odd_number({"a": 1.0, "b": value}) for value in (odd, [1.0, odd], (odd,))]

    def test_passes_what_it_has(self) -> None:
        """Every type of attribute."""
        assert False is has_odd_number({"a": 1.5, "b": "nan", "c": [1.0, 2.0], "d": (1, 2), "e": True, "f": 10**400})


class TestPlain:
    @given(ANY)
    def test_is_always_taken_by_orjson(self, value: object) -> None:
        """Whatever it is; strings that were UTF-8 are the same."""
        orjson.loads(orjson.dumps(plain(value)))

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"a": [1, 2.5, True, None, "é"]}, {"a": [1, 2.5, True, None, "é"]}),
            (math.nan, "NaN"),
            (-math.inf, "-Infinity"),
            (2**64, "18446744073709551616"),
            (b"text \xc3\xa9", "text é"),
            (bytearray(b"\xff\xfe"), "//4="),
            ("half \ud83d", "half \ufffd"),
            ("whole \ud83d\ude00", "whole 😀"),
            (Text("text"), "text"),
            (Colour.RED, "red"),
            (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            (datetime(2026, 11, 24, tzinfo=timezone.utc), "2026-11-24T00:00:00+00:00"),
            (PurePosixPath("/a"), "/a"),
            ((1, 2), [1, 2]),
            ({1: 2, b"k": 3, "k\ud800": 4}, {"1": 2, "bytes": 3, "k\ufffd": 4}),
        ],
    )
    def test_keeps_what_it_can(self, value: object, expected: object) -> None:
        """At the loss of a type, not of the value."""
        assert expected == plain(value)

    @pytest.mark.parametrize("value", [Client(), {1, 2}, memoryview(b"x"), datetime(2026, 1, 1, tzinfo=Zone())])
    def test_names_the_type_of_the_rest(self, value: object) -> None:
        """And looks at nothing inside."""
        kind = type(value)

        assert plain(value) in {kind.__qualname__, f"{kind.__module__}.{kind.__qualname__}"}

    def test_ends_for_what_contains_itself(self) -> None:
        """However often."""
        loop: list[Any] = ["text"]
        loop += [loop, {"again": loop}]

        assert ["text", "list", {"again": "list"}] == plain(loop)

    def test_ends_for_what_is_very_deep(self) -> None:
        """Before orjson refuses it."""
        deep: object = "bottom"
        for _ in range(1000):
            deep = [deep]

        assert orjson.dumps(plain(deep)).startswith(b"[[[[")
