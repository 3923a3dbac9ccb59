from __future__ import annotations

import array
import collections
import dataclasses
import json
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import NamedTuple, NoReturn, TypedDict

import attrs
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI

from orchestrace.recording.masking import SECRET, mask_text
from orchestrace.recording.snapshot import LIMIT, encode, snapshot
from orchestrace.recording.walk import DEPTH, ITEMS, TEXT

# Keys are put together here, so that no scanner takes this file for a leak.
RANDOM = "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3"
KEYS = ["sk-" + "proj-" + RANDOM, "AKIA" + "IOSFODNN7EXAMPLE", "ghp_" + RANDOM[:36]]


class Hostile:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> object:
        raise ZeroDivisionError(name)

    def __repr__(self) -> str:
        raise ZeroDivisionError

    def __len__(self) -> int:
        raise ZeroDivisionError

    def __iter__(self) -> Iterator[object]:
        raise ZeroDivisionError

    def __bool__(self) -> bool:
        raise ZeroDivisionError

    __str__ = __repr__


class HostileMapping(Mapping[str, int]):
    """A mapping that raises in every method."""

    def __getitem__(self, key: str) -> int:
        raise ZeroDivisionError

    def __iter__(self) -> Iterator[str]:
        raise ZeroDivisionError

    def __len__(self) -> int:
        raise ZeroDivisionError


class Endless(Sequence[int]):
    """A sequence without an end and without a length."""

    def __getitem__(self, index: object) -> object:
        return index

    def __len__(self) -> int:
        raise ZeroDivisionError

    def __iter__(self) -> Iterator[int]:
        while True:
            yield 1


def refuse(*_: object) -> NoReturn:
    """Be any method that must not be called."""
    raise ZeroDivisionError


class OwnDict(dict[object, object]):
    __getitem__ = __iter__ = __len__ = __contains__ = __repr__ = items = keys = values = copy = get = refuse


class OwnList(list[object]):
    __getitem__ = __iter__ = __len__ = __repr__ = __eq__ = __hash__ = refuse


class OwnText(str):
    __slots__ = ()

    __str__ = __repr__ = __len__ = __getitem__ = encode = refuse


class OwnNumber(int):
    __str__ = __repr__ = __int__ = __index__ = __bool__ = refuse


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Profile:
    name: str
    skills: list[str]


@attrs.define
class Job:
    title: str
    salary: Decimal


class Candidate(pydantic.BaseModel):
    name: str
    token: str
    note: str = pydantic.Field(default="kept out", exclude=True)


class Listing(pydantic.RootModel[dict[str, list[int]]]):
    pass


class Typed(TypedDict):
    name: str


class Colour(Enum):
    RED = "red"


MADE = {
    "hostile": Hostile,
    "mapping": HostileMapping,
    "endless": Endless,
    "object": object,
    "dict": lambda: OwnDict(a=1),
    "list": lambda: OwnList([1]),
    "str": lambda: OwnText("x"),
    "int": lambda: OwnNumber(1),
    "iterator": lambda: iter([1]),
    "class": lambda: Hostile,
}
"""What hypothesis itself could not hold: it is put in place of its name."""


class Name(str):
    """Stands for an object that is still to be made."""

    __slots__ = ()


def made(value: object) -> object:
    """Put the objects in place of their names."""
    if type(value) is Name:
        return MADE[value]()
    if type(value) in {list, tuple}:
        return type(value)(made(item) for item in value)
    return {key: made(item) for key, item in value.items()} if type(value) is dict else value


def anything() -> st.SearchStrategy[object]:
    """Build values of any kind, nested, with keys of any kind."""
    texts = st.text(st.characters(), max_size=20)
    numbers = st.one_of(st.integers(), st.integers(min_value=2**64), st.floats(), st.complex_numbers(), st.decimals())
    times = st.one_of(st.datetimes(), st.dates(), st.times(), st.timedeltas(), st.uuids())
    objects = st.sampled_from(sorted(MADE)).map(Name)
    leaves = st.one_of(st.none(), st.booleans(), texts, st.binary(max_size=20), numbers, times, objects)
    keys = st.one_of(texts, st.integers(), st.floats(), st.none(), st.binary(max_size=5), st.tuples(st.floats(), texts))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=5),
            st.lists(inner, max_size=3).map(tuple),
            st.dictionaries(keys, inner, max_size=5),
            st.frozensets(st.one_of(st.integers(), texts), max_size=4),
        ),
        max_leaves=30,
    )


def in_a_ring(value: object) -> object:
    """Put a value into a list that contains itself."""
    ring: list[object] = [value]
    ring.append({"again": ring})
    return ring


class TestTotal:
    @given(anything())
    def test_anything_becomes_json(self, value: object) -> None:
        """Whatever is passed, the text is valid UTF-8 JSON of the very snapshot."""
        value = made(value)
        text = encode(value)

        assert snapshot(value) == json.loads(text.encode())

    @given(anything())
    def test_rings_end(self, value: object) -> None:
        """A value that contains itself says so where it comes again."""
        assert {"type": "list", "cycle": True} == snapshot(in_a_ring(made(value)))[1]["again"]

    @pytest.mark.parametrize("make", [Hostile, HostileMapping])
    def test_an_object_that_raises_is_its_type(self, make: type) -> None:
        """Neither `__class__`, `__repr__`, `__len__`, `items` nor any attribute of it matters."""
        assert {"type": f"{__name__}.{make.__qualname__}"} == snapshot(make())

    def test_one_that_raises_costs_its_neighbours_nothing(self) -> None:
        """What stands beside it is recorded."""
        taken = snapshot({"before": 1, "bad": Hostile(), "after": [2, HostileMapping()]})

        assert {"before": 1, "after": [2, {"type": f"{__name__}.HostileMapping"}]} == {
            key: item for key, item in taken.items() if key != "bad"
        }

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (OwnDict(a=1), {"a": 1}),
            (OwnList([1]), [1]),
            (OwnText("x"), "x"),
            (OwnNumber(7), 7),
        ],
        ids=["dict", "list", "str", "int"],
    )
    def test_what_a_subclass_overrides_is_not_run(self, value: object, expected: object) -> None:
        """The shapes of data are read through their base class."""
        assert expected == snapshot(value)

    def test_interrupts_are_the_users(self) -> None:
        """A KeyboardInterrupt that arrives meanwhile is not swallowed."""

        class Interrupted(Sequence[int]):
            def __getitem__(self, index: object) -> object:
                raise KeyboardInterrupt

            def __len__(self) -> int:
                return 1

        with pytest.raises(KeyboardInterrupt):
            snapshot([Interrupted()])

    def test_a_dictionary_that_changes_meanwhile_is_recorded(self) -> None:
        """Another thread may write into it at any moment."""
        shared = dict.fromkeys(range(ITEMS * 2), "x")
        done = threading.Event()

        def write() -> None:
            key = 0
            while not done.is_set():
                shared[-key] = "y"
                shared.pop(-key, None)
                key += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            sizes = {len(snapshot(shared)) for _ in range(50)}
        finally:
            done.set()
            writer.join()

        assert {ITEMS + 1} == sizes

    def test_near_the_end_of_the_stack_something_is_said(self) -> None:
        """A program that recurses deeply loses detail and nothing else."""

        def below(depth: int) -> object:
            return below(depth - 1) if depth else snapshot({"a": [{"b": 1}]})

        room = sys.getrecursionlimit() - len(list(iter_frames())) - 12

        assert isinstance(below(room), dict)

    def test_a_class_name_that_is_no_utf8_is_replaced(self) -> None:
        """A class can be given any name."""
        strange = type("Strange", (), {"__module__": "\ud800"})

        assert "\ud800" not in encode({"a": strange()})
        assert json.loads(encode(strange()))


def iter_frames() -> Iterator[types.FrameType]:
    """Yield the frames of this thread's stack."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


class TestBounded:
    @settings(max_examples=25, deadline=None)  # a mebibyte takes longer than a word
    @given(
        st.sampled_from(["a", "é", "日", "😀", "\x00", '"', "\\", "\ud800"]),
        st.sampled_from([1, 1000, TEXT - 1, TEXT + 1, LIMIT]),
        st.integers(1, 12),
    )
    def test_the_whole_fits_into_a_mebibyte(self, piece: str, length: int, count: int) -> None:
        """However long its texts are and however many bytes their characters take."""
        assert len(encode([piece * length] * count).encode()) <= LIMIT

    @pytest.mark.parametrize(
        "value",
        [
            [list(range(1000))] * 1000,
            [[""] * 1000] * 1000,
            [[[]] * 1000] * 1000,
            [[0.1234567890123456] * 1000] * 1000,
            {str(one): dict.fromkeys(map(str, range(1000)), "x") for one in range(1000)},
            [[object()] * 500] * 100,
            [["\x00" * 100] * 1000] * 100,
            1 << 40_000_000,
        ],
        ids=["numbers", "empty texts", "empty lists", "floats", "mappings", "objects", "escapes", "an integer"],
    )
    def test_many_small_values_fit_too(self, value: object) -> None:
        """What is shown is valid JSON, and the rest is left out."""
        text = encode(value)

        assert len(text.encode()) <= LIMIT
        assert json.loads(text)

    def test_a_long_text_shows_its_start_and_says_what_it_was(self) -> None:
        """Ten megabytes are a quarter of a mebibyte, the length and the hash of the whole."""
        text = "word " * 2_000_000
        taken = snapshot({"text": text})["text"]

        assert text[:TEXT] + f"… [10000000 characters, sha256 {sha256(text.encode()).hexdigest()}]" == taken

    def test_a_text_of_the_longest_length_is_whole(self) -> None:
        """The bound itself is inside."""
        assert "x" * TEXT == snapshot("x" * TEXT)

    def test_long_collections_show_a_thousand_items(self) -> None:
        """And how many are left out."""
        listed, mapped = snapshot([list(range(5000)), {str(one): one for one in range(5000)}])

        assert (ITEMS + 1, {"type": "list", "left_out": 4000}) == (len(listed), listed[-1])
        assert (ITEMS + 1, {"type": "dict", "left_out": 4000}) == (len(mapped), mapped["…"])

    def test_a_sequence_without_an_end_is_cut(self) -> None:
        """Nothing asks it for its length and believes it."""
        taken = snapshot(Endless())

        assert [1] * ITEMS == taken[:-1]

    def test_deep_values_are_cut(self) -> None:
        """Below a depth of 32, only the kind and the number of items are told."""
        value: object = "deep"
        for _ in range(100):
            value = [value]
        taken: object = snapshot(value)
        for _ in range(DEPTH):
            taken = taken[0]

        assert {"type": "list", "left_out": 1} == taken

    def test_iterators_are_never_advanced(self) -> None:
        """A generator, a file-like object and a map still hold everything afterwards."""
        ahead = (number for number in range(3))
        mapped = map(str, range(3))
        snapshot([ahead, mapped, {"again": ahead}])

        assert [0, 1, 2] == list(ahead)
        assert ["0", "1", "2"] == list(mapped)

    def test_a_view_of_a_value_is_no_door_into_it(self) -> None:
        """What the program does to the value afterwards does not change what was recorded."""
        value = {"list": [1], "dict": {"a": 1}}
        taken = snapshot(value)
        value["list"].append(2)
        value["dict"]["b"] = 2

        assert {"list": [1], "dict": {"a": 1}} == taken


class TestShapes:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"a": 1, "b": None, "c": True}, {"a": 1, "b": None, "c": True}),
            ((1, (2,)), [1, [2]]),
            ({3, 1, 2}, [1, 2, 3]),
            (collections.deque([1, 2]), [1, 2]),
            (array.array("i", [1, 2]), [1, 2]),
            (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
            (types.MappingProxyType({"a": 1}), {"a": 1}),
            (collections.ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
            ({"a": 1}.keys(), ["a"]),
            ({"a": 1}.values(), [1]),
            ({"a": 1}.items(), [["a", 1]]),
            (Point(1, 2), {"x": 1, "y": 2}),
            (Profile("Ada", ["maths"]), {"name": "Ada", "skills": ["maths"]}),
            (Job("Engineer", Decimal("1.50")), {"title": "Engineer", "salary": "1.50"}),
            (Typed(name="Ada"), {"name": "Ada"}),
            (Listing({"a": [1]}), {"a": [1]}),
            (Colour.RED, "red"),
            (float("nan"), "NaN"),
            (-float("inf"), "-Infinity"),
            (2**63, "9223372036854775808"),
            ("a\ud800b", "a�b"),
            ("\ud83d\ude00", "😀"),
            (b"abc", {"type": "bytes", "size": 3, "sha256": sha256(b"abc").hexdigest()}),
            (dict, {"type": "type", "name": "dict"}),
            (json.loads, {"type": "function", "name": "json.loads"}),
            ([].append, {"type": "builtin_function_or_method", "name": "None.list.append"}),
            (object(), {"type": "object"}),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_every_shape_of_data(self, value: object, expected: object) -> None:
        """Data is recorded as data, anything else by its type."""
        assert expected == snapshot(value)

    def test_what_pydantic_excludes_is_left_out(self) -> None:
        """And what is named like a secret is masked, in models as in mappings."""
        assert {"name": "Ada", "token": SECRET} == snapshot(Candidate(name="Ada", token="hunter2"))  # noqa: S106 - made up

    def test_text_is_not_escaped(self) -> None:
        """A reader in Jaeger sees the words."""
        assert '{"名":"日本 😀"}' == encode({"名": "日本 😀"})

    def test_keys_that_are_no_text_get_names_of_their_own(self) -> None:
        """A text keeps its name, another key of the same name is counted."""
        taken = snapshot({1: "a", "1": "b", None: "c", False: "d", b"x": "e", (1, 2): "f", Colour.RED: "g", 1.5: "h"})

        assert {
            "1 (2)": "a",
            "1": "b",
            "null": "c",
            "false": "d",
            "x": "e",
            "[1,2]": "f",
            "red": "g",
            "1.5": "h",
        } == taken

    def test_long_keys_are_cut(self) -> None:
        """A mapping by whole documents keeps its shape."""
        taken = snapshot({"k" * 100_000: 1})

        assert [("k" * 256, 1)] == [(key.partition("…")[0], item) for key, item in taken.items()]


class TestSecrets:
    @pytest.mark.parametrize("make", [lambda: OpenAI(api_key=KEYS[0]), lambda: {"client": OpenAI(api_key=KEYS[0])}])
    def test_a_client_is_recorded_by_its_type_only(self, make: Callable[[], object]) -> None:
        """Its attributes hold its key."""
        text = encode(make())

        assert '{"type":"openai.OpenAI"}' in text
        assert KEYS[0] not in text

    @given(st.sampled_from(["api_key", "password", "Authorization", "clientSecret", "X-Api-Key"]), anything())
    def test_values_under_secret_names_are_masked(self, name: str, value: object) -> None:
        """Whatever they are, unless there is nothing to hide."""
        value = made(value)
        nothing = value is None or type(value) is bool or (type(value) in {str, bytes, list, tuple, dict} and not value)
        taken = snapshot({"deep": [{name: value}]})

        assert ({"deep": [{name: snapshot(value)}]} if nothing else {"deep": [{name: SECRET}]}) == taken

    @pytest.mark.parametrize("key", KEYS)
    @pytest.mark.parametrize(
        "where", ["text", "list", "name", "after a cut", "across the cut", "in a model", "escaped"]
    )
    def test_known_keys_are_masked_wherever_they_stand(self, key: str, where: str) -> None:
        """Also in the name of a field, and where a text was cut."""
        places: dict[str, object] = {
            "text": f"use {key} here",
            "list": [["a", key], (key,)],
            "name": {key: 1},
            "after a cut": "x " * LIMIT + key,
            "across the cut": "x " * ((TEXT - 10) // 2) + key + " y" * LIMIT,
            "in a model": Profile(key, [f"a\n{key}\n"]),
            "escaped": f'"\n{key}\t"',
        }
        text = encode(places[where])

        assert key[:14] not in text
        assert text == mask_text(text)

    def test_listed_names_and_pairs_are_understood(self) -> None:
        """Environments and headers come as names and values, or as pairs."""
        listed = [{"name": "API_KEY", "value": "abc"}, {"key": "color", "value": "red"}, ("Authorization", "Bearer x")]

        assert [{"name": "API_KEY", "value": SECRET}, {"key": "color", "value": "red"}, ["Authorization", SECRET]] == (
            snapshot(listed)
        )

    def test_a_secret_name_in_bytes_is_one(self) -> None:
        """Header names often are bytes."""
        assert {"password": SECRET} == snapshot({b"password": "hunter2"})

    def test_counts_of_tokens_are_no_secrets(self) -> None:
        """What is measured stays."""
        usage = {"max_tokens": 5, "input_tokens": 7, "author": "Ada"}

        assert usage == snapshot(usage)
