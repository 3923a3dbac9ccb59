from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrace.journal.reader import Reader
from orchestrace.records import EventRecord, SpanRecord
from orchestrace.span_tree import branches

if TYPE_CHECKING:
    from tests.backends.conftest import Jaeger, ProgramRun, StoredTrace

pytestmark = pytest.mark.backends

TREE = """\
invoke_workflow sourcing
  invoke_agent SourcingEmailCrafterAgent
    retrieval past_emails
    chat gpt-4o
    execute_tool search_profiles
    iteration 1
      generate draft
        chat gpt-4o
      evaluate tone
        anthropic.messages.create
      evaluate length
    iteration 2
      generate draft
        chat gpt-4o
      evaluate tone
        anthropic.messages.create
      evaluate length
    execute_tool send"""


class Something:
    """Equals whatever is there."""

    def __eq__(self, other: object) -> bool:
        return other is not None

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "something"


SOMETHING: Any = Something()
TEXT = "text/plain"
JSON = "application/json"
DRAFT = {"gen_ai.prompt.name": "sourcing/draft", "gen_ai.prompt.version": "3", "orchestrace.prompt.hash": SOMETHING}
TONE = {"gen_ai.prompt.name": "sourcing/tone", "gen_ai.prompt.version": "2", "orchestrace.prompt.hash": SOMETHING}
TEMPLATE = {"orchestrace.prompt.template": SOMETHING, "orchestrace.prompt.variables": SOMETHING}
INPUT = {"input.value": SOMETHING, "input.mime_type": JSON}

IDENTITY = {
    "gen_ai.agent.name": "SourcingEmailCrafterAgent",
    "orchestrace.key": "job-417/上海",
    "gen_ai.conversation.id": "job-417/上海",
    "session.id": "job-417/上海",
    "user.id": "李雷 🧑‍💻",
    "orchestrace.tenant": "tenant of job-417/上海",
    "orchestrace.tag.trial": True,
}
"""On the agent's span and on every one below it."""

RECORDED: dict[str, dict[str, Any]] = {
    "invoke_workflow sourcing": {
        "gen_ai.operation.name": "invoke_workflow",
        "openinference.span.kind": "CHAIN",
        **INPUT,
        "output.value": "李雷你好,下周喝杯咖啡? ☕\n(未发送)",
        "orchestrace.usage.input_tokens": 815,
    },
    "invoke_agent SourcingEmailCrafterAgent": {
        "gen_ai.operation.name": "invoke_agent",
        "openinference.span.kind": "AGENT",
        "gen_ai.agent.version": "1.4",
        "input.value": '{"candidate":{"name":"李雷 🧑‍💻","city":"上海"},'
        '"job":{"id":"job-417/上海","title":"Compiler Engineer"}}',
        "input.mime_type": JSON,
        "output.value": "李雷你好,下周喝杯咖啡? ☕\n(未发送)",
        "output.mime_type": TEXT,
        "gen_ai.output.messages": SOMETHING,
        "orchestrace.agent.config": '{"writer":"gpt-4o","judge":"claude-sonnet-5","good_enough":0.8,"语气":"友好 🙂"}',
        "orchestrace.agent.config_hash": SOMETHING,
        "orchestrace.prompts.generator": "sourcing/draft@3",
        "orchestrace.prompts.evaluator": "sourcing/tone@2",
        "orchestrace.iterations": 2,
        "orchestrace.accepted": True,
        "orchestrace.accepted_iteration": 2,
        "orchestrace.stop_reason": "accepted",
        "orchestrace.summary": "2 iterations, accepted; tone 0.9 '亲切又简短 👍', length passed; 931 tokens",
        "orchestrace.usage.calls": 5,
        "orchestrace.usage.input_tokens": 815,
        "orchestrace.usage.output_tokens": 116,
        "orchestrace.ending": "returned",
    },
    "retrieval past_emails": {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.data_source.id": "past_emails",
        "gen_ai.retrieval.query.text": "李雷 🧑‍💻",
        "gen_ai.retrieval.documents": '[{"content":"李雷 🧑‍💻: 还没有邮件"}]',
    },
    "chat gpt-4o": {
        "gen_ai.tool.definitions": SOMETHING,
        "gen_ai.prompt.name": "sourcing/research",
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1",'
        '"name":"search_profiles","arguments":{"name":"李雷"}}]}]',
        "gen_ai.response.finish_reasons": ["tool_call"],
        "orchestrace.response.finish_reasons": ["tool_calls"],
    },
    "execute_tool search_profiles": {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search_profiles",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.description": "Search public profiles of a person.",
        "gen_ai.tool.call.arguments": '{"name":"李雷"}',
        "gen_ai.tool.call.result": '{"result":[{"name":"李雷","known_for":"列车时刻表编译器 🚆"}]}',
    },
    "iteration 1": {
        "openinference.span.kind": "CHAIN",
        "orchestrace.iteration.index": 1,
        "orchestrace.accepted": False,
        "orchestrace.summary": "tone 0.4 '太正式了 🧐', length passed; 405 tokens",
    },
    "iteration 1/generate draft": {
        "openinference.span.kind": "CHAIN",
        "orchestrace.iteration.index": 1,
        **INPUT,
        **DRAFT,
        **TEMPLATE,
        "orchestrace.few_shot": SOMETHING,
        "orchestrace.few_shot.hash": SOMETHING,
        "output.value": "尊敬的李雷先生,特此通知。",
        "output.mime_type": TEXT,
        "orchestrace.usage.input_tokens": 212,
    },
    "iteration 1/generate draft/chat gpt-4o": {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.stream": True,
        "gen_ai.input.messages": SOMETHING,
        "gen_ai.output.messages": SOMETHING,
        "gen_ai.response.model": "gpt-4o-2024-11-20",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": SOMETHING,
        "gen_ai.usage.input_tokens": 212,
        "gen_ai.usage.output_tokens": 31,
        "orchestrace.attempts": 1,
        "orchestrace.ending": "drained",
        "orchestrace.iteration.index": 1,
        "orchestrace.few_shot.hash": SOMETHING,
        **DRAFT,
    },
    "iteration 2/evaluate tone": {
        "openinference.span.kind": "EVALUATOR",
        "orchestrace.iteration.index": 2,
        **INPUT,
        **TONE,
        **TEMPLATE,
        "output.value": SOMETHING,
        "gen_ai.evaluation.name": "tone",
        "gen_ai.evaluation.score.value": 0.9,
        "gen_ai.evaluation.explanation": "亲切又简短 👍",
        "orchestrace.evaluation.passed": True,
        "orchestrace.evaluator.name": "tone",
        "orchestrace.evaluator.version": "2",
        "orchestrace.evaluator.kind": "llm",
    },
    "iteration 2/evaluate tone/anthropic.messages.create": {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-5",
        "gen_ai.request.max_tokens": 200,
        "gen_ai.system_instructions": '[{"type":"text","content":"You judge e-mails."}]',
        "gen_ai.output.messages": SOMETHING,
        "gen_ai.usage.input_tokens": 138,
        "orchestrace.iteration.index": 2,
        **TONE,
    },
    "iteration 2/evaluate length": {
        "output.value": "true",
        "gen_ai.evaluation.name": "length",
        "orchestrace.evaluation.passed": True,
        "orchestrace.evaluator.kind": "code",
    },
    "execute_tool send": {
        "gen_ai.tool.call.arguments": SOMETHING,
        "error.type": "TimeoutError",
        "orchestrace.ending": "error",
    },
}
"""What the plan of the trace wants, by span; a span below the agent's stands under its path from there."""


def named(spans: Iterable[SpanRecord]) -> dict[str, SpanRecord]:
    """Return spans by their path below the agent's; that and the workflow's by their names."""
    found: dict[str, SpanRecord] = {}
    for top in branches(spans):
        path: list[str] = []
        for depth, branch in top.walk():
            path[depth:] = [branch.span.name]
            found["/".join(path[2:] or path[-1:])] = branch.span
    return found


def comparable(span: SpanRecord) -> SpanRecord:
    """Return a span without what differs from run to run: ids, times, and the time to the first chunk."""
    attributes = {name: value for name, value in span.attributes.items() if not name.endswith("time_to_first_chunk")}
    events = [EventRecord(event.name, 0, event.attributes) for event in span.events]
    return replace(span, trace_id="", span_id="", parent_id=None, start=0, end=0, attributes=attributes, events=events)


class TestStoredTrace:
    def test_has_every_span_below_its_parent(self, stored: StoredTrace) -> None:
        """Jaeger has one trace with one top, and each span under the one that it happened in."""
        (top,) = branches(stored.spans)

        assert TREE == "\n".join(f"{'  ' * depth}{branch.span.name}" for depth, branch in top.walk())

    def test_is_what_a_receiver_gets(self, stored: StoredTrace, received: list[SpanRecord]) -> None:
        """Every attribute, event, kind and status that the program sends is there, and nothing else."""
        expected = {path: comparable(span) for path, span in named(received).items()}

        assert expected == {path: comparable(span) for path, span in named(stored.spans).items()}

    def test_is_what_the_journal_has(self, stored: StoredTrace, program_run: ProgramRun) -> None:
        """The ids and times on disk and in Jaeger are the same, to the nanosecond."""
        ours = [(span.span_id, span.parent_id, span.start, span.end) for span in _journal(program_run)]
        theirs = [(span.span_id, span.parent_id, span.start, span.end) for span in stored.spans]

        assert sorted(ours) == sorted(theirs)

    def test_comes_from_the_service(self, stored: StoredTrace) -> None:
        """The resource is the service, and says what recorded it; once for each request that it took."""
        wanted = {"service.name": "sourcing", "telemetry.distro.name": "orchestrace"}
        found = [{name: resource.get(name) for name in wanted} for resource in stored.resources]

        assert found
        assert [wanted] * len(found) == found

    @pytest.mark.parametrize("path", RECORDED)
    def test_has_what_belongs_on_the_span(self, stored: StoredTrace, path: str) -> None:
        """Each part of the story stands on the span that it is about."""
        attributes = named(stored.spans)[path].attributes

        assert RECORDED[path] == {name: attributes.get(name) for name in RECORDED[path]}

    def test_identity_is_on_the_agent_and_all_below(self, stored: StoredTrace) -> None:
        """The agent, the key, the session, the user, the tenant and the tag are on every span, so each is found."""
        spans = {path: span for path, span in named(stored.spans).items() if path != "invoke_workflow sourcing"}

        assert dict.fromkeys(spans, IDENTITY) == {
            path: {name: span.attributes.get(name) for name in IDENTITY} for path, span in spans.items()
        }

    def test_says_how_each_span_ended(self, stored: StoredTrace) -> None:
        """Every span has an ending, and one of them is an error."""
        endings = {path: span.attributes.get("orchestrace.ending") for path, span in named(stored.spans).items()}

        assert {"returned", "drained", "error"} == set(endings.values())
        assert ["execute_tool send"] == [path for path, ending in endings.items() if ending == "error"]

    def test_shows_the_error(self, stored: StoredTrace) -> None:
        """The failed tool has the program's own words, as status and as exception."""
        span = named(stored.spans)["execute_tool send"]
        (event,) = span.events

        assert ("ERROR", "邮件服务器没有应答 📪: 14 characters wait.") == (span.status, span.status_message)
        assert ("exception", "TimeoutError") == (event.name, event.attributes["exception.type"])

    def test_shows_the_verdict_as_event(self, stored: StoredTrace) -> None:
        """Each verdict is an event, too, with its feedback."""
        (event,) = named(stored.spans)["iteration 1/evaluate tone"].events

        assert "gen_ai.evaluation.result" == event.name
        assert "太正式了 🧐" == event.attributes["gen_ai.evaluation.explanation"]

    def test_text_is_readable(self, stored: StoredTrace) -> None:
        r"""Chinese and emoji are stored as they are, without \u, in the middle of JSON as well."""
        sent = named(stored.spans)["iteration 1/generate draft/chat gpt-4o"].attributes["gen_ai.input.messages"]

        assert "用候选人的语言写。" in str(sent)
        assert "Jun 你好,聊聊? ☕" in str(sent)
        assert "列车时刻表编译器 🚆" in stored.text
        assert "\\u" not in json.dumps([span.attributes for span in stored.spans], ensure_ascii=False)


class TestSearch:
    def test_finds_the_service(self, stored: StoredTrace, program_run: ProgramRun, jaeger: Jaeger) -> None:
        """The service is in the list, and its traces are found."""
        assert "sourcing" in jaeger.get("/api/v3/services").raise_for_status().json()["services"]
        assert program_run.trace_id in jaeger.find(service="sourcing")

    @pytest.mark.parametrize(
        "tags",
        [
            {"orchestrace.key": "job-417/上海"},
            {"gen_ai.conversation.id": "job-417/上海"},
            {"user.id": "李雷 🧑‍💻"},
            {"orchestrace.key": "job-417/上海", "orchestrace.accepted": "true", "gen_ai.agent.version": "1.4"},
            {"gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.value": "0.4"},
            {"gen_ai.prompt.name": "sourcing/draft", "gen_ai.prompt.version": "3"},
            {"error.type": "TimeoutError", "gen_ai.tool.name": "send"},
        ],
        ids="+".join,
    )
    def test_finds_what_stands_together(
        self, stored: StoredTrace, program_run: ProgramRun, jaeger: Jaeger, tags: dict[str, str]
    ) -> None:
        """A trace is found by the tags of one span: the key, the verdict, the prompt, the failure."""
        assert program_run.trace_id in jaeger.find(service="sourcing", tags=json.dumps(tags))

    def test_finds_nothing_else(self, stored: StoredTrace, jaeger: Jaeger) -> None:
        """A key that no run had finds no run."""
        assert stored.spans
        assert set() == jaeger.find(service="sourcing", tags=json.dumps({"orchestrace.key": "job-418"}))


def _journal(run: ProgramRun) -> list[SpanRecord]:
    return Reader(run.journal).trace(run.trace_id)
