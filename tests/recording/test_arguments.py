from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace import ByReference
from orchestrace.recording.arguments import Arguments, Call
from orchestrace.recording.selectors import MISSING


def plain(first: int, second: int = 2) -> None:
    """Take two."""


def several(first: int, *rest: int, only: int = 3, **more: int) -> None:
    """Take any number."""


def positional(first: int, /, **more: int) -> None:
    """Take one by place."""


def method(self: object, first: int) -> None:
    """Be a method."""


def of_a_class(cls: type, first: int) -> None:
    """Be a classmethod."""


CALLS = [
    (plain, (1,), {}, {"first": 1, "second": 2}),
    (plain, (1, 5), {}, {"first": 1, "second": 5}),
    (plain, (), {"second": 5, "first": 1}, {"first": 1, "second": 5}),
    (several, (1, 2, 3), {}, {"first": 1, "rest": [2, 3], "only": 3}),
    (several, (1,), {"only": 4, "extra": 5}, {"first": 1, "only": 4, "extra": 5}),
    (positional, (1,), {"first": 2}, {"first": 2}),
    (functools.partial(plain, 1), (), {"second": 3}, {"second": 3}),
    (len, ([],), {}, {"obj": []}),
    (dict, (), {"a": 1}, {"a": 1}),
    (lambda: None, (), {}, {}),
    # What does not fit is refused by the function itself.
    (plain, (), {}, {"second": 2}),
    (plain, (1, 2, 3), {"what": 4}, {"first": 1, "second": 2, "args": [3], "what": 4}),
]


class TestNamed:
    @pytest.mark.parametrize(("function", "args", "kwargs", "named"), CALLS)
    def test_under_the_names_of_the_function(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], named: dict[str, Any]
    ) -> None:
        """However they came; defaults included, in the order of the parameters."""
        found = Arguments(function).named(args, kwargs)

        assert named == found
        assert list(named) == list(found)

    @given(st.lists(st.integers(), max_size=6), st.dictionaries(st.sampled_from("abcdefgself"), st.integers()))
    def test_nothing_is_lost_and_nothing_raises(self, args: list[int], kwargs: dict[str, int]) -> None:
        """Whatever a call is given: what it is called with twice, the function refuses."""
        found = Arguments(several).named(tuple(args), kwargs)
        values = [one for value in found.values() for one in (value if isinstance(value, list) else [value])]

        assert kwargs.items() <= found.items()
        assert set(args[0 if "first" not in kwargs else 1 :]) <= set(values)

    def test_the_default_object_is_not_copied(self) -> None:
        """They are the program's own objects."""
        shared: list[int] = []

        def function(given: list[int] = shared) -> None:
            """Take a list."""

        assert shared is Arguments(function).named((), {})["given"]


class TestReceiver:
    @pytest.mark.parametrize(
        ("function", "receiver"), [(method, "self"), (of_a_class, "cls"), (plain, None), (lambda: None, None)]
    )
    def test_is_known_by_its_name(self, function: Callable[..., Any], receiver: str | None) -> None:
        """The first parameter of a method is called so."""
        assert receiver == Arguments(function).receiver

    def test_can_be_selected_from_and_is_no_input(self) -> None:
        """`self.settings` is a path; the object itself is nobody's input."""
        found = Arguments(method).call(("me", 1), {})

        assert {"self": "me", "first": 1} == found.named
        assert {"first": 1} == found.inputs


class TestCall:
    def test_a_block_has_no_arguments(self) -> None:
        """Nothing is found in it."""
        assert MISSING is Call().find("job.id")
        assert {} == Call().chosen(["job"])

    def test_without_a_selector_nothing_is_found(self) -> None:
        """What nobody asked for is missing."""
        assert MISSING is Arguments(plain).call((1,), {}).find(None)

    @pytest.mark.parametrize(
        "selector", ["first", lambda first, second=0: first, lambda *given: given[0]], ids=["path", "names", "places"]
    )
    def test_finds_what_a_selector_finds(self, selector: Any) -> None:
        """By path, or by a callable that gets the call's own arguments."""
        assert 1 == Arguments(plain).call((1,), {}).find(selector)

    @pytest.mark.parametrize(
        ("names", "chosen"),
        [
            (None, {"first": {"id": 7}, "second": 2}),
            ([], {}),
            (["second"], {"second": 2}),
            (["first.id", "nothing"], {"first.id": 7}),
        ],
    )
    def test_chosen_are_those_that_were_asked_for(self, names: list[str] | None, chosen: dict[str, Any]) -> None:
        """By name or path; all, where nobody chose."""
        assert chosen == Arguments(plain).call(({"id": 7},), {}).chosen(names)


class TestMarked:
    def test_annotations_are_looked_at_when_it_is_called(self) -> None:
        """What they name may be defined further down than the function."""

        def work(candidate: Annotated[Later, ByReference("id")], job: Later) -> None: ...

        arguments = Arguments(work)

        class Later: ...

        assert {"candidate": "id"} == arguments.call((1, 2), {}).marked

    @pytest.mark.parametrize(("function", "strange"), [(plain, ["third"]), (several, []), (positional, []), (max, [])])
    def test_strange_is_what_no_argument_is_called(self, function: Callable[..., Any], strange: list[str]) -> None:
        """Where any name can be given, or nobody knows the parameters, none is."""
        assert strange == Arguments(function).strange(["first", "third"])
