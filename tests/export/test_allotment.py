from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.export.allotment import admitted, share

SIZES = st.lists(st.integers(0, 1_000), max_size=20)


class TestShare:
    @pytest.mark.parametrize(
        ("sizes", "room", "each"),
        [([], 10, 0), ([3, 4], 10, 4), ([1, 100, 100], 21, 10), ([9, 9], 10, 5), ([5], 0, 0), ([5], -7, 0)],
    )
    def test_the_small_leave_theirs_to_the_large(self, sizes: list[int], room: int, each: int) -> None:
        """Nobody gets more than he needs, and the others get the same."""
        assert each == share(sizes, room)

    @given(SIZES, st.integers(0, 5_000))
    def test_never_more_than_there_is(self, sizes: list[int], room: int) -> None:
        """And no less than can be: with one byte more for each it would be too much, or all have what they need."""
        each = share(sizes, room)

        assert sum(min(size, each) for size in sizes) <= room
        assert sum(min(size, each + 1) for size in sizes) > room or each >= max(sizes, default=0)


class TestAdmitted:
    def test_in_their_order(self) -> None:
        """Whoever comes first is in, and later ones that need little."""
        assert {2, 0} == admitted([5, 90, 20, 40], 25, 20, [2, 1, 3, 0])

    @given(SIZES, st.integers(0, 5_000), st.integers(1, 300))
    def test_each_of_them_has_the_least(self, sizes: list[int], room: int, least: int) -> None:
        """However the room is divided then."""
        inside = [sizes[place] for place in admitted(sizes, room, least, range(len(sizes)))]

        assert all(share(inside, room) >= min(size, least) for size in inside)
