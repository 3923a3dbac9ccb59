from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace import conventions as names
from orchestrace.cli.outcome_text import is_cut, shown, summed_up, typed


class TestTyped:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("true", True), ("FALSE", False), (" True ", True), ("4", 4), ("-1", -1), ("0", 0), ("4.5", 4.5),
            ("-.5", -0.5), ("1.5e3", 1500.0), ("007", "007"), ("1e5", "1e5"), ("1,5", "1,5"), ("", ""), ("yes", "yes"),
            ("9" * 19, "9" * 19), ("nan", "nan"), ("4 stars", "4 stars"), ("\u0661", "\u0661"), ("1.2.3", "1.2.3"),
        ],
    )  # fmt: skip
    def test_what_people_type(self, text: str, value: Any) -> None:
        """Yes and no, and numbers as they are written; an id with zeros in front stays one."""
        assert (value, type(value)) == (typed(text), type(typed(text)))

    @given(st.text())
    def test_any_text_is_something(self, text: str) -> None:
        """A number is finite."""
        value = typed(text)

        assert isinstance(value, str) or value == value  # noqa: PLR0124 - NaN is not itself

    @given(st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1))
    def test_comes_back(self, value: Any) -> None:
        """As it is shown."""
        assert value == typed(shown(value))


class TestShown:
    def test_is_one_short_line(self) -> None:
        """Nothing in it does anything to a terminal."""
        assert ["true", "4.5", "a b"] == [shown(True), shown(4.5), shown("a\n b")]  # noqa: FBT003 - a value
        assert 80 == len(shown("x" * 99))
        assert "\x1b" not in shown("\x1b[31m")


class TestIsCut:
    def test_tells_what_has_more_to_say(self) -> None:
        """A number never has."""
        assert [False, False, True, True] == [is_cut(5), is_cut("hired"), is_cut("x" * 81), is_cut("a\nb")]


class TestSummedUp:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ({names.OUTCOME_VALUE: True}, "replied true"),
            ({}, "replied"),
            ({names.OUTCOME_VALUE: "a\nb"}, "replied a b"),
        ],
    )
    def test_is_name_and_value(self, said: dict[str, Any], expected: str) -> None:
        """In one line."""
        assert expected == summed_up({names.OUTCOME_NAME: "replied"} | said)
