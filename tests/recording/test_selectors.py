from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.guard import faults
from orchestrace.recording.selectors import MISSING, call_selector, follow, pick, select, select_from


class Row:
    """A row of a database: it has keys and is no mapping."""

    def __init__(self, **columns: object) -> None:
        self._columns = list(columns.items())

    def __getitem__(self, name: str | int) -> object:
        return self._columns[name][1] if isinstance(name, int) else dict(self._columns)[name]


class Raising:
    """Raises when asked."""

    @property
    def name(self) -> NoReturn:
        """Refuse."""
        raise ZeroDivisionError


@dataclass
class Job:
    id: str = "job-1"
    tags: list[str] = field(default_factory=lambda: ["a", "b"])
    owner: None = None


ARGUMENTS = {
    "job": Job(),
    "mapping": {"a": {"b": 1}, "2": "text", 3: "number", "items": "own"},
    "frozen": MappingProxyType({"key": "value"}),
    "ordered": OrderedDict(first=1),
    "rows": [Row(name="Ada"), {"name": "Bob"}],
    "space": SimpleNamespace(deep=SimpleNamespace(er=1)),
}


class TestSelect:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("job.id", "job-1"),
            ("job.owner", None),
            ("job.tags.0", "a"),
            ("job.tags.-1", "b"),
            ("mapping.a.b", 1),
            ("mapping.2", "text"),
            ("mapping.3", "number"),
            ("mapping.items", "own"),
            ("frozen.key", "value"),
            ("ordered.first", 1),
            ("rows.0.name", "Ada"),
            ("rows.0.0", "Ada"),
            ("rows.1.name", "Bob"),
            ("space.deep.er", 1),
        ],
    )
    def test_a_path_goes_through_attributes_keys_and_indexes(self, path: str, value: object) -> None:
        """Whatever the value is made of; None is a value."""
        assert value == select(path, ARGUMENTS)

    @pytest.mark.parametrize(
        "path",
        [
            "nothing",
            "job.nothing",
            "job.tags.7",
            "job.tags.x",
            "mapping.a.b.c",
            "mapping.keys",
            "job.id.0",
            "rows.0.x",
            "",
        ],
    )
    def test_what_is_not_there_is_missing(self, path: str) -> None:
        """Neither an error nor None; a method of a dictionary and a letter of a text are no values."""
        assert select(path, ARGUMENTS) is MISSING

    def test_a_path_may_start_elsewhere(self) -> None:
        """Where its first name is no argument."""
        assert select("id", ARGUMENTS, root=Job("root")) == "root"
        assert select("job.id", ARGUMENTS, root=Job("root")) == "job-1"

    def test_a_callable_gets_the_arguments_by_name(self) -> None:
        """All of them."""
        assert select(lambda **given: sorted(given), ARGUMENTS) == sorted(ARGUMENTS)

    @pytest.mark.parametrize(
        "selector", ["bad.name", lambda bad: bad.name, lambda: 1], ids=["path", "raises", "misfits"]
    )
    def test_what_raises_is_missing_and_reported(self, selector: str) -> None:
        """A property of the user's must not stop the call."""
        before = sum(faults().values())

        assert select(selector, {"bad": Raising()}) is MISSING
        assert before + 1 == sum(faults().values())

    @given(
        st.text(),
        st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
    )
    def test_is_total(self, path: str, value: object) -> None:
        """Any path over any value finds something or nothing."""
        select(path, {"value": value})
        select_from(value, path)


class TestCallSelector:
    def test_a_path_is_followed_over_the_named_arguments(self) -> None:
        """As in `select`."""
        assert call_selector("job.id", ARGUMENTS, (), {}) == "job-1"

    def test_a_callable_gets_the_call_as_it_came(self) -> None:
        """Positional arguments by position, others by name."""
        found = call_selector(lambda *args, **kwargs: (args, kwargs), {}, (1, 2), {"three": 3})

        assert found == ((1, 2), {"three": 3})

    def test_a_callable_may_name_what_it_needs(self) -> None:
        """`lambda job: job.id` is enough for `craft(candidate, job)`."""
        found = call_selector(lambda job: job.id, {"candidate": "Ada", "job": Job()}, ("Ada", Job()), {})

        assert found == "job-1"

    def test_one_that_fits_and_raises_is_not_tried_twice(self) -> None:
        """A TypeError from inside of it is its own."""
        calls: list[object] = []

        def selector(job: object) -> NoReturn:
            calls.append(job)
            raise TypeError

        before = faults().get("selector", 0)

        assert call_selector(selector, {"job": 1}, (1,), {}) is MISSING
        assert ([1], before + 1) == (calls, faults()["selector"])

    def test_one_that_cannot_be_called_so_is_missing(self) -> None:
        """It needs what the call does not have."""
        assert call_selector(lambda job, tenant: (job, tenant), {"job": 1}, (1,), {}) is MISSING


class TestSelectFrom:
    def test_a_path_or_a_callable_over_the_result(self) -> None:
        """A callable gets the result itself."""
        assert ["job-1", "JOB-1"] == [select_from(Job(), "id"), select_from(Job(), lambda job: job.id.upper())]

    def test_what_raises_is_missing(self) -> None:
        """As everywhere."""
        assert [MISSING, MISSING] == [select_from(Raising(), "name"), select_from(1, lambda result: result / 0)]


class TestPick:
    def test_what_exists_is_named_as_it_was_asked_for(self) -> None:
        """Names and paths; the rest is left out."""
        assert {"job.id": "job-1", "frozen": ARGUMENTS["frozen"]} == pick(["job.id", "frozen", "nothing"], ARGUMENTS)


class TestFollow:
    def test_without_names_it_is_the_value(self) -> None:
        """The end of an empty path."""
        assert follow(ARGUMENTS, []) is ARGUMENTS

    def test_raises_what_the_users_own_property_raises(self) -> None:
        """Rendering a prompt shows it to the user, as an f-string would."""
        with pytest.raises(ZeroDivisionError):
            follow(Raising(), ["name"])


class TestMissing:
    def test_there_is_one_and_it_is_false(self) -> None:
        """Also after pickling and copying."""
        assert ("MISSING", False) == (repr(MISSING), bool(MISSING))
        assert pickle.loads(pickle.dumps(MISSING)) is MISSING  # noqa: S301 - our own bytes
        assert copy.deepcopy(MISSING) is MISSING
