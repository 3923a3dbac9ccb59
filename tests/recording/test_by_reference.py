from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import orchestrace
from orchestrace.exceptions import UsageError
from orchestrace.recording import by_reference
from orchestrace.recording.by_reference import ByReference, Referred, fingerprint, is_referred, referred
from orchestrace.recording.guard import faults
from orchestrace.recording.snapshot import LIMIT, encode, snapshot

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), inner, max_size=5)
    ),
    max_leaves=20,
)


@dataclasses.dataclass
class Candidate:
    id: str
    name: str = "Ada"
    skills: list[str] = dataclasses.field(default_factory=list)


class Senior(Candidate):
    pass


class Profile(pydantic.BaseModel):
    id: str
    name: str = "Ada"
    skills: list[str] = []


@attrs.define
class Job:
    uri: str
    title: str = "Engineer"


class Row:
    """An object of a database library: no data that a snapshot would show."""

    def __init__(self, key: object) -> None:
        self.pk = key


@pytest.fixture(autouse=True)
def _unregistered() -> Iterator[None]:
    """Leave no registration behind."""
    yield
    by_reference._registered.clear()
    by_reference._selector_of.cache_clear()


def canonical(value: object) -> str:
    """Hash JSON as the documentation says."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def kind(name: str) -> str:
    """Return a type of this module, as it is recorded."""
    return f"{__name__}.{name}"


class TestFingerprint:
    def test_it_is_the_hash_of_canonical_json(self) -> None:
        """Anybody can compute it."""
        data = {"id": "c-7", "name": "Zoë", "skills": ["C", "Go"]}

        assert canonical(data) == fingerprint(data) == fingerprint(Candidate("c-7", "Zoë", ["C", "Go"]))
        assert canonical(data) == fingerprint(Profile(id="c-7", name="Zoë", skills=["C", "Go"]))

    @given(JSON)
    def test_any_json_has_the_one_of_its_text(self, value: object) -> None:
        """Unless something in it is masked."""
        if encode(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")):
            assert canonical(value) == fingerprint(value)

    @settings(max_examples=30)
    @given(st.dictionaries(st.text(), JSON, max_size=5), st.randoms())
    def test_the_order_of_names_does_not_matter(self, value: dict[str, object], random: Any) -> None:
        """A database does not keep it."""
        names = list(value)
        random.shuffle(names)

        assert fingerprint(value) == fingerprint({name: value[name] for name in names})

    @given(JSON)
    def test_data_that_were_stored_have_the_same(self, value: object) -> None:
        """That is what it is for."""
        assert fingerprint(value) == fingerprint(json.loads(json.dumps(value)))

    def test_other_data_have_another(self) -> None:
        """Deep inside, and beyond what a snapshot shows."""
        long = ["x" * 300_000, *range(5000)]

        assert fingerprint([[1, {"a": 1}]]) != fingerprint([[1, {"a": 2}]])
        assert fingerprint(long) != fingerprint([*long, 1])
        assert snapshot(long) == snapshot([*long[:1], *range(5000)])
        assert canonical(long) == fingerprint(long)

    def test_it_is_the_same_in_every_process(self) -> None:
        """Sets have another order in each."""
        code = "import orchestrace; print(orchestrace.fingerprint({'a': {'x', 'y', 'z', 'w'}, 'b': 1.5}))"
        run = [sys.executable, "-c", code]
        done = {subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in range(3)}  # noqa: S603 - ours

        assert {f"{fingerprint({'b': 1.5, 'a': {'w', 'z', 'y', 'x'}})}\n"} == done

    def test_secrets_are_not_in_it(self) -> None:
        """The hash of a short one could be guessed."""
        assert fingerprint({"id": 1, "password": "hunter2"}) == fingerprint({"id": 1, "password": "hunter3"})

    @pytest.mark.parametrize("value", [object(), Row(1), iter([1]), lambda: 1][:3])
    def test_what_is_no_data_has_none(self, value: object) -> None:
        """Its type is nothing to compare."""
        assert fingerprint(value) is None

    def test_too_much_has_none(self) -> None:
        """Rather than one of a part."""
        deep: Any = 1
        for _ in range(200):
            deep = [deep]

        assert fingerprint("x" * (17 << 20)) is None
        assert fingerprint(deep) is None

    def test_a_ring_has_one(self) -> None:
        """It ends."""
        ring: list[Any] = [1]
        ring.append(ring)

        assert fingerprint(ring) == fingerprint(ring)


class TestRegistered:
    def test_a_value_is_a_reference_wherever_it_stands(self) -> None:
        """At the top, in a list, in another model, as a value of a mapping."""
        orchestrace.register_reference(Candidate, "id")
        one = Candidate("c-7")
        expected = {"type": kind("Candidate"), "id": "c-7", "sha256": fingerprint(one)}

        assert expected == snapshot(one)
        assert {"best": expected, "all": [expected]} == snapshot({"best": one, "all": [one]})

    def test_the_hash_is_that_of_the_whole(self) -> None:
        """Whatever else in it is registered."""
        orchestrace.register_reference(Candidate, "id")
        orchestrace.register_reference(Job, "uri")
        both = {"candidate": Candidate("c-7"), "job": Job("https://jobs.example/1")}
        plain = {"candidate": dataclasses.asdict(both["candidate"]), "job": attrs.asdict(both["job"])}  # type: ignore[call-overload] # both are what they are

        assert fingerprint(plain) == fingerprint(both)

    def test_subclasses_are_too(self) -> None:
        """Unless they have a registration of their own; the last one counts."""
        orchestrace.register_reference(Candidate, "name")
        assert "Ada" == snapshot(Senior("c-7"))["id"]  # type: ignore[call-overload,index] # a reference
        orchestrace.register_reference(Candidate, "id")
        orchestrace.register_reference(Senior, lambda one: f"senior-{one.id}")

        assert ["c-7", "senior-c-8"] == [one["id"] for one in snapshot([Candidate("c-7"), Senior("c-8")])]  # type: ignore[call-overload,index,union-attr] # references

    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            ("c-7", {"id": "c-7"}),
            (7, {"id": 7}),
            (UUID(int=7), {"id": str(UUID(int=7))}),
            (("eu", 7), {"id": ["eu", 7]}),
            ("https://crm.example/c/7", {"uri": "https://crm.example/c/7"}),
            ("s3://bucket/c 7", {"id": "s3://bucket/c 7"}),
            ("urn:uuid:7", {"uri": "urn:uuid:7"}),
            (Path("c/7"), {"id": "c/7"}),
            (None, {}),
            ("", {}),
            (True, {}),
            ({"a": 1}, {}),
            (object(), {}),
        ],
    )
    def test_what_is_found_is_an_id_or_a_uri(self, found: object, expected: dict[str, object]) -> None:
        """What is neither is left out."""
        orchestrace.register_reference(Row, "pk")

        assert {"type": kind("Row"), **expected} == snapshot(Row(found))

    def test_a_selector_that_fails_costs_the_id_alone(self) -> None:
        """It is reported, and the program goes on."""
        before = faults().get("selector", 0)
        orchestrace.register_reference(Candidate, lambda one: one.no_such_thing)
        one = Candidate("c-7")

        assert {"type": kind("Candidate"), "sha256": fingerprint(one)} == snapshot(one)
        assert before + 1 == faults()["selector"]

    def test_what_is_only_partly_data_says_so(self) -> None:
        """Its hash is that of the part which a reader can compare."""
        orchestrace.register_reference(Candidate, "id")
        taken: Any = snapshot(Candidate("c-7", skills=[object()]))  # type: ignore[list-item] # that is the point

        assert (True, 64) == (taken["partial"], len(taken["sha256"]))

    @pytest.mark.parametrize("wrong", [str, dict, list, object, "Candidate", None, 5])
    def test_types_of_python_are_refused(self, wrong: Any) -> None:
        """Everything would be recorded by reference."""
        with pytest.raises(UsageError, match="a class of your own"):
            orchestrace.register_reference(wrong, "id")

    @pytest.mark.parametrize("wrong", [None, "", 5])
    def test_a_selector_is_needed(self, wrong: Any) -> None:
        """A path or a callable."""
        with pytest.raises(UsageError, match="path over the value"):
            orchestrace.register_reference(Candidate, wrong)

    def test_many_large_ones_fit(self) -> None:
        """However large the data, and whatever budget the whole has."""
        orchestrace.register_reference(Candidate, "id")
        document = encode([Candidate(str(number), "x" * 3000) for number in range(900)])

        assert len(document) < LIMIT
        assert 900 == document.count("sha256")


class TestReferred:
    @pytest.mark.parametrize(
        ("value", "selector", "expected"),
        [
            (Candidate("c-7"), None, {"id": "c-7"}),
            (Candidate("c-7"), "name", {"id": "Ada"}),
            (Profile(id="c-7"), None, {"id": "c-7"}),
            (Job("https://jobs.example/1"), None, {"uri": "https://jobs.example/1"}),
            ({"id": 7, "name": "Ada"}, None, {"id": 7}),
            ({"name": "Ada"}, None, {}),
            ("a long text", None, {}),
            ([1, 2], None, {}),
        ],
    )
    def test_any_value_can_be(self, value: object, selector: Any, expected: dict[str, object]) -> None:
        """Fields that are called so say which it is, where nothing else does."""
        taken: Any = snapshot(Referred(value, selector))

        assert expected == {name: said for name, said in taken.items() if name in {"id", "uri"}}
        assert fingerprint(value) == taken["sha256"]

    def test_a_list_of_entities_is_a_list_of_references(self) -> None:
        """Each can be looked up."""
        values = [Candidate("c-7"), Candidate("c-8")]
        taken: Any = snapshot(Referred(values))

        assert ["c-7", "c-8"] == [one["id"] for one in taken]

    def test_nothing_is_nothing(self) -> None:
        """There is no data to refer to."""
        assert snapshot(Referred(None)) is None

    def test_arguments_are_told_apart(self) -> None:
        """Only those that are named."""
        found = referred({"a": 1, "b": 2}, {"b": "id", "c": None})

        assert {"a": 1, "b": Referred(2, "id")} == found
        assert [False, True] == [is_referred(one) for one in found.values()]

    def test_a_hostile_class_is_no_reference(self) -> None:
        """Whatever its metaclass does."""

        class Meta(type):
            __hash__ = None  # type: ignore[assignment] # that is the point

        class Odd(metaclass=Meta):
            pass

        orchestrace.register_reference(Candidate, "id")

        assert not is_referred(Odd())
        assert {"type": "…"}.keys() == snapshot(Odd()).keys()  # type: ignore[union-attr] # a mapping

    def test_the_mark_needs_no_selector(self) -> None:
        """It may be a type's own."""
        assert ByReference() == ByReference(None)
