"""Each part of the record, read back by name from Jaeger, and the runs found by what it says: those of the demo."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrace import conventions as names
from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord
from orchestrace.span_tree import branches

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, Jaeger

pytestmark = pytest.mark.backends

SERVICE = "sourcing-demo"
WARM, REFUSED, LIMIT = KEYS = ("job-417", "job-418", "job-419")
AGENT = "invoke_agent SourcingEmailCrafterAgent"
FIRST_DRAFT, SECOND_DRAFT = "iteration 1/generate draft", "iteration 2/generate draft"
FIRST_VERDICT = "iteration 1/evaluate tone"
FIRST_CALL, FIRST_JUDGE = f"{FIRST_DRAFT}/chat gpt-4o", f"{FIRST_VERDICT}/anthropic.messages.create"
REPLIED, EDITED = "outcome email.replied", "outcome email.edited"


class Anything:
    """Equals whatever is there."""

    def __eq__(self, other: object) -> bool:
        return other is not None

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "anything"


class Holding:
    """Equals a text that has some words in it."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and all(word in other for word in self.words)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"a text with {self.words}"


ANYTHING: Any = Anything()
IDENTITY = {
    names.CONVERSATION_ID: "campaign-11",
    names.SESSION_ID: "campaign-11",
    names.USER_ID: "rosa",
    names.TENANT: "acme",
    f"{names.TAG_PREFIX}demo": True,
}
DRAFT = {names.PROMPT_NAME: "sourcing/draft", names.PROMPT_VERSION: "3", names.PROMPT_HASH: ANYTHING}
TONE = {names.PROMPT_NAME: "sourcing/tone", names.PROMPT_VERSION: "2", names.PROMPT_HASH: ANYTHING}

RECORD: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "contextual inputs": [
        (
            WARM,
            AGENT,
            {
                names.INPUT_VALUE: Holding(
                    '"name":"Ada Nakamura"', '"uri":"https://jobs.example/417"', 'JobProfile"', '"sha256":"'
                ),
                names.INPUT_MIME_TYPE: "application/json",
                names.OUTPUT_VALUE: Holding("Hi Ada"),
                names.OUTPUT_MIME_TYPE: "text/plain",
            },
        ),
        (WARM, FIRST_DRAFT, {names.INPUT_VALUE: Holding("Begin with what you know"), names.OUTPUT_VALUE: ANYTHING}),
    ],
    "exact prompts": [
        (
            WARM,
            FIRST_CALL,
            {
                names.INPUT_MESSAGES: Holding("Write to Ada Nakamura", "You never flatter"),
                names.REQUEST_TEMPERATURE: 0.7,
            },
        ),
        (WARM, SECOND_DRAFT + "/chat gpt-4o", {names.INPUT_MESSAGES: Holding("no human says hereby")}),
        (
            WARM,
            FIRST_JUDGE,
            {names.INPUT_MESSAGES: Holding("hereby"), names.SYSTEM_INSTRUCTIONS: Holding("a form letter")},
        ),
        (WARM, "chat gpt-4o", {names.TOOL_DEFINITIONS: Holding("search_profiles")}),
    ],
    "prompt identity": [
        (WARM, FIRST_CALL, DRAFT),
        (WARM, FIRST_JUDGE, TONE),
        (
            WARM,
            FIRST_DRAFT,
            DRAFT | {names.PROMPT_TEMPLATE: Holding("{candidate.name}"), names.PROMPT_VARIABLES: Holding("Osaka")},
        ),
        (
            WARM,
            AGENT,
            {
                f"{names.PROMPTS_PREFIX}generator": "sourcing/draft@3",
                f"{names.PROMPTS_PREFIX}evaluator": "sourcing/tone@2",
            },
        ),
    ],
    "few-shot examples": [
        (WARM, FIRST_DRAFT, {names.FEW_SHOT: Holding('"id":"jun"', "Kafka"), names.FEW_SHOT_HASH: ANYTHING}),
        (WARM, FIRST_CALL, {names.FEW_SHOT_HASH: ANYTHING}),
    ],
    "raw outputs": [
        (WARM, FIRST_CALL, {names.OUTPUT_MESSAGES: Holding("We hereby wish"), names.RESPONSE_FINISH_REASONS: ["stop"]}),
        (WARM, "chat gpt-4o", {names.OUTPUT_MESSAGES: Holding("tool_call", "Ada Nakamura")}),
        (WARM, FIRST_VERDICT, {names.OUTPUT_VALUE: Holding("no human says hereby")}),
    ],
    "iteration history": [
        (LIMIT, AGENT, {names.ITERATIONS: 3, names.ACCEPTED: False, names.STOP_REASON: "limit"}),
        (LIMIT, AGENT, {names.SCORES: [0.1, 0.3, 0.6]}),
        (WARM, AGENT, {names.ACCEPTED: True, names.ACCEPTED_ITERATION: 2, names.STOP_REASON: "accepted"}),
        (LIMIT, "iteration 3", {names.ACCEPTED: False, names.SCORE: 0.6, names.FEEDBACK: "better, but an order"}),
        (LIMIT, "iteration 3/evaluate tone/anthropic.messages.create", {names.ITERATION_INDEX: 3}),
    ],
    "agent configuration": [
        (
            WARM,
            AGENT,
            {
                names.AGENT_VERSION: "1.4",
                names.AGENT_CONFIG: Holding('"good_enough":0.8'),
                names.AGENT_CONFIG_HASH: ANYTHING,
            },
        ),
    ],
    "found at night": [
        (LIMIT, AGENT, {names.SUMMARY: "3 iterations, limit; tone 0.6 'better, but an order'; 1,329 tokens"}),
        (LIMIT, "iteration 1", {names.SUMMARY: Holding("about us, not her")}),
        (WARM, AGENT, {names.OUTPUT_MESSAGES: Holding("Hi Ada")}),
        (WARM, FIRST_JUDGE, {names.AGENT_NAME: "SourcingEmailCrafterAgent", names.KEY: WARM}),
    ],
    "performance": [
        (
            WARM,
            FIRST_CALL,
            {
                names.RESPONSE_TIME_TO_FIRST_CHUNK: ANYTHING,
                names.USAGE_INPUT_TOKENS: 212,
                names.USAGE_OUTPUT_TOKENS: 31,
                names.ATTEMPTS: 1,
                names.COST: ANYTHING,
                names.COST_SOURCE: Holding("genai-prices"),
            },
        ),
        (
            WARM,
            AGENT,
            {
                names.SUM_CALLS: 5,
                f"{names.SUM_PREFIX}input_tokens": 800,
                f"{names.SUM_PREFIX}output_tokens": 124,
                names.SUM_DURATION: ANYTHING,
                names.SUM_COST: ANYTHING,
                names.SUM_COST_UNTIL_ACCEPTED: ANYTHING,
            },
        ),
        (WARM, FIRST_DRAFT, {names.SUM_CALLS: 1, names.SUM_COST: ANYTHING}),
    ],
    "evaluations": [
        (
            WARM,
            FIRST_VERDICT,
            {
                names.EVALUATION_NAME: "tone",
                names.EVALUATION_SCORE: 0.4,
                names.EVALUATION_EXPLANATION: "too formal: no human says hereby",
                names.EVALUATION_PASSED: False,
                names.EVALUATOR_NAME: "tone",
                names.EVALUATOR_VERSION: "2",
                names.EVALUATOR_KIND: "llm",
                names.EVALUATOR_RUBRIC: Holding("a form letter"),
                names.EVALUATOR_RUBRIC_HASH: ANYTHING,
            },
        ),
    ],
    "outcomes": [
        (
            WARM,
            REPLIED,
            {
                names.OUTCOME_NAME: "email.replied",
                names.OUTCOME_VALUE: True,
                names.OUTCOME_SOURCE: "crm",
                names.OUTCOME_AT: ANYTHING,
                names.EVALUATION_SCORE: 1.0,
                names.AGENT_NAME: "SourcingEmailCrafterAgent",
                names.AGENT_VERSION: "1.4",
                f"{names.PROMPTS_PREFIX}generator": "sourcing/draft@3",
                f"{names.EXPERIMENT_PREFIX}opening": "fact",
            },
        ),
        (WARM, EDITED, {names.OUTCOME_RATER: "rosa", names.OUTCOME_CORRECTION: Holding("Coffee on Friday?")}),
        (LIMIT, "outcome email.sent", {names.OUTCOME_VALUE: False, names.OUTCOME_COMMENT: "I will call her."}),
    ],
    "identity for analysis": [
        (WARM, AGENT, IDENTITY | {f"{names.EXPERIMENT_PREFIX}opening": "fact"}),
        (REFUSED, AGENT, IDENTITY | {f"{names.EXPERIMENT_PREFIX}opening": "question"}),
        (WARM, FIRST_JUDGE, IDENTITY | {f"{names.EXPERIMENT_PREFIX}opening": "fact"}),
        (WARM, "execute_tool search_profiles", IDENTITY),
    ],
    "errors": [
        (REFUSED, FIRST_CALL, {names.ERROR_TYPE: "context_length_exceeded", names.HTTP_STATUS: 400}),
        (REFUSED, FIRST_CALL, {names.RESPONSE_BODY: Holding("131094 tokens")}),
        (REFUSED, AGENT, {names.ERROR_TYPE: "openai.BadRequestError"}),
    ],
    "ending": [
        (WARM, AGENT, {names.ENDING: "returned"}),
        (WARM, FIRST_CALL, {names.ENDING: "drained"}),
        (REFUSED, AGENT, {names.ENDING: "error"}),
    ],
}
"""By the rows of the design's table: in which run, on which span below the agent's, what stands there."""

FACTS = [(row, *fact) for row, facts in RECORD.items() for fact in facts]

SEARCHES = [
    (
        "runs that needed more than two iterations",
        {names.AGENT_NAME: "SourcingEmailCrafterAgent", names.ITERATION_INDEX: "3"},
        {LIMIT},
    ),
    (
        "prompt version 3 and not accepted",
        {f"{names.PROMPTS_PREFIX}generator": "sourcing/draft@3", names.ACCEPTED: "false"},
        {REFUSED, LIMIT},
    ),
    ("variant B", {f"{names.EXPERIMENT_PREFIX}opening": "question"}, {REFUSED, LIMIT}),
    ("the run of this key", {names.KEY: WARM}, {WARM}),
    ("the tenant's runs", {names.TENANT: "acme"}, set(KEYS)),
    (
        "mails of variant A that were answered",
        {
            f"{names.EXPERIMENT_PREFIX}opening": "fact",
            names.OUTCOME_NAME: "email.replied",
            names.OUTCOME_VALUE: "true",
        },
        {WARM},
    ),
]


@dataclass(frozen=True)
class Demo:
    """The demo's runs as Jaeger has them: trace ids by key, and the spans of each by their path below the agent's."""

    traces: dict[str, str]
    spans: dict[str, dict[str, SpanRecord]]


def by_path(spans: list[SpanRecord]) -> dict[str, SpanRecord]:
    """Return spans by their path below the agent's."""
    (top,) = branches(spans)
    found, path = {top.span.name: top.span}, [""]
    for depth, branch in top.walk():
        path[depth:] = [branch.span.name]
        found.setdefault("/".join(path[1:]), branch.span)
    return found


@pytest.fixture(scope="module")
def demo(
    collector: Collector,
    jaeger: Jaeger,
    root: Path,
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Demo:
    """Run it in front of the collector, and read its runs back."""
    journal = tmp_path_factory.mktemp("record")
    where = {"ORCHESTRACE_JOURNAL": str(journal), "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoints["http/protobuf"]}
    command = [sys.executable, str(root / "examples" / "demo.py")]
    done = subprocess.run(command, env=environment | where, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours
    assert (0, "") == (done.returncode, done.stderr)
    reader = Reader(journal)
    traces = {str(run.key): run.trace_id for run in reader.runs()}
    counts = {key: len(reader.trace(trace_id)) for key, trace_id in traces.items()}
    return Demo(traces, {key: by_path(jaeger.wait_for(traces[key], count).spans) for key, count in counts.items()})


class TestRecord:
    @pytest.mark.parametrize(
        ("row", "key", "path", "attributes"), FACTS, ids=[f"{f[0]}, {f[1]}: {f[2]}" for f in FACTS]
    )
    def test_is_read_back_by_name(self, demo: Demo, row: str, key: str, path: str, attributes: dict[str, Any]) -> None:
        """Each row of the table stands on its span, under its name."""
        assert row in RECORD
        found = demo.spans[key][path].attributes

        assert attributes == {name: found.get(name) for name in attributes}

    def test_identity_is_on_every_span_of_a_run(self, demo: Demo) -> None:
        """Other libraries' too; agent and key as well."""
        for key, spans in demo.spans.items():
            everywhere = IDENTITY | {names.AGENT_NAME: "SourcingEmailCrafterAgent", names.KEY: key}
            assert [] == [path for path, span in spans.items() if not everywhere.items() <= span.attributes.items()]

    def test_a_verdict_is_an_event_too(self, demo: Demo) -> None:
        """On the span that gave it, with its score."""
        (event,) = demo.spans[WARM][FIRST_VERDICT].events

        assert (names.EVALUATION_RESULT_EVENT, 0.4) == (event.name, event.attributes[names.EVALUATION_SCORE])

    def test_an_error_has_the_providers_words(self, demo: Demo) -> None:
        """As the status's message, where it happened; in a run that succeeded there is no error."""
        call = demo.spans[REFUSED][FIRST_CALL]

        assert "ERROR" == call.status
        assert "128000 tokens" in str(call.status_message)
        assert "ERROR" not in {span.status for span in demo.spans[WARM].values()}

    def test_jaeger_warns_of_nothing(self, demo: Demo) -> None:
        """No clock is taken to be wrong, no id stands twice: outcomes, which come later, lie within their runs."""
        warnings = [span.attributes.get("@jaeger@warnings") for spans in demo.spans.values() for span in spans.values()]

        assert {None} == set(warnings)

    def test_costs_add_up(self, demo: Demo) -> None:
        """The run's sum is what its calls say."""
        spans = demo.spans[LIMIT].values()
        calls = {span.span_id: span.attributes[names.COST] for span in spans if names.COST in span.attributes}

        assert 7 == len(calls)
        assert sum(map(float, calls.values())) == pytest.approx(demo.spans[LIMIT][AGENT].attributes[names.SUM_COST])  # type: ignore[arg-type]

    def test_what_is_a_reference_is_no_copy(self, demo: Demo) -> None:
        """The job's title is in the prompt, where the model needs it, and in no input."""
        inputs = [str(span.attributes.get(names.INPUT_VALUE)) for span in demo.spans[WARM].values()]

        assert [] == [value for value in inputs if "Compiler Engineer" in value]


class TestSearch:
    @pytest.mark.parametrize(("question", "tags", "found"), SEARCHES, ids=[search[0] for search in SEARCHES])
    def test_finds_these_runs_and_no_other(
        self, demo: Demo, jaeger: Jaeger, question: str, tags: dict[str, str], found: set[str]
    ) -> None:
        """By what stands together on one span."""
        ids = jaeger.find(SERVICE, tags)

        assert found == {key for key, trace_id in demo.traces.items() if trace_id in ids}, question
