from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.cli import figures

SECOND = 1_000_000_000


class TestDuration:
    @pytest.mark.parametrize(
        ("length", "expected"),
        [
            (0, "0.0 ms"),
            (400_000, "0.4 ms"),
            (340_900_000, "340 ms"),
            (2_190_000_000, "2.1 s"),
            (59_990_000_000, "59.9 s"),
            (192 * SECOND, "3 min 12 s"),
            (3725 * SECOND, "1 h 02 min"),
        ],
    )
    def test_has_two_or_three_digits(self, length: int, expected: str) -> None:
        """As exact as somebody who looks for what was slow wants it; never rounded up to the next unit."""
        assert expected == figures.duration(length)

    def test_clocks_that_went_back_took_no_time(self) -> None:
        """An end before the start is no negative duration."""
        assert figures.duration(-5) == "0.0 ms"


class TestMoment:
    def test_is_local_time(self) -> None:
        """The reader's clock on the wall counts, not UTC."""
        assert figures.moment(1_767_225_600 * SECOND) == "2026-01-01 00:00:00"

    def test_names_the_zone_where_it_is_asked_for(self) -> None:
        """A time that is compared with other logs needs its zone."""
        assert figures.moment(1_767_225_600 * SECOND, zone=True) == "2026-01-01 00:00:00 UTC"

    @given(st.integers(min_value=-(2**63), max_value=2**63))
    def test_any_number_is_written(self, time: int) -> None:
        """A clock that was never set, or a broken record, stops nothing."""
        assert figures.moment(time)


class TestTokens:
    @pytest.mark.parametrize(
        ("counts", "expected"),
        [
            ((1204, 61, None, None), "1,204 in, 61 out tokens"),
            ((1204, 61, 1024, 7), "1,204 in, 61 out tokens (1,024 cached, 7 reasoning)"),
            ((5, None, 0, 0), "5 in tokens"),
            ((0, 0, None, None), "0 in, 0 out tokens"),
            ((None, None, 3, None), ""),
        ],
    )
    def test_says_what_is_known(self, counts: tuple[int | None, ...], expected: str) -> None:
        """Unknown is absent, and not 0; parts that are 0 are of no interest."""
        assert expected == figures.tokens(*counts)


class TestCost:
    @pytest.mark.parametrize(
        ("dollars", "expected"),
        [
            (0, "$0.00"),
            (1234.5, "$1,234.50"),
            (0.5, "$0.50"),
            (0.0423, "$0.042"),
            (0.000315, "$0.00032"),
            (-1, "$-1.00"),
        ],
    )
    def test_has_two_digits_that_count(self, dollars: float, expected: str) -> None:
        """A thousandth of a cent is no nothing."""
        assert expected == figures.cost(dollars)

    def test_may_be_a_part(self) -> None:
        """Of some calls the price is not known."""
        assert "at least $0.50" == figures.cost(0.5, least=True)


class TestScores:
    @pytest.mark.parametrize(("given", "expected"), [([1], "score 1"), ([0.4, 0.95], "scores 0.4, 0.95")])
    def test_one_is_singular(self, given: list[float], expected: str) -> None:
        """Several are those of one iteration after the other."""
        assert expected == figures.scores(given)


class TestCounted:
    @pytest.mark.parametrize(("count", "expected"), [(0, "0 turns"), (1, "1 turn"), (1200, "1,200 turns")])
    def test_one_is_singular(self, count: int, expected: str) -> None:
        """A word in its number."""
        assert expected == figures.counted(count, "turn")
