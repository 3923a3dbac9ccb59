from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace import conventions as names
from orchestrace.recording.outcomes.outcome import Outcome, outcome_of
from orchestrace.recording.outcomes.records import NOTHING, Earlier, KnownRun
from orchestrace.recording.outcomes.statement import Statement, state

SECOND = 1_000_000_000
STARTED = 0x6955B900
REFERENCE = f"{'a' * 32}-{'b' * 16}-{STARTED:08x}"
RUN: dict[str, Any] = {
    names.AGENT_NAME: "Crafter",
    names.AGENT_VERSION: "1.4",
    names.KEY: "job-1",
    names.SESSION_ID: "s",
    names.TENANT: "t",
    names.PROMPTS_PREFIX + "draft": "sourcing/draft@3",
    names.EXPERIMENT_PREFIX + "tone": "warm",
    names.TAG_PREFIX + "trial": True,
    names.INPUT_VALUE: "CANARY",
    names.SUMMARY: "CANARY",
}


class Known:
    """One run, and what is said of it."""

    def __init__(self, run: KnownRun | None = None, *said: Earlier) -> None:
        self._run = run
        self._said = said

    def run(self, trace_id: str, span_id: str) -> KnownRun | None:
        return self._run if self._run and (trace_id, span_id) == (self._run.trace_id, self._run.span_id) else None

    def latest(self, key: str, agent: str | None, at: int) -> KnownRun | None:
        return self._run if self._run and key == self._run.attributes[names.KEY] else None

    def outcome(self, trace_id: str, span_id: str) -> Earlier | None:
        return next((one for one in self._said if one.span_id == span_id), None)

    def last(self, trace_id: str, parent_id: str | None, said: Statement) -> Earlier | None:
        return self._said[-1] if self._said else None


def run(end: int | None = (STARTED + 30) * SECOND, **fields: Any) -> KnownRun:
    """Return a run of 30 seconds."""
    return KnownRun("a" * 32, "b" * 16, STARTED * SECOND, end, RUN, **fields)


def made(name: str = "replied", value: Any = None, known: Any = NOTHING, **given: Any) -> Outcome:
    """Return what becomes of a statement."""
    return outcome_of(state(name, value, **{"reference": REFERENCE, **given}), known)


def by_key(value: Any = None, known: Any = NOTHING, **given: Any) -> Outcome:
    """Return what becomes of a statement about a key."""
    return outcome_of(state("replied", value, **given), known)


class TestPlace:
    def test_of_a_known_run_is_its_end(self) -> None:
        """So that the waterfall of the trace keeps its length; a microsecond long."""
        outcome = made(known=Known(run()), at=STARTED + 99_999)
        end = (STARTED + 30) * SECOND

        assert ("a" * 32, "b" * 16) == (outcome.trace_id, outcome.parent_id)
        assert (end - 1_000, end) == (outcome.start, outcome.end)

    def test_of_a_run_that_goes_on_is_now(self) -> None:
        """And never before it began, whatever the clocks say."""
        future = KnownRun("a" * 32, "b" * 16, 2**62, None, RUN)

        assert (STARTED * SECOND < made(known=Known(run(end=None))).start) is True
        assert 2**62 == made(known=Known(future)).start

    def test_of_an_unknown_run_is_what_its_reference_says(self) -> None:
        """The end of the second in which it started: not before it."""
        outcome = made()

        assert ("a" * 32, "b" * 16, (STARTED + 1) * SECOND) == (outcome.trace_id, outcome.parent_id, outcome.start)

    def test_of_a_known_key_is_the_run(self) -> None:
        """As if its reference had been given."""
        outcome = by_key(key="job-1", known=Known(run()))

        assert made(known=Known(run())).span_id == outcome.span_id
        assert ("a" * 32, "b" * 16) == (outcome.trace_id, outcome.parent_id)

    def test_of_an_unknown_key_is_a_trace_of_its_own(self) -> None:
        """One for each key and agent, at the time of the outcome."""
        one, two = by_key(key="job-2", at=5), by_key(key="job-2", at=5, rater="r")
        other = by_key(key="job-2", agent="Crafter")

        assert (None, 5 * SECOND, 32) == (one.parent_id, one.start, len(one.trace_id))
        assert (True, False) == (one.trace_id == two.trace_id, one.trace_id == other.trace_id)

    @given(st.text(min_size=1))
    def test_ids_are_valid_for_any_key(self, key: str) -> None:
        """Hexadecimal, and not zero."""
        outcome = by_key(key=f"k{key}")

        assert int(outcome.trace_id, 16)
        assert int(outcome.span_id, 16)


class TestIdentity:
    def test_said_again_it_is_the_same_span(self) -> None:
        """Whenever, and whoever else has been heard since."""
        assert made(value=True, at=5).span_id == made(value=True, at=6).span_id

    @pytest.mark.parametrize(
        "other",
        [
            {"name": "opened"}, {"value": False}, {"value": 1}, {"value": "true"}, {"source": "crm"}, {"rater": "ann"},
            {"comment": "so nice"}, {"correction": "Dear Ann"}, {"idempotency_key": "1"},
            {"reference": f"{'a' * 32}-{'c' * 16}-{STARTED:08x}"},
        ],
    )  # fmt: skip
    def test_something_else_is_another(self, other: dict[str, Any]) -> None:
        """Of another name, value, source or rater, or with words that were not there."""
        assert made(value=True).span_id != made(**{"value": True, **other}).span_id

    def test_a_number_is_the_same_however_it_is_written(self) -> None:
        """1 and 1.0: a file does not tell them apart."""
        assert made(value=1).span_id == made(value=1.0).span_id

    def test_an_idempotency_key_stands_for_the_value(self) -> None:
        """Two with one key are one."""
        one, two = (made(value=value, idempotency_key="e-1", comment=str(value)).span_id for value in (1, 2))

        assert one == two

    def test_is_known_for_ever(self) -> None:
        """Another version, another machine: what was sent before is recognised."""
        alone = by_key(value=True, key="job-1")

        assert "385b70f8fe81b681" == made(value=True, source="crm").span_id
        assert ("82075bea716da8bb5cc2fd9e4c167ec6", "db03d3a5472ca31e") == (alone.trace_id, alone.span_id)


class TestCorrection:
    def test_names_what_it_corrects(self) -> None:
        """The last of the same name, source and rater."""
        outcome = made(value=True, known=Known(run(), Earlier("1" * 16, 0), Earlier("2" * 16, None)))

        assert (None, "2" * 16) == (outcome.repeats, outcome.attributes(content=True)[names.OUTCOME_CORRECTS])

    def test_a_repetition_corrects_nothing(self) -> None:
        """It is what it was."""
        before = Earlier(made(value=True).span_id, value=True)
        outcome = made(value=True, known=Known(None, before))

        assert (before, None, False) == (outcome.repeats, outcome.corrects, outcome.is_other)

    def test_another_value_under_one_idempotency_key_is_said(self) -> None:
        """The first stays."""
        before = Earlier(made(value=1, idempotency_key="e").span_id, 1)

        assert made(value=2, idempotency_key="e", known=Known(None, before)).is_other is True


class TestAttributes:
    def test_say_what_was_said(self) -> None:
        """Under names of their own; what can be a score is one."""
        outcome = made(
            value=True,
            at=0,
            source="crm",
            rater="ann",
            comment="so nice",
            correction="Dear Ann",
            key="job-7",
            agent="A",
        )

        assert {
            "orchestrace.schema.version": "1",
            "orchestrace.role": "outcome",
            "orchestrace.key": "job-7",
            "gen_ai.agent.name": "A",
            "orchestrace.outcome.name": "replied",
            "orchestrace.outcome.value": True,
            "gen_ai.evaluation.score.value": 1.0,
            "orchestrace.outcome.at": "1970-01-01T00:00:00.000000Z",
            "orchestrace.outcome.source": "crm",
            "orchestrace.outcome.rater": "ann",
            "orchestrace.outcome.comment": "so nice",
            "orchestrace.outcome.correction": "Dear Ann",
        } == outcome.attributes(content=True)
        assert "outcome replied" == outcome.span_name

    def test_have_what_tells_runs_apart(self) -> None:
        """Agent, version, key, prompts, variants and tags are the run's own; its words stay where they are."""
        said = made(known=Known(run()), agent="said by somebody").attributes(content=True)

        assert {name: value for name, value in RUN.items() if value != "CANARY"}.items() <= said.items()
        assert "CANARY" not in said.values()

    def test_without_content_there_are_no_words(self) -> None:
        """A category, a number, yes and no are none."""
        words = {"comment": "CANARY one", "correction": "CANARY two"}
        for value in ("CANARY three", {"a": "CANARY"}, ["CANARY"], "CANARY" * 20, "a\nCANARY"):
            outcome = made(value=value, **words)
            assert "CANARY" not in repr((outcome.attributes(content=False), outcome.event(content=False)))
        for value in ("closed-won", 4, False):
            assert value == made(value=value).attributes(content=False)[names.OUTCOME_VALUE]


class TestEvent:
    def test_is_an_evaluation_of_the_run(self) -> None:
        """In the names of the conventions, beside all that stands on the span."""
        outcome = made(value="hired", comment="at last", known=Known(run()))
        said = outcome.event(content=True)

        assert outcome.attributes(content=True).items() <= said.items()
        assert ("replied", "hired", "at last") == (
            said[names.EVALUATION_NAME],
            said[names.EVALUATION_LABEL],
            said[names.EVALUATION_EXPLANATION],
        )


class TestMeasured:
    def test_has_nothing_that_there_is_much_of(self) -> None:
        """Yes or no, the source and the agent: no number, no text, no person."""
        many = {"rater": "ann", "comment": "c", "idempotency_key": "i"}

        assert {
            "orchestrace.outcome.name": "replied",
            "orchestrace.outcome.source": "crm",
            "orchestrace.outcome.value": True,
            "gen_ai.agent.name": "Crafter",
            "gen_ai.agent.version": "1.4",
        } == made(value=True, source="crm", known=Known(run()), **many).measured()
        assert {"orchestrace.outcome.name": "replied"} == made(value="any text").measured()
