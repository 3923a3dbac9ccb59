from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrace import conventions as names
from orchestrace.journal.ingest import ingest
from orchestrace.journal.views import VIEWS
from orchestrace.records import EventRecord, SpanRecord

SECOND = 1_000_000_000
AGENT = f"{1:016x}"
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ask(database: sqlite3.Connection, folder: Path, writer: Callable[..., Any]) -> Ask:
    """Return a function that writes spans and returns the rows of a view."""
    database.row_factory = sqlite3.Row
    one = writer()

    def write_and_ask(view: str, *records: SpanRecord) -> list[dict[str, Any]]:
        one.write(*records)
        database.row_factory = None
        for _ in ingest(database, folder):
            pass
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT * FROM {view} ORDER BY start_time")]  # noqa: S608 - ours

    return write_and_ask


def part(row: dict[str, Any], *columns: str) -> tuple[Any, ...]:
    """Return some columns of a row."""
    return tuple(row[column] for column in columns)


def verdict(score: float, **attributes: Any) -> EventRecord:
    """Return a verdict as an event."""
    return EventRecord(names.EVALUATION_RESULT_EVENT, 5, {names.EVALUATION_SCORE: score} | attributes)


class TestEveryView:
    @pytest.fixture(params=VIEWS)
    def view(self, request: pytest.FixtureRequest) -> str:
        """Return the name of a view."""
        name: str = request.param
        return name

    @pytest.fixture
    def role(self, view: str) -> dict[str, Any]:
        """Return the attributes that bring a span into the view."""
        return {
            "invocations": {names.ROLE: "agent"},
            "iterations": {names.ROLE: "iteration"},
            "calls": {names.OPERATION_NAME: "chat"},
            "evaluations": {names.ROLE: "evaluator"},
            "outcomes": {names.OUTCOME_PREFIX + "name": "replied"},
        }[view]

    def test_says_which_span_it_is_and_whom_it_is_about(
        self, ask: Ask, span: Callable[..., SpanRecord], view: str, role: dict[str, Any]
    ) -> None:
        """In the same columns."""
        attributes = {
            names.AGENT_NAME: "Crafter",
            names.KEY: "job-1",
            names.CONVERSATION_ID: "c",
            names.SESSION_ID: "s",
            names.USER_ID: "u",
            names.TENANT: "t",
            names.ENDING: "returned",
        }
        record = span(2, parent_id="f" * 16, end=span(4).start + 500_000_000, attributes=role | attributes)
        (row,) = ask(view, record)

        assert {
            "trace_id": "a" * 32,
            "span_id": record.span_id,
            "parent_id": "f" * 16,
            "invocation": None,
            "agent": "Crafter",
            "key": "job-1",
            "conversation": "c",
            "session": "s",
            "user": "u",
            "tenant": "t",
            "service": "shop",
            "started": "2025-11-24T16:00:02.000Z",
            "start_time": record.start,
            "end_time": record.end,
            "duration": 2.5,
            "ending": "returned",
            "status": "UNSET",
            "error_type": None,
            "error": None,
        }.items() <= row.items()

    def test_says_what_went_wrong(
        self, ask: Ask, span: Callable[..., SpanRecord], view: str, role: dict[str, Any]
    ) -> None:
        """The status's own words, or those of the last exception."""
        exceptions = [EventRecord("exception", time, {names.EXCEPTION_MESSAGE: f"no {time}"}) for time in (1, 2)]
        attributes = role | {names.ERROR_TYPE: "builtins.ValueError"}
        rows = ask(
            view,
            span(1, end=9, status="ERROR", status_message="refused", events=exceptions, attributes=attributes),
            span(2, end=9, status="ERROR", events=exceptions, attributes=attributes),
            span(3, end=9, status="OK", events=exceptions, attributes=dict(role)),
        )

        assert [
            ("ERROR", "builtins.ValueError", "refused"),
            ("ERROR", "builtins.ValueError", "no 2"),
            ("OK", None, None),
        ] == [part(row, "status", "error_type", "error") for row in rows]

    def test_says_what_did_not_end(
        self,
        ask: Ask,
        span: Callable[..., SpanRecord],
        writer: Callable[..., Any],
        view: str,
        role: dict[str, Any],
    ) -> None:
        """Whose process lives runs, whose process is gone was interrupted."""
        writer("gone").write(span(1, attributes=dict(role))).die()
        rows = ask(view, span(2, attributes=dict(role)))

        assert [("interrupted", 1e-06, "ERROR"), ("running", None, "UNSET")] == [
            part(row, "ending", "duration", "status") for row in rows
        ]

    def test_knows_the_nearest_invocation(
        self, ask: Ask, span: Callable[..., SpanRecord], view: str, role: dict[str, Any]
    ) -> None:
        """Through whatever stands between; not itself."""
        records = [
            span(1, attributes={names.ROLE: "workflow"}),
            span(2, parent_id=f"{1:016x}", attributes={names.ROLE: "agent"}),
            span(3, parent_id=f"{2:016x}"),
            span(4, parent_id=f"{3:016x}", attributes=dict(role)),
        ]

        assert f"{2:016x}" == ask(view, *records)[-1]["invocation"]

    def test_leaves_out_what_is_something_else(self, ask: Ask, span: Callable[..., SpanRecord], view: str) -> None:
        """A tool, and a span that nobody knows."""
        assert [] == ask(view, span(1, attributes={names.ROLE: "tool"}), span(2))

    def test_its_columns_are_documented(
        self, ask: Ask, span: Callable[..., SpanRecord], view: str, role: dict[str, Any]
    ) -> None:
        """Each of them, in the document for those who ask."""
        docs = Path(__file__).parents[2] / "docs"
        text = "".join((docs / name).read_text(encoding="utf-8") for name in ("journal.md", "outcomes.md"))
        documented = set(re.findall(r"`(\w+)`", text))

        assert set() == set(ask(view, span(1, attributes=dict(role)))[0]) - documented


class TestInvocations:
    def test_a_run_of_an_agent(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """Its configuration, its iterations and its sums."""
        attributes = {
            names.ROLE: "agent",
            names.AGENT_NAME: "Crafter",
            names.AGENT_VERSION: "1.4",
            names.ITERATIONS: 3,
            names.ACCEPTED: True,
            names.ACCEPTED_ITERATION: 3,
            names.STOP_REASON: "accepted",
            names.STOP_DETAIL: "good",
            names.SUM_CALLS: 6,
            names.SCORES: [0.4, 0.9],
            names.SUM_COST: 0.5,
            names.SUM_COST_UNKNOWN: 1,
            names.SUM_COST_UNTIL_ACCEPTED: 0.25,
            names.SUM_PREFIX + "input_tokens": 1,
            names.SUM_PREFIX + "output_tokens": 2,
            names.SUM_PREFIX + "cache_read.input_tokens": 3,
            names.SUM_PREFIX + "cache_write.input_tokens": 4,
            names.SUM_PREFIX + "reasoning.output_tokens": 5,
            names.AGENT_CONFIG: '{"a": 1}',
            names.AGENT_CONFIG_HASH: "h",
            names.PROMPTS_PREFIX + "draft": "sourcing/draft@3",
            names.EXPERIMENT_PREFIX + "tone": "warm",
            names.TAG_PREFIX + "beta": True,
            names.INPUT_VALUE: "in",
            names.OUTPUT_VALUE: "out",
            names.SUMMARY: "3 iterations",
        }
        (row,) = ask("invocations", span(1, attributes=attributes))
        kept = "kind name version iterations accepted accepted_iteration stop_reason stop_detail model_calls"
        rest = "config config_hash prompts experiments tags input output summary"

        assert ("agent", "Crafter", "1.4", 3, 1, 3, "accepted", "good", 6) == part(row, *kept.split())
        assert (1, 2, 3, 4, 5) == part(row, *TOKENS)
        assert ("[0.4,0.9]", 0.5, 1, 0.25) == part(row, "scores", "cost", "cost_unknown_calls", "cost_until_accepted")
        assert (
            '{"a": 1}',
            "h",
            '{"draft":"sourcing/draft@3"}',
            '{"tone":"warm"}',
            '{"beta":1}',
            "in",
            "out",
            "3 iterations",
        ) == part(row, *rest.split())

    def test_a_run_of_another_library(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """It has an operation and its own figures; what it does not say is absent."""
        attributes = {names.OPERATION_NAME: "invoke_agent", names.USAGE_INPUT_TOKENS: 7}
        (row,) = ask("invocations", span(1, attributes=attributes))

        assert ("agent", "span 1", 7, None, None, None, None) == part(
            row, "kind", "name", "input_tokens", "output_tokens", "accepted", "prompts", "tags"
        )

    def test_a_workflow_has_its_own_name(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """Also where the name of an agent around it was inherited."""
        attributes = {names.ROLE: "workflow", names.WORKFLOW_NAME: "sourcing", names.AGENT_NAME: "Outer"}
        (row,) = ask("invocations", span(1, attributes=attributes))

        assert ("workflow", "sourcing", "Outer") == part(row, "kind", "name", "agent")


class TestIterations:
    def test_of_a_loop(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """The draft is that of the last generator directly inside."""
        iteration = {names.ROLE: "iteration", names.ITERATION_INDEX: 2, names.ACCEPTED: False, names.SUMMARY: "sum"}
        iteration |= {names.SCORE: 0.4, names.FEEDBACK: "too formal", names.SUM_COST: 0.5, names.SUM_COST_UNKNOWN: 1}
        generator = {names.ROLE: "generator"}
        records = [
            span(1, attributes={names.ROLE: "agent"}),
            span(2, parent_id=AGENT, attributes=iteration | {names.SUM_PREFIX + "input_tokens": 5}),
            span(3, parent_id=f"{2:016x}", attributes=generator | {names.OUTPUT_VALUE: "first"}),
            span(4, parent_id=f"{2:016x}", attributes=generator | {names.OUTPUT_VALUE: "second"}),
            span(5, parent_id=f"{4:016x}", attributes=generator | {names.OUTPUT_VALUE: "inside"}),
        ]
        (row,) = ask("iterations", *records)

        assert (AGENT, 2, 0, 0, "second", 5, "sum") == part(
            row, "invocation", "iteration", "inferred", "accepted", "draft", "input_tokens", "summary"
        )
        assert (0.4, "too formal", 0.5, 1) == part(row, "score", "feedback", "cost", "cost_unknown_calls")

    def test_inferred_ones_have_no_span(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """They are put together from the generators and evaluators that carry their index."""

        def role(name: str, index: int) -> dict[str, Any]:
            return {names.ROLE: name, names.ITERATION_INDEX: index, names.ITERATION_INFERRED: True, names.KEY: "k"}

        records = [
            span(1, attributes={names.ROLE: "agent", names.ACCEPTED_ITERATION: 2}),
            span(2, parent_id=AGENT, end=span(3).start, attributes=role("generator", 1) | {names.OUTPUT_VALUE: "one"}),
            span(3, parent_id=AGENT, end=span(5).start, status="ERROR", attributes=role("evaluator", 1)),
            span(5, parent_id=AGENT, end=span(6).start, attributes=role("generator", 2) | {names.OUTPUT_VALUE: "two"}),
            span(
                6, parent_id=AGENT, end=span(7).start, attributes=role("generator", 2) | {names.OUTPUT_VALUE: "three"}
            ),
            span(7, parent_id=AGENT, attributes=role("evaluator", 2)),
        ]
        asked = "span_id parent_id invocation iteration inferred accepted draft key service status duration start_time"
        rows = [part(row, *asked.split()) for row in ask("iterations", *records)]

        assert [
            (None, AGENT, AGENT, 1, 1, 0, "one", "k", "shop", "ERROR", 3.0, span(2).start),
            (None, AGENT, AGENT, 2, 1, 1, "three", "k", "shop", "UNSET", None, span(5).start),
        ] == rows

    def test_inferred_ones_of_several_runs_are_not_mixed(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """One agent inside of another counts for itself."""
        role = {names.ROLE: "generator", names.ITERATION_INDEX: 1, names.ITERATION_INFERRED: True}
        records = [
            span(1, attributes={names.ROLE: "agent"}),
            span(2, parent_id=AGENT, attributes=role | {names.OUTPUT_VALUE: "outer"}),
            span(3, parent_id=f"{2:016x}", attributes={names.ROLE: "agent"}),
            span(4, parent_id=f"{3:016x}", attributes=role | {names.OUTPUT_VALUE: "inner"}),
        ]

        assert [(AGENT, "outer"), (f"{3:016x}", "inner")] == [
            part(row, "invocation", "draft") for row in ask("iterations", *records)
        ]


class TestCalls:
    @pytest.mark.parametrize("operation", ["chat", "text_completion", "generate_content", "embeddings"])
    def test_are_requests_to_models(self, ask: Ask, span: Callable[..., SpanRecord], operation: str) -> None:
        """Whoever made the span."""
        (row,) = ask("calls", span(1, attributes={names.OPERATION_NAME: operation}))

        assert operation == row["operation"]

    def test_have_prompt_parameters_answer_and_tokens(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """What the conventions have for them, under shorter names."""
        told = {
            "iteration": names.ITERATION_INDEX,
            "provider": names.PROVIDER_NAME,
            "model": names.REQUEST_MODEL,
            "response_model": names.RESPONSE_MODEL,
            "response_id": names.RESPONSE_ID,
            "prompt_name": names.PROMPT_NAME,
            "prompt_version": names.PROMPT_VERSION,
            "prompt_hash": names.PROMPT_HASH,
            "few_shot_hash": names.FEW_SHOT_HASH,
            "temperature": names.REQUEST_TEMPERATURE,
            "max_tokens": names.REQUEST_MAX_TOKENS,
            "parameters": names.REQUEST_PARAMETERS,
            "time_to_first_chunk": names.RESPONSE_TIME_TO_FIRST_CHUNK,
            "attempts": names.ATTEMPTS,
            "http_status": names.HTTP_STATUS,
            "input_tokens": names.USAGE_INPUT_TOKENS,
            "output_tokens": names.USAGE_OUTPUT_TOKENS,
            "cache_read_tokens": names.USAGE_CACHE_READ,
            "cache_write_tokens": names.USAGE_CACHE_WRITE,
            "reasoning_tokens": names.USAGE_REASONING,
            "cost": names.COST,
            "cost_reason": names.COST_REASON,
            "cost_source": names.COST_SOURCE,
            "system_instructions": names.SYSTEM_INSTRUCTIONS,
            "input_messages": names.INPUT_MESSAGES,
            "output_messages": names.OUTPUT_MESSAGES,
            "tool_definitions": names.TOOL_DEFINITIONS,
        }
        values = {name: f"value of {name}" for name in told.values()}
        lists = {names.RESPONSE_FINISH_REASONS: ["stop", "length"], names.OPERATION_NAME: "chat"}
        (row,) = ask("calls", span(1, attributes={**values, **lists, names.EXPERIMENT_PREFIX + "tone": "warm"}))

        assert {column: values[name] for column, name in told.items()}.items() <= row.items()
        assert (["stop", "length"], {"tone": "warm"}, None) == (
            json.loads(row["finish_reasons"]),
            json.loads(row["experiments"]),
            row["tags"],
        )


class TestEvaluations:
    def test_one_verdict_among_the_attributes(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """With who gave it."""
        attributes = {
            names.ROLE: "evaluator",
            names.ITERATION_INDEX: 2,
            names.EVALUATION_NAME: "tone",
            names.EVALUATION_SCORE: 0.4,
            names.EVALUATION_LABEL: "cold",
            names.EVALUATION_PASSED: False,
            names.EVALUATION_EXPLANATION: "too formal",
            names.EVALUATOR_NAME: "judge",
            names.EVALUATOR_VERSION: "2",
            names.EVALUATOR_KIND: "llm",
            names.EVALUATOR_RUBRIC_HASH: "h",
        }
        (row,) = ask("evaluations", span(1, attributes=attributes))
        asked = "iteration name score label passed explanation evaluator evaluator_version evaluator_kind rubric_hash"

        assert (2, "tone", 0.4, "cold", 0, "too formal", "judge", "2", "llm", "h") == part(row, *asked.split())

    def test_each_event_is_a_verdict(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """And the attributes, which repeat one or sum up several, are not counted again."""
        record = span(
            1,
            attributes={names.ROLE: "evaluator", names.EVALUATOR_NAME: "judge", names.EVALUATION_PASSED: False},
            events=[
                verdict(0.4, **{names.EVALUATION_NAME: "tone", names.EVALUATION_PASSED: False}),
                EventRecord("exception", 5),
                verdict(0.9, **{names.EVALUATION_LABEL: "fine"}),
            ],
        )

        assert [("tone", 0.4, None, 0, "judge"), ("judge", 0.9, "fine", None, "judge")] == [
            part(row, "name", "score", "label", "passed", "evaluator") for row in ask("evaluations", record)
        ]

    def test_a_verdict_on_any_span_counts(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """Said in the agent's own code, without an evaluator."""
        record = span(1, attributes={names.ROLE: "agent"}, events=[verdict(1.0, **{names.EVALUATION_NAME: "own"})])

        assert [("own", 1.0, None)] == [part(row, "name", "score", "evaluator") for row in ask("evaluations", record)]

    def test_an_evaluator_that_failed_gave_none(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """Its row says so."""
        record = span(1, end=9, status="ERROR", status_message="down", attributes={names.ROLE: "evaluator"})

        assert [("span 1", None, None, "down")] == [
            part(row, "name", "score", "passed", "error") for row in ask("evaluations", record)
        ]


class TestOutcomes:
    def test_belong_to_the_invocation_above(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """Whenever they came; a boolean is 1 or 0, any other value is as it was."""
        outcome = {
            names.OUTCOME_PREFIX + "name": "email.replied",
            names.OUTCOME_PREFIX + "value": True,
            names.OUTCOME_PREFIX + "source": "crm",
            names.OUTCOME_PREFIX + "rater": "r",
            names.OUTCOME_PREFIX + "comment": "c",
            names.OUTCOME_PREFIX + "correction": "better",
            names.OUTCOME_PREFIX + "at": "2025-11-24T16:00:00.000000Z",
            names.EVALUATION_SCORE: 1.0,
            names.AGENT_VERSION: "1.4",
            names.PROMPTS_PREFIX + "draft": "d@3",
        }
        records = [span(1, attributes={names.ROLE: "agent"}), span(2, parent_id=AGENT, end=9, attributes=outcome)]
        (row,) = ask("outcomes", *records)
        asked = "invocation name value score source rater comment correction at version prompts"

        assert (
            AGENT,
            "email.replied",
            1,
            1.0,
            "crm",
            "r",
            "c",
            "better",
            "2025-11-24T16:00:00.000000Z",
            "1.4",
            '{"draft":"d@3"}',
        ) == part(row, *asked.split())

    def test_one_says_what_it_corrects_and_the_other_that_it_is_corrected(
        self, ask: Ask, span: Callable[..., SpanRecord]
    ) -> None:
        """So that the last word can be counted alone."""
        said = {names.OUTCOME_NAME: "rating", names.OUTCOME_VALUE: 2}
        first = span(2, end=9, attributes=said)
        rows = ask("outcomes", first, span(3, end=9, attributes=said | {names.OUTCOME_CORRECTS: first.span_id}))

        assert [(None, 1), (first.span_id, 0)] == [part(row, "corrects", "corrected") for row in rows]

    def test_one_without_a_run_stands_for_itself(self, ask: Ask, span: Callable[..., SpanRecord]) -> None:
        """Joined by its key."""
        attributes = {
            names.OUTCOME_PREFIX + "name": "replied",
            names.OUTCOME_PREFIX + "value": "yes",
            names.KEY: "job-1",
        }
        (row,) = ask("outcomes", span(1, attributes=attributes))

        assert (None, "yes", "job-1") == part(row, "invocation", "value", "key")


class TestDocument:
    def test_its_questions_can_be_asked(self, ask: Ask, database: sqlite3.Connection) -> None:
        """As they are printed."""
        ask("calls")
        docs = Path(__file__).parents[2] / "docs"
        text = "".join((docs / name).read_text(encoding="utf-8") for name in ("journal.md", "outcomes.md"))
        questions = [one for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL) for one in block.split(";")]
        rows = [database.execute(question).fetchall() for question in questions if question.strip()]

        assert [[]] * 9 == rows
