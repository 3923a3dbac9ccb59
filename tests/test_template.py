from __future__ import annotations

import json
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import attrs
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.template import canonical, data_of, fill, text_of, variables_in


class Colour(Enum):
    RED = "red"


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Job:
    title: str
    since: date


@dataclass
class Speaking:
    title: str

    def __str__(self) -> str:
        return f"the {self.title}"


@attrs.define
class Skill:
    name: str


class Candidate(pydantic.BaseModel):
    name: str
    skills: list[Skill] = []
    born: date | None = None

    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)


class Listing(pydantic.RootModel[list[int]]):
    pass


class Stranger:
    def __str__(self) -> str:
        return "a stranger"


def kind(value: object) -> str:
    """Name a case after the type of its value."""
    return type(value).__name__


def trees() -> st.SearchStrategy[object]:
    """Build JSON with texts in it."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    )


class TestVariablesIn:
    @pytest.mark.parametrize(
        ("template", "variables"),
        [
            ("Write to {candidate.name} about {job.title}. {feedback}", ["candidate.name", "job.title", "feedback"]),
            ("{a} {b} {a}", ["a", "b"]),
            ('{"a": {x}, "b": {"c": 1}}', ["x"]),
            ("{{x}}", ["x"]),
            ("{rows.0.name}", ["rows.0.name"]),
            ("{größe} {名}", ["größe", "名"]),
            ("{} { x } {x!r} {x:>3} {0} {x.} {.x} {a b} {x-y} {x[0]} {", []),
            ("{x.__class__} {x.__init__.__globals__}", []),
            ("no variables", []),
            (
                [{"role": "user", "content": [{"type": "text", "text": "{a}"}]}, {"role": "{b}", "content": None}],
                ["a", "b"],
            ),
        ],
    )
    def test_a_name_or_path_directly_inside_braces_is_a_variable(self, template: object, variables: list[str]) -> None:
        """Every other brace is text, and no path leads into Python's own attributes."""
        assert variables == variables_in(template)

    def test_names_of_fields_are_no_place_for_variables(self) -> None:
        """They are the shape of the message."""
        assert variables_in([{"{a}": "b"}]) == []


class TestFill:
    @given(trees())
    def test_without_variables_it_is_a_copy(self, template: object) -> None:
        """Whatever braces stand in it."""
        assert template == fill(template, {})

    @given(st.text(), st.text(), st.text())
    def test_values_stand_where_their_variables_stood(self, before: str, value: str, after: str) -> None:
        """And are not looked at again, whatever braces they have."""
        assert f"{before}={value}={after}" == fill("{a}={b}={c}", {"a": before, "b": value, "c": after})

    def test_what_has_no_value_stays(self) -> None:
        """It is text."""
        assert fill('{"a": {x}, "b": {y}}', {"x": "1"}) == '{"a": 1, "b": {y}}'

    def test_messages_are_copied_deeply(self) -> None:
        """Nothing of the result is a part of the template."""
        template = [{"role": "user", "content": [{"type": "text", "text": "{a}"}]}]
        filled = fill(template, {"a": "1"})
        filled[0]["content"].append("more")

        assert template == [{"role": "user", "content": [{"type": "text", "text": "{a}"}]}]


class TestTextOf:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("text", "text"),
            ("", ""),
            (None, "None"),
            (1.5, "1.5"),
            (True, "True"),
            (Colour.RED, "Colour.RED"),
            (date(2026, 1, 2), "2026-01-02"),
            (Decimal("1.50"), "1.50"),
            (b"ab", "b'ab'"),
            (int, "<class 'int'>"),
            (Stranger(), "a stranger"),
            (Speaking("job"), "the job"),
            ({"é": [1, None, True]}, '{"é": [1, null, true]}'),
            ([], "[]"),
            ((1, 2), "[1, 2]"),
            ({2, 1}, "[1, 2]"),
            (deque([1]), "[1]"),
            (MappingProxyType({"a": 1}), '{"a": 1}'),
            (OrderedDict(b=1, a=2), '{"b": 1, "a": 2}'),
            (Job("T", date(2026, 1, 2)), '{"title": "T", "since": "2026-01-02"}'),
            (Skill("maths"), '{"name": "maths"}'),
            (Candidate(name="Ada", born=date(1815, 12, 10)), '{"name": "Ada", "skills": [], "born": "1815-12-10"}'),
            (Listing([1]), "[1]"),
            ([Listing([1]), Colour.RED, UUID(int=0)], '[[1], "red", "00000000-0000-0000-0000-000000000000"]'),
            ([float("nan")], "[NaN]"),
        ],
        ids=kind,
    )
    def test_data_is_json_and_anything_else_its_own_words(self, value: object, text: str) -> None:
        """A model that says how it reads as text is asked; keys keep their order; nothing is escaped."""
        assert text == text_of(value)

    def test_what_json_cannot_say_is_written_as_python_does(self) -> None:
        """A stranger inside, a key of two parts, a cycle."""
        ring: list[object] = []
        ring.append(ring)
        values = [{(1, 2): 3}, ring, [b"x"]]

        assert [str(value) for value in values] == [text_of(value) for value in values]


class TestDataOf:
    @given(trees())
    def test_json_is_copied(self, data: object) -> None:
        """As it is."""
        assert data == data_of(data)

    def test_models_and_values_become_json(self) -> None:
        """Inside of each other."""
        value = {"job": Job("T", date(2026, 1, 2)), "path": PurePosixPath("/a"), "point": Point(1, 2), 3: {Colour.RED}}

        assert data_of(value) == {
            "job": {"title": "T", "since": "2026-01-02"},
            "path": "/a",
            "point": [1, 2],
            "3": ["red"],
        }

    @pytest.mark.parametrize("value", [Stranger(), [object()], {"a": b"x"}, float("nan"), {(1, 2): 3}], ids=kind)
    def test_what_is_no_data_is_an_error(self, value: object) -> None:
        """An object's address would change the hash at every start."""
        with pytest.raises((TypeError, ValueError)):
            data_of(value)


class TestCanonical:
    @given(st.dictionaries(st.text(), trees()))
    def test_the_order_of_keys_makes_no_difference(self, data: dict[str, object]) -> None:
        """The same data is the same text, and that text is the data."""
        turned = dict(reversed(data.items()))

        assert canonical(data) == canonical(turned)
        assert data == json.loads(canonical(data))

    def test_the_order_of_items_does(self) -> None:
        """A list is not a set."""
        assert canonical([1, 2]) != canonical([2, 1])
