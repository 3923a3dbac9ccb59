from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.export.excerpt import beginning, both_ends, excerpt
from orchestrace.export.otlp.value import flat

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)
TEXTS = st.text(st.characters(), min_size=20) | (st.lists(JSON) | st.dictionaries(st.text(), JSON)).map(json.dumps)
VALUES = TEXTS | st.lists(TEXTS | st.text()) | st.lists(st.integers(-9, 2**60)) | st.lists(st.floats())


class TestExcerpt:
    @given(VALUES, st.integers(-10, 300))
    def test_is_no_larger_than_its_room(self, value: Any, room: int) -> None:
        """Whatever the value, and of its own kind."""
        left = excerpt(value, room)

        assert left is None or (type(left) is type(value) and len(flat(left) or b"") <= room)

    @given(st.lists(JSON) | st.dictionaries(st.text(), JSON), st.integers(8, 300))
    @settings(max_examples=50)
    def test_json_stays_json(self, document: Any, room: int) -> None:
        """A list stays a list, an object an object."""
        left = excerpt(json.dumps(document), room)

        assert isinstance(left, str)
        assert type(document) is type(json.loads(left))

    def test_what_is_deeper_than_anybody_walks_is_left_out(self) -> None:
        """And nothing is raised."""
        assert "[]" == excerpt("[" * 900 + "]" * 900, 500)

    @pytest.mark.parametrize("value", [1, 2.5, True])
    def test_numbers_have_no_part(self, value: float) -> None:
        """Half of one is another one."""
        assert excerpt(value, 3) is None

    def test_a_list_keeps_its_first_items(self) -> None:
        """Numbers too; where texts are long, each is cut."""
        short, long = excerpt(list(range(1_000)), 100), excerpt(["a" * 300, "b", "c" * 300], 300)

        assert isinstance(short, list)
        assert isinstance(long, list)
        assert list(range(len(short))) == short
        assert 5 < len(short) < 20
        assert ["a", "b", "c"] == [item[0] for item in long]
        assert 100 < len(long[0]) == len(long[2])

    def test_a_list_with_no_room_for_an_item(self) -> None:
        """Is none."""
        assert excerpt(["a" * 300], 20) is None


class TestBeginning:
    def test_letters_stay_whole(self) -> None:
        """One that is cut through is left out."""
        assert ["éé", "é", "é", ""] == [beginning("éé", room) for room in (4, 3, 2, 1)]

    def test_lone_surrogates_are_mended(self) -> None:
        """No UTF-8 has them."""
        assert "�a" == beginning("\ud800abc", 4)


class TestBothEnds:
    def test_more_of_the_end(self) -> None:
        """A Python trace has there what was raised."""
        left = both_ends("a" * 1_000 + "b" * 1_000, 305)
        first, _, last = left.partition("\n…\n")

        assert ({"a"}, {"b"}, 305) == (set(first), set(last), len(left.encode()))
        assert len(last) == 2 * len(first)

    @given(st.text(st.characters(), min_size=50), st.integers(0, 200))
    def test_is_no_larger_than_its_room(self, said: str, room: int) -> None:
        """Whatever letters it has."""
        assert len(both_ends(said, room).encode()) <= room
