"""What Jaeger has of three runs: every span, kind, attribute and type, and each part of the story in its place."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from orchestrace.conventions import SCHEMA_VERSION
from orchestrace.records import SpanRecord
from orchestrace.span_tree import branches

if TYPE_CHECKING:
    from tests.backends.conftest import Tables, ToldStory

pytestmark = pytest.mark.backends

STORIES = ("accepted", "rejected", "refused")
SHORT = {"http/protobuf": "HTTP", "grpc": "gRPC"}
KINDS = ("internal", "server", "client", "producer", "consumer")
TREES = {
    "accepted": """\
invoke_workflow sourcing, internal
  invoke_agent SourcingEmailCrafterAgent, internal
    retrieval past_emails, client
      embeddings text-embedding-3-small, client
    chat gpt-4o, client
    execute_tool search_profiles, internal
      SELECT profiles, client, by profiles.database
    iteration 1, internal
      generate draft, internal
        chat gpt-4o, client
      evaluate tone, internal
        anthropic.messages.create, client, by com.anthropic.sdk.python
      evaluate length, internal
    iteration 2, internal
      generate draft, internal
        chat gpt-4o, client
      evaluate tone, internal
        anthropic.messages.create, client, by com.anthropic.sdk.python
      evaluate length, internal
    execute_tool send, internal, error
    outcome email.replied, internal""",
    "rejected": """\
invoke_workflow sourcing, internal
  invoke_agent SourcingEmailCrafterAgent, internal
    retrieval past_emails, client
      embeddings text-embedding-3-small, client
    chat gpt-4o, client
    execute_tool search_profiles, internal
      SELECT profiles, client, by profiles.database
    iteration 1, internal
      generate draft, internal
        chat gpt-4o, client
      evaluate tone, internal
        anthropic.messages.create, client, by com.anthropic.sdk.python
      evaluate length, internal
    iteration 2, internal
      generate draft, internal
        chat gpt-4o, client
      evaluate tone, internal
        anthropic.messages.create, client, by com.anthropic.sdk.python
      evaluate length, internal
    iteration 3, internal
      generate draft, internal
        chat gpt-4o, client
      evaluate tone, internal
        anthropic.messages.create, client, by com.anthropic.sdk.python
      evaluate length, internal
    execute_tool free_slots, internal
    outcome email.replied, internal""",
    "refused": """\
invoke_workflow sourcing, internal, error
  invoke_agent SourcingEmailCrafterAgent, internal, error
    retrieval past_emails, client
      embeddings text-embedding-3-small, client
    chat gpt-4o, client
    execute_tool search_profiles, internal
      SELECT profiles, client, by profiles.database
    iteration 1, internal, error
      generate draft, internal, error
        chat gpt-4o, client, error""",
}
"""Every span, with its kind, its status if it is an error, and who recorded it if we did not."""


class Something:
    """Equals whatever is there."""

    def __eq__(self, other: object) -> bool:
        return other is not None

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "something"


@dataclass(frozen=True)
class Fact:
    """A part of a run's story: the record it belongs to, the run, the span, and what stands there."""

    record: str
    story: str
    path: str
    attributes: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.record}, {self.story}: {self.path}"


SOMETHING: Any = Something()
TEXT = "text/plain"
JSON = "application/json"
DRAFT = {"gen_ai.prompt.name": "sourcing/draft", "gen_ai.prompt.version": "3", "orchestrace.prompt.hash": SOMETHING}
TONE = {"gen_ai.prompt.name": "sourcing/tone", "gen_ai.prompt.version": "2", "orchestrace.prompt.hash": SOMETHING}
WORKFLOW = "invoke_workflow sourcing"
AGENT = "invoke_agent SourcingEmailCrafterAgent"
CRAFTED = "李雷你好,下周喝杯咖啡? ☕\n(未发送)"
IDENTITY = {
    "gen_ai.agent.name": "SourcingEmailCrafterAgent",
    "orchestrace.key": "job-417/上海",
    "gen_ai.conversation.id": "job-417/上海",
    "session.id": "job-417/上海",
    "user.id": "李雷 🧑‍💻",
    "orchestrace.tenant": "tenant of job-417/上海",
    "orchestrace.tag.trial": True,
    "orchestrace.experiment.greeting": "short",
}
"""On the agent's span and on every one below it."""
FACTS = [
    Fact(
        "what it is",
        "accepted",
        WORKFLOW,
        {
            "gen_ai.operation.name": "invoke_workflow",
            "openinference.span.kind": "CHAIN",
            "orchestrace.schema.version": SCHEMA_VERSION,
        },
    ),
    Fact(
        "what it is", "accepted", AGENT, {"gen_ai.operation.name": "invoke_agent", "openinference.span.kind": "AGENT"}
    ),
    Fact("what it is", "accepted", "iteration 1", {"openinference.span.kind": "CHAIN"}),
    Fact("what it is", "accepted", "iteration 1/generate draft", {"openinference.span.kind": "CHAIN"}),
    Fact("what it is", "accepted", "iteration 2/evaluate tone", {"openinference.span.kind": "EVALUATOR"}),
    Fact(
        "inputs and output",
        "accepted",
        WORKFLOW,
        {
            "input.value": SOMETHING,
            "input.mime_type": JSON,
            "output.value": CRAFTED,
            "output.mime_type": TEXT,
        },
    ),
    Fact(
        "inputs and output",
        "accepted",
        AGENT,
        {
            "input.value": '{"candidate":{"name":"李雷 🧑‍💻","city":"上海"},'
            '"job":{"id":"job-417/上海","title":"Compiler Engineer"}}',
            "input.mime_type": JSON,
            "output.value": CRAFTED,
            "output.mime_type": TEXT,
            "gen_ai.output.messages": SOMETHING,
        },
    ),
    Fact(
        "inputs and output",
        "accepted",
        "iteration 1/generate draft",
        {
            "input.value": SOMETHING,
            "input.mime_type": JSON,
            "output.value": "尊敬的李雷先生,特此通知。",
            "output.mime_type": TEXT,
        },
    ),
    Fact(
        "inputs and output",
        "accepted",
        "iteration 2/evaluate length",
        {
            "input.value": SOMETHING,
            "output.value": "true",
            "output.mime_type": JSON,
        },
    ),
    Fact(
        "exact prompts",
        "accepted",
        "chat gpt-4o",
        {
            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text",'
            '"content":"Find out what we know about 李雷 🧑‍💻."}]}]',
            "gen_ai.tool.definitions": SOMETHING,
        },
    ),
    Fact(
        "exact prompts",
        "accepted",
        "iteration 1/generate draft/chat gpt-4o",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.request.temperature": 0.7,
            "gen_ai.request.stream": True,
            "gen_ai.input.messages": SOMETHING,
        },
    ),
    Fact(
        "exact prompts",
        "accepted",
        "iteration 2/evaluate tone/anthropic.messages.create",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude-sonnet-5",
            "gen_ai.request.max_tokens": 200,
            "gen_ai.system_instructions": '[{"type":"text","content":"You judge e-mails."}]',
            "gen_ai.input.messages": SOMETHING,
        },
    ),
    Fact(
        "prompt identity",
        "accepted",
        AGENT,
        {
            "orchestrace.prompts.generator": "sourcing/draft@3",
            "orchestrace.prompts.evaluator": "sourcing/tone@2",
        },
    ),
    Fact(
        "prompt identity",
        "accepted",
        "iteration 1/generate draft",
        {
            **DRAFT,
            "orchestrace.prompt.template": SOMETHING,
            "orchestrace.prompt.variables": SOMETHING,
        },
    ),
    Fact("prompt identity", "accepted", "iteration 1/generate draft/chat gpt-4o", DRAFT),
    Fact(
        "prompt identity",
        "accepted",
        "iteration 2/evaluate tone",
        {
            **TONE,
            "orchestrace.prompt.template": SOMETHING,
            "orchestrace.prompt.variables": SOMETHING,
        },
    ),
    Fact("prompt identity", "accepted", "iteration 2/evaluate tone/anthropic.messages.create", TONE),
    Fact("prompt identity", "accepted", "chat gpt-4o", {"gen_ai.prompt.name": "sourcing/research"}),
    Fact(
        "few-shot examples",
        "accepted",
        "iteration 1/generate draft",
        {
            "orchestrace.few_shot": SOMETHING,
            "orchestrace.few_shot.hash": SOMETHING,
        },
    ),
    Fact(
        "few-shot examples",
        "accepted",
        "iteration 1/generate draft/chat gpt-4o",
        {
            "orchestrace.few_shot.hash": SOMETHING,
        },
    ),
    Fact(
        "raw outputs",
        "accepted",
        "chat gpt-4o",
        {
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1",'
            '"name":"search_profiles","arguments":{"name":"李雷"}}]}]',
            "gen_ai.response.finish_reasons": ["tool_call"],
            "orchestrace.response.finish_reasons": ["tool_calls"],
        },
    ),
    Fact(
        "raw outputs",
        "accepted",
        "iteration 1/generate draft/chat gpt-4o",
        {
            "gen_ai.output.messages": SOMETHING,
            "gen_ai.response.model": "gpt-4o-2024-11-20",
            "gen_ai.response.id": SOMETHING,
            "gen_ai.response.finish_reasons": ["stop"],
        },
    ),
    Fact("raw outputs", "accepted", "iteration 2/evaluate tone", {"output.value": SOMETHING}),
    Fact(
        "iteration history",
        "accepted",
        AGENT,
        {
            "orchestrace.iterations": 2,
            "orchestrace.accepted": True,
            "orchestrace.accepted_iteration": 2,
            "orchestrace.stop_reason": "accepted",
        },
    ),
    Fact(
        "iteration history",
        "rejected",
        AGENT,
        {
            "orchestrace.iterations": 3,
            "orchestrace.accepted": False,
            "orchestrace.stop_reason": "limit",
        },
    ),
    Fact(
        "iteration history",
        "refused",
        AGENT,
        {
            "orchestrace.iterations": 1,
            "orchestrace.accepted": False,
            "orchestrace.stop_reason": "error",
        },
    ),
    Fact(
        "iteration history",
        "accepted",
        "iteration 1",
        {
            "orchestrace.iteration.index": 1,
            "orchestrace.accepted": False,
        },
    ),
    Fact("iteration history", "rejected", "iteration 3/generate draft", {"orchestrace.iteration.index": 3}),
    Fact(
        "iteration history",
        "rejected",
        "iteration 3/evaluate tone/anthropic.messages.create",
        {
            "orchestrace.iteration.index": 3,
        },
    ),
    Fact(
        "agent configuration",
        "accepted",
        AGENT,
        {
            "gen_ai.agent.version": "1.4",
            "orchestrace.agent.config": '{"writer":"gpt-4o","judge":"claude-sonnet-5",'
            '"good_enough":0.8,"语气":"友好 🙂"}',
            "orchestrace.agent.config_hash": SOMETHING,
        },
    ),
    Fact(
        "found at night",
        "accepted",
        AGENT,
        {
            "orchestrace.summary": "2 iterations, accepted; tone 0.9 '亲切又简短 👍', length passed; 930 tokens",
        },
    ),
    Fact(
        "found at night",
        "rejected",
        AGENT,
        {
            "orchestrace.summary": "3 iterations, limit; tone 0.1 'begging does not help', length failed; 1,092 tokens",
        },
    ),
    Fact(
        "found at night",
        "refused",
        AGENT,
        {
            "orchestrace.summary": "1 iteration, error openai.BadRequestError; 120 tokens",
        },
    ),
    Fact(
        "found at night",
        "accepted",
        "iteration 1",
        {
            "orchestrace.summary": "tone 0.4 '太正式了 🧐', length passed; 405 tokens",
        },
    ),
    Fact(
        "performance",
        "accepted",
        "iteration 1/generate draft/chat gpt-4o",
        {
            "gen_ai.response.time_to_first_chunk": SOMETHING,
            "gen_ai.usage.input_tokens": 212,
            "gen_ai.usage.output_tokens": 31,
            "gen_ai.usage.cache_read.input_tokens": 128,
            "gen_ai.usage.reasoning.output_tokens": 7,
            "orchestrace.attempts": 1,
        },
    ),
    Fact(
        "performance",
        "accepted",
        "retrieval past_emails/embeddings text-embedding-3-small",
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.usage.input_tokens": 6,
        },
    ),
    Fact("performance", "rejected", "iteration 1/generate draft/chat gpt-4o", {"orchestrace.attempts": 2}),
    Fact("performance", "accepted", "iteration 1/generate draft", {"orchestrace.usage.input_tokens": 212}),
    Fact(
        "performance",
        "accepted",
        AGENT,
        {
            "orchestrace.usage.calls": 6,
            "orchestrace.usage.input_tokens": 806,
            "orchestrace.usage.output_tokens": 124,
        },
    ),
    Fact("performance", "accepted", WORKFLOW, {"orchestrace.usage.input_tokens": 806}),
    Fact(
        "evaluations",
        "accepted",
        "iteration 2/evaluate tone",
        {
            "gen_ai.evaluation.name": "tone",
            "gen_ai.evaluation.score.value": 0.9,
            "gen_ai.evaluation.score.label": "warm",
            "gen_ai.evaluation.explanation": "亲切又简短 👍",
            "orchestrace.evaluation.passed": True,
            "orchestrace.evaluator.name": "tone",
            "orchestrace.evaluator.version": "2",
            "orchestrace.evaluator.kind": "llm",
        },
    ),
    Fact(
        "evaluations",
        "rejected",
        "iteration 3/evaluate length",
        {
            "gen_ai.evaluation.name": "length",
            "orchestrace.evaluation.passed": False,
            "orchestrace.evaluator.kind": "code",
        },
    ),
    Fact("identity for analysis", "accepted", AGENT, IDENTITY),
    Fact("identity for analysis", "accepted", "iteration 2/evaluate tone/anthropic.messages.create", IDENTITY),
    Fact("identity for analysis", "accepted", "execute_tool search_profiles/SELECT profiles", IDENTITY),
    Fact(
        "tools and retrieval",
        "accepted",
        "execute_tool search_profiles",
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "search_profiles",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.description": "Search public profiles of a person.",
            "gen_ai.tool.call.arguments": '{"name":"李雷"}',
            "gen_ai.tool.call.result": '{"result":[{"name":"李雷","known_for":"列车时刻表编译器 🚆"}]}',
        },
    ),
    Fact(
        "tools and retrieval",
        "accepted",
        "retrieval past_emails",
        {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": "past_emails",
            "gen_ai.retrieval.query.text": "李雷 🧑‍💻",
            "gen_ai.retrieval.documents": '[{"content":"李雷 🧑‍💻: 还没有邮件"}]',
        },
    ),
    Fact("identity for analysis", "rejected", AGENT, {"orchestrace.experiment.greeting": "short"}),
    Fact(
        "outcomes",
        "accepted",
        "outcome email.replied",
        {
            "orchestrace.outcome.name": "email.replied",
            "orchestrace.outcome.value": True,
            "gen_ai.evaluation.score.value": 1.0,
            "orchestrace.outcome.source": "crm",
            "orchestrace.outcome.comment": "回复了 ✉️",
            "orchestrace.outcome.at": SOMETHING,
            "orchestrace.prompts.generator": "sourcing/draft@3",
            "orchestrace.experiment.greeting": "short",
        },
    ),
    Fact("errors", "accepted", "execute_tool send", {"error.type": "TimeoutError"}),
    Fact(
        "errors",
        "refused",
        "iteration 1/generate draft/chat gpt-4o",
        {
            "error.type": "context_length_exceeded",
            "http.response.status_code": 400,
        },
    ),
    Fact("errors", "refused", AGENT, {"error.type": "openai.BadRequestError"}),
    Fact("ending", "accepted", AGENT, {"orchestrace.ending": "returned"}),
    Fact("ending", "accepted", "iteration 1/generate draft/chat gpt-4o", {"orchestrace.ending": "drained"}),
    Fact("ending", "accepted", "execute_tool send", {"orchestrace.ending": "error"}),
    Fact("ending", "rejected", "iteration 3/generate draft/chat gpt-4o", {"orchestrace.ending": "abandoned"}),
    Fact("ending", "rejected", "execute_tool free_slots", {"orchestrace.ending": "cancelled"}),
]
"""What the plan of the trace wants, record by record; a span below the agent's stands under its path from there."""


def named(spans: Iterable[SpanRecord]) -> dict[str, SpanRecord]:
    """Return spans by their path below the agent's; that and the workflow's by their names."""
    found: dict[str, SpanRecord] = {}
    for top in branches(spans):
        path: list[str] = []
        for depth, branch in top.walk():
            path[depth:] = [branch.span.name]
            found["/".join(path[2:] or path[-1:])] = branch.span
    return found


def drawn(spans: Iterable[SpanRecord]) -> str:
    """Return the tree of a trace: names, kinds, errors, and other recorders than us."""
    lines = []
    for top in branches(spans):
        for depth, branch in top.walk():
            span = branch.span
            words = [span.name, KINDS[span.kind]]
            words += ["error"] if span.status == "ERROR" else []
            words += [f"by {span.scope}"] if span.scope != "orchestrace" else []
            lines.append("  " * depth + ", ".join(words))
    return "\n".join(lines)


@pytest.fixture(scope="module", params=STORIES)
def story(request: pytest.FixtureRequest) -> str:
    """Tell each story."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def told(tell: Callable[..., ToldStory], story: str, protocol: str) -> ToldStory:
    """Return a run of it."""
    return tell(story, protocol)


class TestStoredTrace:
    def test_has_every_span_below_its_parent(self, told: ToldStory, story: str) -> None:
        """Jaeger has one trace with one top, and each span of whatever kind under the one that it happened in."""
        assert TREES[story] == drawn(told.stored.spans)

    def test_is_what_the_journal_has(self, told: ToldStory) -> None:
        """Every id, time, attribute, type, event, kind, status and scope on disk is there, and nothing else."""
        assert [] == told.stored.differences(told.recorded)
        assert len(told.recorded) == len(told.stored.spans)

    def test_comes_from_the_service(self, told: ToldStory) -> None:
        """The resource is the service, and says what recorded it; once for each request that it took."""
        wanted = {"service.name": "sourcing", "telemetry.distro.name": "orchestrace"}
        found = [{name: resource.get(name) for name in wanted} for resource in told.stored.resources]

        assert found
        assert [wanted] * len(found) == found

    def test_text_that_looks_like_json_is_json(self, told: ToldStory) -> None:
        """Whatever begins as an object or a list parses, and is no JSON in JSON."""
        texts = [value for span in told.stored.spans for value in span.attributes.values() if isinstance(value, str)]
        parsed = [json.loads(text) for text in texts if text.startswith(("{", "["))]

        assert parsed
        assert [] == [value for value in parsed if not isinstance(value, (dict, list))]

    def test_text_is_not_escaped(self, told: ToldStory) -> None:
        r"""There is no \u in any attribute, event or message."""
        attributes = [span.attributes for span in told.stored.spans]
        events = [event.attributes for span in told.stored.spans for event in span.events]
        messages = [span.status_message for span in told.stored.spans]

        assert "\\u" not in json.dumps([attributes, events, messages], ensure_ascii=False)

    def test_identity_is_on_the_agent_and_all_below(self, told: ToldStory, story: str) -> None:
        """The agent, key, session, user, tenant and tag are on every span, another library's too, so each is found."""
        spans = {path: span for path, span in named(told.stored.spans).items() if path != WORKFLOW}
        wanted = {name: spans[AGENT].attributes[name] for name in IDENTITY}

        assert [] == [path for path, span in spans.items() if not wanted.items() <= span.attributes.items()]
        assert story != "accepted" or wanted == IDENTITY


class TestRecord:
    @pytest.mark.parametrize("fact", FACTS, ids=str)
    def test_stands_on_its_span(
        self, fact: Fact, protocol: str, tell: Callable[..., ToldStory], tables: Tables
    ) -> None:
        """Each part of the story stands on the span that it is about."""
        attributes = named(tell(fact.story, protocol).stored.spans)[fact.path].attributes

        assert fact.attributes == {name: attributes.get(name) for name in fact.attributes}
        names = ", ".join(f"`{name}`" for name in fact.attributes)
        row = {"record": fact.record, "run": fact.story, "on the span": fact.path.replace("/", " / ")}
        tables.add("The record", row | {"attributes": names, SHORT[protocol]: "**yes**"})

    def test_has_every_attribute_in_its_type(
        self, protocol: str, tell: Callable[..., ToldStory], tables: Tables
    ) -> None:
        """An attribute has one type, wherever it stands."""
        types: dict[str, set[str]] = defaultdict(set)
        holders: dict[str, set[str]] = defaultdict(set)
        for told in (tell(story, protocol) for story in STORIES):
            for span, name, kind in told.stored.types():
                types[name].add(kind)
                holders[name].add(span.name.split()[0])
        everybody = len(set.union(*holders.values()))

        assert [] == [name for name, found in types.items() if len(found) > 1]
        for name in sorted(types):
            on = "all" if len(holders[name]) == everybody else ", ".join(sorted(holders[name]))
            row = {"attribute": f"`{name}`", "type": "".join(types[name]), "on spans of": on}
            tables.add("Every attribute", row | {SHORT[protocol]: "**yes**"})

    def test_shows_the_error(self, protocol: str, tell: Callable[..., ToldStory]) -> None:
        """The failed tool has the program's own words, the refused call the provider's; as status and as exception."""
        tool = named(tell("accepted", protocol).stored.spans)["execute_tool send"]
        call = named(tell("refused", protocol).stored.spans)["iteration 1/generate draft/chat gpt-4o"]
        (event,) = tool.events

        assert ("ERROR", "邮件服务器没有应答 📪: 14 characters wait.") == (tool.status, tool.status_message)
        assert ("exception", "TimeoutError") == (event.name, event.attributes["exception.type"])
        assert "This model's maximum context length is 128000 tokens." in str(call.status_message)

    def test_shows_the_verdict_as_event(self, protocol: str, tell: Callable[..., ToldStory]) -> None:
        """Each verdict is an event, too, with its feedback."""
        (event,) = named(tell("accepted", protocol).stored.spans)["iteration 1/evaluate tone"].events

        assert "gen_ai.evaluation.result" == event.name
        assert "太正式了 🧐" == event.attributes["gen_ai.evaluation.explanation"]

    def test_text_is_readable(self, protocol: str, tell: Callable[..., ToldStory]) -> None:
        """Chinese and emoji are stored as they are, in the middle of JSON as well."""
        stored = tell("accepted", protocol).stored
        sent = named(stored.spans)["iteration 1/generate draft/chat gpt-4o"].attributes["gen_ai.input.messages"]

        assert "用候选人的语言写。" in str(sent)
        assert "Jun 你好,聊聊? ☕" in str(sent)
        assert "列车时刻表编译器 🚆" in stored.text
