from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.exceptions import UsageError
from orchestrace.recording import clock
from orchestrace.recording.outcomes.moment import iso, moment_of

SECOND = 1_000_000_000
NINE = 1_772_353_800 * SECOND
"""2026-03-01, half past eight in UTC."""
BERLIN = timezone(timedelta(hours=1))


class TestMomentOf:
    @pytest.mark.parametrize(
        "at",
        [
            datetime(2026, 3, 1, 9, 30, tzinfo=BERLIN),
            datetime(2026, 3, 1, 8, 30, tzinfo=timezone.utc),
            "2026-03-01T09:30:00+01:00",
            "2026-03-01T09:30+0100",
            "2026-03-01 09:30:00 +01",
            "2026-03-01T08:30:00Z",
            "2026-03-01t08:30:00.000000000z",
            " 2026-03-01 08:30:00 UTC ",
            "2026-03-01T03:00:00,0-05:30",
            1_772_353_800,
            1_772_353_800.0,
            "1772353800",
            1_772_353_800_000,
            "1772353800000",
            1_772_353_800_000_000,
            NINE,
        ],
    )
    def test_every_way_to_write_a_time(self, at: Any) -> None:
        """In whatever zone, as a datetime, a text or a number."""
        assert NINE == moment_of(at)

    @pytest.mark.parametrize(
        ("at", "beyond"),
        [("2026-03-01T08:30:00.123456789Z", 123_456_789), ("2026-03-01T08:30:00.5Z", 500_000_000)],
    )
    def test_parts_of_a_second_are_kept(self, at: str, beyond: int) -> None:
        """As many digits as a nanosecond has."""
        assert NINE + beyond == moment_of(at)

    def test_nothing_is_now(self) -> None:
        """By the clock of every recording."""
        clock.use(lambda: 42)
        try:
            assert 42 == moment_of(None)
        finally:
            clock.use(None)

    @pytest.mark.parametrize("at", [datetime(2026, 3, 1, 9, 30), "2026-03-01T09:30:00", "2026-03-01 09:30"])  # noqa: DTZ001
    def test_a_time_without_a_zone_is_an_error(self, at: Any) -> None:
        """Which says what to write instead."""
        with pytest.raises(UsageError, match=r"does not say its time zone.*\+01:00"):
            moment_of(at)

    @pytest.mark.parametrize(
        "at",
        [
            "", "yesterday", "2026-03-01", "2026-13-01T00:00:00Z", "2026-03-01T09:30:61Z", "2026-03-01T09:30:00+99:00",
            True, date(2026, 3, 1), float("nan"), float("inf"), -1, "-1", 10**30, [], b"2026-03-01T08:30:00Z", 1j,
            datetime(1969, 12, 31, tzinfo=timezone.utc), datetime(9999, 1, 1, tzinfo=timezone.utc),
        ],
    )  # fmt: skip
    def test_what_is_no_time_is_an_error(self, at: Any) -> None:
        """One that names the argument."""
        with pytest.raises(UsageError, match="at="):
            moment_of(at)

    @given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?([+-]\d\d:?\d\d|Z)?", fullmatch=True))
    def test_any_text_is_a_time_or_an_error(self, at: str) -> None:
        """Nothing else comes out."""
        try:
            moment = moment_of(at)
        except UsageError:
            return
        assert 0 <= moment < 2**63


class TestIso:
    @given(st.integers(0, 2**63 - 1))
    def test_comes_back(self, moment: int) -> None:
        """To the microsecond."""
        assert moment // 1000 * 1000 == moment_of(iso(moment))

    def test_is_utc(self) -> None:
        """In one form, so that texts are in the order of times."""
        assert "2026-03-01T08:30:00.000000Z" == iso(NINE)
