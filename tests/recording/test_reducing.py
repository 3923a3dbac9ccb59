from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.guard import faults
from orchestrace.recording.reducing import Items, reduce_items


class Hostile:
    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise ZeroDivisionError


def kept(items: Items, *given: object) -> Items:
    """Let `items` take some."""
    for item in given:
        items.keep(item)
    return items


class TestReduceItems:
    @pytest.mark.parametrize(
        ("items", "output"),
        [(["a", "b"], "ab"), ([], []), (["a", 1], ["a", 1]), ((1, 2), [1, 2]), ([b"a"], [b"a"])],
        ids=str,
    )
    def test_texts_are_joined_and_others_listed(self, items: list[object], output: object) -> None:
        """An empty stream is an empty list."""
        assert output == reduce_items(items)

    def test_an_item_that_denies_its_class_is_listed(self) -> None:
        """It is not asked."""
        item = Hostile()

        assert [item] == reduce_items([item])


class TestItems:
    @given(st.lists(st.text(max_size=50), max_size=200), st.integers(1, 400))
    def test_texts_are_kept_from_the_start_within_the_room(self, texts: list[str], room: int) -> None:
        """What is kept is a beginning; only its last text goes beyond the room."""
        items = kept(Items(characters=room), *texts)
        output = items.folded()
        known = texts[: len(texts) - items.omitted]

        assert len(texts) == items.count
        assert sum(map(len, known[:-1])) < room
        assert output == reduce_items([*known, *([f"… [{items.omitted} more items]"] if items.omitted else [])])

    def test_objects_are_kept_up_to_their_number(self) -> None:
        """The others are counted."""
        items = kept(Items(items=3), *range(10))

        assert (10, 7, [0, 1, 2, "… [7 more items]"]) == (items.count, items.omitted, items.folded())

    def test_empty_texts_take_room_too(self) -> None:
        """A stream of nothing but empty chunks stays bounded."""
        items = kept(Items(characters=80), *[""] * 1000)

        assert items.omitted == 990

    def test_the_programs_own_fold_is_used(self) -> None:
        """It gets a list of its own."""
        items = kept(Items(), 1, 2, 3)

        assert 6 == items.folded(sum)
        assert [3, 2, 1] == items.folded(lambda given: (given.reverse(), given)[1])
        assert [1, 2, 3] == items.folded()

    def test_a_fold_that_fails_is_reported_and_replaced(self) -> None:
        """The items are shown as if there were none."""
        before = faults().get("reduce", 0)
        items = kept(Items(), "a", "b")

        assert "ab" == items.folded(lambda given: given[7])
        assert before + 1 == faults()["reduce"]
