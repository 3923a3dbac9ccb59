from __future__ import annotations

import dataclasses
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import MappingProxyType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple, NoReturn

import attrs
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.evaluations import Evaluation, named, read_evaluations
from orchestrace.recording.guard import faults


class Tone(Evaluation):
    """An evaluation of the user's own."""


@dataclasses.dataclass(frozen=True)
class Detailed(Evaluation):
    details: str = ""


class Broken(Evaluation):
    def __getattribute__(self, name: str) -> object:
        if name == "feedback":
            raise ZeroDivisionError
        return object.__getattribute__(self, name)


class Label(Enum):
    FORMAL = "formal"


class Verdict(pydantic.BaseModel):
    score: float
    passed: bool
    reasoning: str = "because"


class Verdicts(pydantic.RootModel[list[Verdict]]):
    pass


@dataclasses.dataclass
class Judgement:
    feedback: str
    label: Label = Label.FORMAL


@attrs.define
class Grade:
    score: int


class Named(NamedTuple):
    ok: bool
    why: str


class Scored(NamedTuple):
    score: float
    notes: str


class Other(pydantic.BaseModel):
    rating: float
    ok: bool
    notes: str


class Hostile:
    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise ZeroDivisionError

    def __getattr__(self, name: str) -> NoReturn:
        raise ZeroDivisionError(name)

    def __float__(self) -> NoReturn:
        raise ZeroDivisionError


class HostileMapping(Mapping[str, object]):
    def __getitem__(self, key: str) -> NoReturn:
        raise ZeroDivisionError

    def __iter__(self) -> Iterator[str]:
        raise ZeroDivisionError

    def __len__(self) -> int:
        raise ZeroDivisionError


def kind(value: object) -> str:
    """Name a case after the type of its value."""
    return type(value).__name__


class TestEvaluation:
    def test_fields_stand_in_the_order_of_the_contract(self) -> None:
        """And all of them may be left out."""
        assert Evaluation(0.4, "formal", False, "too formal", "tone") == Evaluation(  # noqa: FBT003 - the order
            score=0.4, label="formal", passed=False, feedback="too formal", name="tone"
        )
        assert (None,) * 5 == dataclasses.astuple(Evaluation())

    def test_the_programs_values_are_not_touched(self) -> None:
        """What is of the wrong type is left out of the record, not of the program."""
        assert Evaluation(score="0.4").score == "0.4"  # type: ignore[arg-type]
        assert type(Evaluation(score=1).score) is int

    def test_is_frozen(self) -> None:
        """What was recorded is what was returned."""
        with pytest.raises(dataclasses.FrozenInstanceError):
            Evaluation().score = 1  # type: ignore[misc]


class TestOne:
    @pytest.mark.parametrize(
        ("result", "expected"),
        [
            (Evaluation(0.4, "l", True, "f", "n"), Evaluation(0.4, "l", True, "f", "n")),  # noqa: FBT003 - the order
            (Tone(score=1), Evaluation(score=1.0)),
            (Detailed(passed=True, details="x"), Evaluation(passed=True)),
            (True, Evaluation(passed=True)),
            (False, Evaluation(passed=False)),
            (0.4, Evaluation(score=0.4)),
            (0, Evaluation(score=0.0)),
            (Decimal("0.5"), Evaluation(score=0.5)),
            (Fraction(1, 2), Evaluation(score=0.5)),
            ("too formal", Evaluation(feedback="too formal")),
            ("", Evaluation(feedback="")),
            ((True, "fine"), Evaluation(passed=True, feedback="fine")),
            (("no", 0.1, False), Evaluation(score=0.1, passed=False, feedback="no")),
            ({"score": 0.4, "passed": False, "issues": ["x"]}, Evaluation(score=0.4, passed=False)),
            ({"label": Label.FORMAL, "name": "tone"}, Evaluation(label="formal", name="tone")),
            (MappingProxyType({"feedback": "f"}), Evaluation(feedback="f")),
            (OrderedDict(passed=True), Evaluation(passed=True)),
            (Verdict(score=0.4, passed=True), Evaluation(score=0.4, passed=True)),
            (Judgement("f"), Evaluation(feedback="f", label="formal")),
            (Grade(3), Evaluation(score=3.0)),
            (Scored(0.4, "x"), Evaluation(score=0.4)),
            (Named(ok=True, why="fine"), Evaluation(passed=True, feedback="fine")),
        ],
        ids=kind,
    )
    def test_what_says_one_thing_is_one_evaluation(self, result: object, expected: Evaluation) -> None:
        """Values, mappings, models, and tuples of different values."""
        assert [expected] == read_evaluations(result)

    @pytest.mark.parametrize(
        ("result", "expected"),
        [
            ({"score": True}, Evaluation(passed=True)),
            ({"score": True, "passed": False}, Evaluation(passed=False)),
            (Evaluation(score=False), Evaluation(passed=False)),
        ],
    )
    def test_a_bool_is_no_score(self, result: object, expected: Evaluation) -> None:
        """It says whether it passed, unless something else says so."""
        assert [expected] == read_evaluations(result)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"score": float("nan")},
            {"score": float("inf")},
            {"score": 10**400},
            {"score": "0.4"},
            {"score": 1j},
            {"score": [1]},
            {"label": 3},
            {"passed": "yes"},
            {"passed": 1},
            {"feedback": ["a", "b"]},
            {"name": 7},
        ],
        ids=str,
    )
    def test_a_field_of_the_wrong_type_is_left_out(self, wrong: dict[str, Any]) -> None:
        """The others are read."""
        given = {"score": 0.5, "label": "l", "passed": True, "feedback": "f", "name": "n"}
        expected = Evaluation(**{**given, **dict.fromkeys(wrong)})  # type: ignore[arg-type]

        assert [expected] == read_evaluations({**given, **wrong})
        assert [expected] == read_evaluations(Evaluation(**{**given, **wrong}))  # type: ignore[arg-type]

    def test_a_field_that_raises_is_left_out(self) -> None:
        """A subclass may compute it."""
        assert [Evaluation(score=1.0)] == read_evaluations(Broken(score=1))

    def test_bools_and_numbers_of_numpy_are_read(self) -> None:
        """Comparing what it computed gives its own bool."""
        numpy = pytest.importorskip("numpy")

        assert [Evaluation(passed=True)] == read_evaluations(numpy.float32(0.5) > 0)
        assert [Evaluation(score=0.5)] == read_evaluations(numpy.float32(0.5))
        assert [] == read_evaluations(numpy.array([0.5]))

    def test_a_module_that_is_only_called_numpy_does_no_harm(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It need not have what numpy has."""
        monkeypatch.setitem(sys.modules, "numpy", ModuleType("numpy"))

        assert [Evaluation(passed=True)] == read_evaluations(True)  # noqa: FBT003 - the result


class TestSeveral:
    def test_a_list_is_read_one_by_one(self) -> None:
        """Of anything that is one; the rest is left out."""
        result = [
            Evaluation(score=1, name="a"),
            True,
            None,
            {"score": 2, "name": "b"},
            object(),
            "f",
            Verdict(score=3, passed=True),
        ]

        assert [
            Evaluation(score=1.0, name="a"),
            Evaluation(passed=True),
            Evaluation(score=2.0, name="b"),
            Evaluation(feedback="f"),
            Evaluation(score=3.0, passed=True),
        ] == read_evaluations(result)

    def test_a_tuple_of_equal_kinds_is_several(self) -> None:
        """Two scores are not one evaluation."""
        assert [Evaluation(score=0.4), Evaluation(score=0.6)] == read_evaluations((0.4, 0.6))

    def test_a_mapping_names_them(self) -> None:
        """An evaluation that has a name keeps its own."""
        result = {
            "tone": True,
            "length": 0.4,
            "facts": "wrong year",
            "style": Evaluation(score=1),
            "own": Evaluation(score=2, name="mine"),
            "deep": {"passed": False},
            "nothing": None,
            7: True,
        }

        assert [
            Evaluation(passed=True, name="tone"),
            Evaluation(score=0.4, name="length"),
            Evaluation(feedback="wrong year", name="facts"),
            Evaluation(score=1.0, name="style"),
            Evaluation(score=2.0, name="mine"),
            Evaluation(passed=False, name="deep"),
        ] == read_evaluations(result)

    def test_names_that_are_fields_too_are_names_where_they_cannot_be_fields(self) -> None:
        """`feedback` may be what is judged."""
        assert [Evaluation(passed=True, name="feedback"), Evaluation(passed=False, name="tone")] == read_evaluations(
            {"feedback": True, "tone": False}
        )

    def test_a_root_model_is_its_root(self) -> None:
        """Structured output of a model may be a list of verdicts."""
        verdicts = Verdicts([Verdict(score=1, passed=True), Verdict(score=2, passed=False)])

        assert [Evaluation(score=1.0, passed=True), Evaluation(score=2.0, passed=False)] == read_evaluations(verdicts)

    def test_there_is_an_end_to_it(self) -> None:
        """A span can hold only so many."""
        results = [[True] * 5000, dict.fromkeys(map(str, range(5000)), 1)]

        assert [1000, 1000] == [len(read_evaluations(result)) for result in results]


class TestNothing:
    @pytest.mark.parametrize(
        "result",
        [
            *(
                None,
                object(),
                [],
                {},
                (),
                set(),
                {True},
                b"x",
                1j,
                float("nan"),
                Evaluation(),
                Evaluation(name="n"),
                int,
            ),
            *(Other(rating=1, ok=True, notes="n"), SimpleNamespace(score=1), iter([True])),
        ],
        ids=kind,
    )
    def test_what_says_nothing_is_no_evaluation(self, result: object) -> None:
        """Nothing is invented, and nothing raised."""
        assert [] == read_evaluations(result)

    @pytest.mark.parametrize("make", [Hostile, HostileMapping])
    def test_an_object_that_raises_is_no_evaluation(self, make: type) -> None:
        """Alone as in a list."""
        assert [] == read_evaluations(make())
        assert [] == read_evaluations(make(), {"score": "a"})

    def test_iterators_are_not_advanced(self) -> None:
        """They are the program's."""
        ahead = iter([True])
        read_evaluations(ahead)

        assert [True] == list(ahead)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text() | st.binary() | st.just(Hostile),
            lambda inner: (
                st.lists(inner)
                | st.tuples(inner, inner)
                | st.dictionaries(st.text() | st.sampled_from(["score", "passed"]), inner)
            ),
        ),
        st.none()
        | st.text()
        | st.dictionaries(st.sampled_from(["score", "label", "passed", "feedback", "x"]), st.text()),
    )
    def test_is_total(self, result: object, read: Any) -> None:
        """Whatever comes, the fields have the types that they say."""
        for one in read_evaluations(result, read):
            types = [(one.score, float), (one.label, str), (one.passed, bool), (one.feedback, str), (one.name, str)]

            assert all(value is None or type(value) is expected for value, expected in types)


class TestRead:
    def test_a_mapping_finds_the_fields(self) -> None:
        """Paths and callables, over whatever the evaluator returned."""
        read = {"score": "rating", "passed": "ok", "feedback": lambda result: result.notes.upper(), "label": "nothing"}

        assert [Evaluation(score=0.5, passed=True, feedback="FINE")] == read_evaluations(
            Other(rating=0.5, ok=True, notes="fine"), read
        )

    def test_any_object_can_be_read_so(self) -> None:
        """Its author says what is what."""
        assert [Evaluation(score=3.0, name="n")] == read_evaluations(
            SimpleNamespace(a=SimpleNamespace(b=3), c="n"), {"score": "a.b", "name": "c"}
        )

    def test_a_path_or_callable_finds_what_is_then_read(self) -> None:
        """As if the evaluator had returned it."""
        result = {"usage": 7, "verdict": {"tone": True, "length": 0.4}}
        expected = [Evaluation(passed=True, name="tone"), Evaluation(score=0.4, name="length")]

        assert expected == read_evaluations(result, "verdict")
        assert expected == read_evaluations(result, lambda given: given["verdict"])

    @pytest.mark.parametrize("read", ["nothing.there", {"score": "x"}, {}, {"unknown": "ok"}], ids=str)
    def test_what_is_not_there_is_nothing(self, read: Any) -> None:
        """And no error."""
        assert [] == read_evaluations({"ok": True}, read)

    def test_a_selector_that_raises_costs_its_field_alone(self) -> None:
        """It is reported."""
        before = faults().get("selector", 0)
        read = {"score": lambda result: result / 0, "passed": lambda result: result > 0}

        assert [Evaluation(passed=True)] == read_evaluations(1, read)
        assert before + 1 == faults()["selector"]


class TestNamed:
    def test_gives_a_name_to_those_that_have_none(self) -> None:
        """The others keep theirs."""
        assert [Evaluation(score=1, name="tone"), Evaluation(score=2, name="own")] == named(
            [Evaluation(score=1), Evaluation(score=2, name="own")], "tone"
        )
