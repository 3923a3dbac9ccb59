from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.exceptions import UsageError
from orchestrace.recording.outcomes.statement import FIELDS, state
from orchestrace.recording.text import label

REFERENCE = f"{'a' * 32}-{'b' * 16}-6955b900"
KEY = "sk-proj-" + "a1B2" * 12


class Stage(enum.Enum):
    """Where a candidate is."""

    HIRED = "hired"


@dataclass
class Reply:
    """What came back."""

    words: int


class Hostile:
    """Fails wherever it is asked."""

    def __float__(self) -> float:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError


class TestRun:
    def test_a_reference_names_trace_span_and_second(self) -> None:
        """In whatever case it was kept."""
        ids = ("a" * 32, "b" * 16, 0x6955B900 * 10**9)

        assert [ids, ids] == [state("n", reference=one).run for one in (REFERENCE, f" {REFERENCE.upper()}\n")]

    def test_a_key_is_written_as_it_stands_on_spans(self) -> None:
        """By the same function: a text of at most 256 characters, in which no secret is."""
        assert ("417", label("x" * 999)) == (state("n", key=417).key, state("n", key="x" * 999).key)
        assert "sk-proj" not in str(state("n", key=KEY).key)

    @pytest.mark.parametrize("nothing", [{}, {"reference": ""}, {"key": ""}, {"reference": None, "key": None}])
    def test_one_of_the_two_is_needed(self, nothing: Any) -> None:
        """What `reference` is outside of a run is none."""
        with pytest.raises(UsageError, match=r"reference=.*key="):
            state("n", **nothing)

    @pytest.mark.parametrize(
        "reference", ["abc", REFERENCE[:-1], REFERENCE + "0", f"{'0' * 32}{REFERENCE[32:]}", 5, REFERENCE.encode()]
    )
    def test_a_malformed_reference_is_an_error(self, reference: Any) -> None:
        """Also beside a key: who gives it has lost something of it."""
        with pytest.raises(UsageError, match="no reference of a run"):
            state("n", reference=reference, key="job-1")

    def test_an_error_shows_no_secret(self) -> None:
        """Somebody may have mixed up their variables."""
        with pytest.raises(UsageError) as raised:
            state("n", reference=KEY)

        assert KEY not in str(raised.value)


class TestName:
    @pytest.mark.parametrize("name", ["", " ", None, 5, b"n"])
    def test_is_a_text(self, name: Any) -> None:
        """With something in it."""
        with pytest.raises(UsageError, match="needs a name"):
            state(name, key="job-1")


class TestValue:
    @pytest.mark.parametrize(
        ("given", "said", "score"),
        [
            (None, None, None),
            (True, True, 1.0),
            (0, 0, 0.0),
            (4.5, 4.5, 4.5),
            (Decimal("4.50"), 4.5, 4.5),
            (Fraction(1, 2), 0.5, 0.5),
            ("hired", "hired", None),
            (Stage.HIRED, "hired", None),
            ("4", "4", None),
            (date(2026, 3, 1), "2026-03-01", None),
            (2**70, str(2**70), None),
            (float("nan"), "NaN", None),
            ({"stars": [4, 5]}, '{"stars":[4,5]}', None),
            (Reply(3), '{"words":3}', None),
        ],
    )
    def test_is_a_single_value_or_json(self, given: Any, said: Any, score: float | None) -> None:
        """A number, also of another library, and yes or no are scores."""
        statement = state("n", given, key="job-1")

        assert (said, type(said), score) == (statement.value, type(statement.value), statement.score)

    def test_a_strangers_object_is_named_by_its_type(self) -> None:
        """Whatever its methods do."""
        assert "Hostile" in str(state("n", Hostile(), key="job-1").value)

    @given(st.from_type(object) | st.recursive(st.text() | st.floats() | st.binary(), st.lists))
    def test_anything_can_be_given(self, given: Any) -> None:
        """Each argument takes whatever it is handed, or says what is wrong."""
        for field in FIELDS:
            try:
                state(**{"name": "n", "key": "job-1", field: given})
            except UsageError:
                assert field in {"name", "reference", "at", "key"}


class TestSecrets:
    @pytest.mark.parametrize("field", ["name", "value", "key", "agent", "source", "rater", "comment", "correction"])
    def test_are_masked(self, field: str) -> None:
        """In everything that is stored."""
        statement = state(**{"name": "n", "key": "job-1", field: f"the key is {KEY}"})

        assert KEY not in repr(statement)
        assert "[masked:" in repr(statement)
