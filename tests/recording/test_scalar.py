from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from hashlib import sha256 as hashed
from pathlib import PurePosixPath
from typing import NoReturn
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.fields import NOTHING
from orchestrace.recording.scalar import number, scalar, sha256


class Colour(Enum):
    RED = ("r", 1)


class Level(IntEnum):
    HIGH = 3


class Rights(Flag):
    READ = 1
    WRITE = 2


class OwnText(str):
    __slots__ = ()

    def __str__(self) -> NoReturn:
        raise ZeroDivisionError


class NoZone(tzinfo):
    """A time zone that raises."""

    def utcoffset(self, when: datetime | None) -> NoReturn:
        """Refuse."""
        raise ZeroDivisionError(when)


class TestNumber:
    @given(st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)))
    def test_what_json_can_hold_stays_a_number(self, value: float) -> None:
        """Integers of 64 bits and finite floats are themselves."""
        assert value is number(value)

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (2**63, "9223372036854775808"),
            (-(2**64), "-18446744073709551616"),
            (float("nan"), "NaN"),
            (float("inf"), "Infinity"),
            (-float("inf"), "-Infinity"),
        ],
    )
    def test_anything_else_is_text(self, value: float, text: str) -> None:
        """No digit of it is lost."""
        assert text == number(value)

    @given(st.integers(8193, 200_000), st.booleans())
    def test_an_integer_too_long_to_write_says_how_long(self, bits: int, negative: bool) -> None:  # noqa: FBT001 - drawn
        """Python itself refuses to write more than some thousand digits."""
        value = -(1 << (bits - 1)) if negative else 1 << (bits - 1)

        assert f"{'-' if negative else ''}0x8000000000000000… [{bits} bits]" == number(value)


class TestScalar:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("text", "text"),
            (OwnText("text"), "text"),
            (Colour.RED, ("r", 1)),
            (Level.HIGH, 3),
            (Rights.READ | Rights.WRITE, 3),
            (datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc), "2026-01-02T03:04:00+00:00"),
            (date(2026, 1, 2), "2026-01-02"),
            (time(3, 4), "03:04:00"),
            (timedelta(seconds=1.5), 1.5),
            (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            (Decimal("1.50"), "1.50"),
            (PurePosixPath("/a/b"), "/a/b"),
            (range(1, 9, 2), {"type": "range", "start": 1, "stop": 9, "step": 2}),
        ],
        ids=repr,
    )
    def test_single_values(self, value: object, expected: object) -> None:
        """Each has one way to be written; an enumeration's member is its value."""
        assert expected == scalar(value)

    @pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
    def test_bytes_are_told_by_size_and_hash(self, make: type) -> None:
        """What is in them is not recorded."""
        expected = {"type": make.__name__, "size": 3, "sha256": hashed(b"abc").hexdigest()}

        assert expected == scalar(make(b"abc"))

    def test_a_view_of_larger_items_is_told_in_bytes(self) -> None:
        """Its length counts items."""
        view = memoryview(bytes(12)).cast("i")

        assert scalar(view) == {"type": "memoryview", "size": 12, "sha256": hashed(bytes(12)).hexdigest()}

    def test_a_bytearray_can_still_grow(self) -> None:
        """Nothing of ours looks into it afterwards."""
        growing = bytearray(b"abc")
        scalar(growing)
        growing.extend(bytes(100_000))

        assert 100_003 == len(growing)

    @pytest.mark.parametrize("value", [[], {}, (), set(), object(), int, None.__class__])
    def test_nothing_else_is_a_single_value(self, value: object) -> None:
        """Collections and strangers are for others to read."""
        assert scalar(value) is NOTHING

    def test_a_time_zone_of_a_strangers_may_raise(self) -> None:
        """Who calls this catches it."""
        with pytest.raises(ZeroDivisionError):
            scalar(datetime(2026, 1, 1, tzinfo=NoZone()))

    @given(st.one_of(st.text(), st.decimals(), st.dates(), st.datetimes(), st.timedeltas(), st.uuids(), st.binary()))
    def test_what_is_returned_is_json(self, value: object) -> None:
        """Whatever the value."""
        assert json.dumps(scalar(value))


class TestSha256:
    def test_the_hash_is_hexadecimal(self) -> None:
        """It can be compared with what `sha256sum` says."""
        assert {"sha256": hashed(b"abc").hexdigest()} == sha256(b"abc")

    def test_what_is_too_large_is_not_hashed(self) -> None:
        """It would hold the caller up."""
        assert sha256(bytes((64 << 20) + 1)) == {}
