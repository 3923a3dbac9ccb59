from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrace import conventions as names
from orchestrace.cli.heading import heading
from orchestrace.records import SpanRecord

Make = Callable[..., SpanRecord]
AGENT = {names.ROLE: "agent", names.AGENT_VERSION: "1.4"}
CALL = {names.OPERATION_NAME: "chat", names.REQUEST_MODEL: "gpt-4o"}


def line(span: SpanRecord) -> str:
    """Return a heading that has all the room it needs."""
    (only,) = heading(span, 500)
    return only.plain


class TestRuns:
    def test_say_why_they_went_no_further(self, make: Make) -> None:
        """Name, version, stop reason, whether it was accepted, iterations, duration, tokens."""
        sums = {f"{names.SUM_PREFIX}input_tokens": 1204, f"{names.SUM_PREFIX}output_tokens": 61}
        said = {names.STOP_REASON: "limit", names.ACCEPTED: False, names.ITERATIONS: 2}

        assert line(make(AGENT | said | sums, "invoke_agent A")) == (
            "invoke_agent A 1.4  limit  not accepted  2 iterations  1.0 s  1,204 in, 61 out tokens"
        )

    def test_accepted_is_said_once(self, make: Make) -> None:
        """The stop reason says it already."""
        assert (
            line(make(AGENT | {names.STOP_REASON: "accepted", names.ACCEPTED: True}, "a")) == "a 1.4  accepted  1.0 s"
        )

    def test_runs_that_have_not_ended_have_no_duration(self, make: Make) -> None:
        """They are running, or their process is gone."""
        spans = [make(AGENT | {names.ENDING: ending}, "a", end=None) for ending in ("running", "interrupted")]

        assert ["a 1.4  running", "a 1.4  interrupted"] == [line(span) for span in spans]

    def test_an_agents_version_is_on_its_own_span_alone(self, make: Make) -> None:
        """What is inherited is not repeated."""
        assert line(make({names.AGENT_VERSION: "1.4"})) == "work  1.0 s"

    def test_show_the_score_of_each_iteration(self, make: Make) -> None:
        """Whether it got better is seen at once; what is no list of numbers is none."""
        said = [AGENT | {names.ITERATIONS: 2, names.SCORES: scores} for scores in ([0.4, 0.9], ["a"], "0.4")]

        assert ["a 1.4  2 iterations  scores 0.4, 0.9  1.0 s", *["a 1.4  2 iterations  1.0 s"] * 2] == [
            line(make(one, "a")) for one in said
        ]


class TestIterations:
    @pytest.mark.parametrize(("accepted", "expected"), [(True, "accepted"), (False, "not accepted")])
    def test_say_whether_the_draft_was_taken(self, make: Make, *, accepted: bool, expected: str) -> None:
        """That is what an iteration is for."""
        said = {names.ROLE: "iteration", names.ACCEPTED: accepted}

        assert f"iteration 1  {expected}  1.0 s" == line(make(said, "iteration 1"))

    def test_say_their_score(self, make: Make) -> None:
        """The average, where there are several evaluators."""
        assert "i  score 0.65  1.0 s" == line(make({names.ROLE: "iteration", names.SCORE: 0.65}, "i"))

    def test_inferred_ones_stand_on_their_roles(self, make: Make) -> None:
        """There is no iteration span that could say it."""
        said = {names.ITERATION_INFERRED: True, names.ITERATION_INDEX: 2, names.ROLE: "generator"}

        assert line(make(said)) == "work  iteration 2  1.0 s"


class TestVerdicts:
    def test_one_verdict_stands_in_the_heading(self, make: Make) -> None:
        """A failed evaluation is seen without reading on."""
        said = {names.ROLE: "evaluator", names.EVALUATION_SCORE: 0.4, names.EVALUATION_PASSED: False}

        assert line(make(said, "evaluate tone")) == "evaluate tone  0.4 failed  1.0 s"


class TestOutcomes:
    def test_say_what_where_from_by_whom_and_when(self, make: Make) -> None:
        """They have no length: they stand at the run's end, whenever it was."""
        said = {names.ROLE: "outcome", names.OUTCOME_VALUE: True, names.OUTCOME_SOURCE: "crm"}
        said |= {names.OUTCOME_RATER: "ann", names.OUTCOME_AT: "2026-03-04T15:20:00.000000Z"}

        assert "outcome sent  true  from crm  by ann  2026-03-04T15:20:00.000000Z" == line(make(said, "outcome sent"))


class TestCalls:
    def test_say_who_answered(self, make: Make) -> None:
        """Provider, and the model if it is another one than was asked for."""
        said = CALL | {names.PROVIDER_NAME: "openai", names.RESPONSE_MODEL: "gpt-5"}

        assert line(make(said, "chat gpt-4o")) == "chat gpt-4o  openai  answered by gpt-5  1.0 s"

    def test_a_dated_model_is_the_same_model(self, make: Make) -> None:
        """Providers answer with the snapshot's name."""
        assert line(make(CALL | {names.RESPONSE_MODEL: "gpt-4o-2024-11-20"}, "c")) == "c  1.0 s"

    def test_show_what_they_cost(self, make: Make) -> None:
        """Each its own price, whatever is around them the sum; that is the least where a price is not known."""
        call = {names.OPERATION_NAME: "chat", names.COST: 0.0042, names.SUM_COST: 9.0}
        run = {names.ROLE: "agent", names.SUM_COST: 0.5, names.SUM_COST_UNKNOWN: 1}

        assert ("c  1.0 s  $0.0042", "a  1.0 s  at least $0.50") == (line(make(call, "c")), line(make(run, "a")))

    def test_show_their_own_tokens(self, make: Make) -> None:
        """Those of this call, cached and reasoning ones as parts."""
        used = {names.USAGE_INPUT_TOKENS: 9, names.USAGE_OUTPUT_TOKENS: 8, names.USAGE_CACHE_READ: 7}

        assert line(make(CALL | used | {names.USAGE_REASONING: 6}, "c")) == (
            "c  1.0 s  9 in, 8 out tokens (7 cached, 6 reasoning)"
        )

    @pytest.mark.parametrize(("count", "expected"), [(1, "c  1.0 s"), (3, "c  3 attempts  1.0 s")])
    def test_retries_are_seen(self, make: Make, count: int, expected: str) -> None:
        """One attempt is no news."""
        assert expected == line(make(CALL | {names.ATTEMPTS: count}, "c"))

    @pytest.mark.parametrize(
        ("reasons", "expected", "style"),
        [
            (["stop"], None, ""),
            (["tool_call"], "finish tool_call", ""),
            (["stop", "length"], "finish stop, length", "yellow"),
        ],
    )
    def test_answers_that_were_cut_off_are_seen(
        self, make: Make, reasons: list[str], expected: str | None, style: str
    ) -> None:
        """An answer that stopped by itself needs no word, one that was cut off a warning."""
        (drawn,) = heading(make(CALL | {names.RESPONSE_FINISH_REASONS: reasons}, "c"), 500)
        found = next((part.plain for part in drawn.divide([3, len(drawn) - 7]) if "finish" in part.plain), None)

        assert expected == found
        assert (style == "yellow") == any(span.style == "yellow" for span in drawn.spans)

    def test_streams_say_when_they_began(self, make: Make) -> None:
        """Waiting for the first chunk is not the same as waiting for the last."""
        said = CALL | {names.REQUEST_STREAM: True, names.RESPONSE_TIME_TO_FIRST_CHUNK: 0.3}

        assert line(make(said, "c")) == "c  streamed, first chunk after 300 ms  1.0 s"

    def test_calls_of_other_libraries_are_known_by_their_operation(self, make: Make) -> None:
        """Anthropic's own span is called otherwise."""
        said = CALL | {names.PROVIDER_NAME: "anthropic", names.USAGE_INPUT_TOKENS: 3}

        assert (
            line(make(said, "anthropic.messages.create")) == "anthropic.messages.create  anthropic  1.0 s  3 in tokens"
        )


class TestLayout:
    def test_facts_are_not_broken(self, make: Make) -> None:
        """What does not fit begins a further line, indented."""
        said = {names.ITERATIONS: 2, names.STOP_REASON: "limit"}

        assert ["work  limit", "  2 iterations  1.0 s"] == [one.plain for one in heading(make(said), 24)]

    def test_long_names_are_cut(self, make: Make) -> None:
        """Other libraries put whole statements there."""
        assert ["SELECT …", "  1.0 s"] == [one.plain for one in heading(make(name="SELECT a, b, c"), 8)]

    def test_names_cannot_command_the_terminal(self, make: Make) -> None:
        """A model chooses the names of tools."""
        assert line(make(name="execute_tool \x1b[31m\nx")) == "execute_tool ␛[31m x  1.0 s"
