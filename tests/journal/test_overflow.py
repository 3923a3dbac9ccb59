from __future__ import annotations

import pytest

from orchestrace.journal.overflow import Overflow


@pytest.fixture
def overflow() -> Overflow:
    """Return one that holds ten bytes."""
    return Overflow(10)


def emptied(overflow: Overflow) -> list[bytes]:
    """Take everything."""
    return [payload for payload, _ in iter(overflow.take, None)]


class TestOverflow:
    def test_what_came_first_goes_first(self, overflow: Overflow) -> None:
        """It is true while it holds something."""
        before = bool(overflow)
        kept = [overflow.put(payload) for payload in (b"a", b"b", b"c")]

        assert (False, [True] * 3, True) == (before, kept, bool(overflow))
        assert ([b"a", b"b", b"c"], False) == (emptied(overflow), bool(overflow))

    def test_is_bounded_by_bytes(self, overflow: Overflow) -> None:
        """What does not fit is told, and what fits beside it is kept."""
        assert [True, False, True, False] == [overflow.put(b"x" * size) for size in (6, 5, 4, 1)]
        assert [b"x" * 6, b"x" * 4] == emptied(overflow)

    def test_what_was_taken_makes_room(self, overflow: Overflow) -> None:
        """However often."""
        for _ in range(5):
            assert overflow.put(b"x" * 10)
            assert (b"x" * 10, 0) == overflow.take()

    def test_what_is_put_back_comes_first_again(self, overflow: Overflow) -> None:
        """The disk has failed once more; there is room for what was there before, whatever came meanwhile."""
        overflow.put(b"first")
        taken = overflow.take()
        overflow.put(b"x" * 10)
        overflow.put_back(*(taken or ()))

        assert (False, [b"first", b"x" * 10]) == (overflow.put(b"y"), emptied(overflow))

    def test_what_is_kept_free_on_disk_is_known(self, overflow: Overflow) -> None:
        """Of each payload, also of one that was put back. Whoever only looks takes nothing."""
        overflow.put(b"a", 320)
        overflow.put(b"b")
        overflow.put_back(*(overflow.take() or ()))

        assert [b"a", b"b"] == list(overflow)
        assert [(b"a", 320), (b"b", 0)] == list(iter(overflow.take, None))

    def test_empty_it_gives_nothing(self, overflow: Overflow) -> None:
        """And holds nothing afterwards."""
        assert (None, False) == (overflow.take(), bool(overflow))
