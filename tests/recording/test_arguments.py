from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.arguments import Arguments, Call
from orchestrace.recording.selectors import MISSING


def function(one: int, /, two: int, *rest: int, three: int = 3, **further: int) -> None:
    """Take every kind of argument."""


class Thing:
    """Have methods."""

    def method(self, one: int) -> None:
        """Do nothing."""

    @classmethod
    def of_class(cls, one: int) -> None:
        """Do nothing."""


class TestArguments:
    def test_every_kind_has_its_name(self) -> None:
        """Defaults included; further positional ones are a list."""
        call = Arguments(function).call((1, 2, 7, 8), {"four": 4})

        assert {"one": 1, "two": 2, "rest": [7, 8], "three": 3, "four": 4} == call.named == call.inputs

    @pytest.mark.parametrize(("method", "receiver"), [(Thing.method, "self"), (Thing.of_class.__func__, "cls")])
    def test_the_receiver_can_be_selected_and_is_no_input(self, method: Any, receiver: str) -> None:  # noqa: ANN401
        """`self` and `cls`."""
        arguments = Arguments(method)
        call = arguments.call(("it", 1), {})

        assert (receiver, "it", {"one": 1}) == (arguments.receiver, call.named[receiver], call.inputs)

    @pytest.mark.parametrize("odd", [len, functools.partial(function, 1), print, type])
    def test_what_has_an_odd_signature_or_none(self, odd: Any) -> None:  # noqa: ANN401 - anything callable
        """It is named as far as it goes."""
        assert "x" in repr(Arguments(odd).call(("x",), {}).named)

    @given(st.lists(st.integers()), st.dictionaries(st.text(), st.integers()))
    def test_a_call_that_does_not_fit_is_named_all_the_same(self, args: list[int], kwargs: dict[str, int]) -> None:
        """The function itself will refuse it."""
        assert kwargs.items() <= Arguments(Thing.method).call(tuple(args), kwargs).named.items()


class TestCall:
    def test_finds_and_chooses(self) -> None:
        """A selector, or nothing; inputs by name or path, or all."""
        call = Call((1,), {}, {"a": {"b": 2}, "c": 3}, {"a": {"b": 2}, "c": 3})

        assert [2, MISSING, MISSING] == [call.find("a.b"), call.find("a.x"), call.find(None)]
        assert [{"a.b": 2}, {"a": {"b": 2}, "c": 3}] == [call.chosen(["a.b", "x"]), call.chosen(None)]
