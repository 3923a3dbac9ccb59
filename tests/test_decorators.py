from __future__ import annotations

import asyncio
import enum
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple, TypedDict

import attrs
import pydantic
import pytest
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

import orchestrace
from orchestrace import Evaluation, Example, Prompt, decorators
from orchestrace.exceptions import UsageError
from orchestrace.recording.text import written
from orchestrace.records import SpanRecord
from orchestrace.testing import Spans, capture

VERBS = {
    "agent": "invoke_agent",
    "workflow": "invoke_workflow",
    "generator": "generate",
    "evaluator": "evaluate",
    "tool": "execute_tool",
    "retriever": "retrieval",
}
OPTIONS = {"config", "inputs", "key", "name", "read", "reduce", "reference_only", "session", "tenant", "user"}
MORE = {
    "agent": {"description", "method", "version"},
    "generator": {"prompt", "starts_iteration"},
    "evaluator": {"kind", "rubric", "version"},
}
each_role = pytest.mark.parametrize("role", VERBS)
DRAFT = Prompt("sourcing/draft", "Write to {name}.", version="3", few_shot=[Example("who", "what")])


@dataclass
class Job:
    """A business object."""

    id: str = "job-1"
    title: str = "Engineer"
    tags: list[str] = field(default_factory=list)


class Client:
    """Holds a key."""

    def __init__(self) -> None:
        self.api_key = "sk-canary-0123456789abcdef0123"


def decorated(role: str, function: Any, **options: object) -> Any:
    """Decorate with arguments."""
    return getattr(orchestrace, role)(**options)(function)


def record(role: str, spans: Spans, *arguments: object, **options: object) -> dict[str, object]:
    """Call a decorated function that returns its first argument; return the attributes of its span."""

    def called(job: object, ctx: object = None) -> object:
        with orchestrace.tool(name="inside"):
            return job if ctx is None else ctx

    decorated(role, called, **options)(*arguments)
    return dict(next(span for span in reversed(spans) if span.name.startswith(VERBS[role])).attributes)


def input_of(attributes: Mapping[str, object]) -> object:
    """Return the recorded input."""
    return json.loads(str(attributes["input.value"]))


class TestName:
    @each_role
    def test_it_is_the_function_s(self, role: str, orchestrace_spans: Spans) -> None:
        """Unless it is said; None is not said."""
        for options in ({}, {"name": None}, {"name": "Said"}):
            record(role, orchestrace_spans, 1, **options)
        verb = VERBS[role]

        assert [f"{verb} called", f"{verb} called", f"{verb} Said"] == [
            span.name for span in orchestrace_spans if span.name != "execute_tool inside"
        ]

    @pytest.mark.parametrize(
        ("role", "key"),
        [
            ("agent", "gen_ai.agent.name"),
            ("workflow", "gen_ai.workflow.name"),
            ("evaluator", "orchestrace.evaluator.name"),
            ("tool", "gen_ai.tool.name"),
            ("retriever", "gen_ai.data_source.id"),
        ],
    )
    def test_it_stands_on_the_span(self, role: str, key: str, orchestrace_spans: Spans) -> None:
        """Under the name that the conventions have for it."""
        assert "N" == record(role, orchestrace_spans, 1, name="N")[key]

    def test_an_agent_s_stands_on_all_that_runs_inside(self, orchestrace_spans: Spans) -> None:
        """So that one search finds all spans of an agent."""
        record("agent", orchestrace_spans, 1, name="N")

        assert ["N", "N"] == [span.attributes["gen_ai.agent.name"] for span in orchestrace_spans]


class TestIdentity:
    @each_role
    def test_it_stands_here_and_on_all_that_runs_inside(self, role: str, orchestrace_spans: Spans) -> None:
        """Key, session, user and tenant, by path or callable, of every decorator."""
        record(
            role,
            orchestrace_spans,
            Job(),
            {"session": "s", "users": ["u"], "tenant": 7},
            key="job.id",
            session="ctx.session",
            user="ctx.users.0",
            tenant=lambda job, ctx: ctx["tenant"],
        )
        identity = {
            "orchestrace.key": "job-1",
            "gen_ai.conversation.id": "s",
            "session.id": "s",
            "user.id": "u",
            "orchestrace.tenant": "7",
        }

        assert [True, True] == [identity.items() <= span.attributes.items() for span in orchestrace_spans]

    @pytest.mark.parametrize("key", ["job.nothing", "nobody", "job.id.deep", lambda job: job.nothing, "job.tags.0"])
    def test_what_is_not_found_is_absent(self, key: object, orchestrace_spans: Spans) -> None:
        """The program goes on."""
        attributes = record("agent", orchestrace_spans, Job(), key=key)

        assert "orchestrace.key" not in attributes
        assert "returned" == attributes["orchestrace.ending"]

    def test_a_method_can_select_from_its_object(self, orchestrace_spans: Spans) -> None:
        """Under the name of the first parameter."""

        class Crafter:
            job = Job(id="job-2")

            @orchestrace.agent(key="self.job.id", config="self.job")
            def run(self) -> None: ...

        Crafter().run()

        assert "job-2" == orchestrace_spans.attributes("invoke_agent Crafter")["orchestrace.key"]


class TestConfig:
    @pytest.mark.parametrize(
        "config",
        [
            {"id": "job-1", "title": "Engineer", "tags": []},
            Job(),
            "job",
            lambda job: job,
            lambda job, ctx=None: {"id": job.id, "title": job.title, "tags": []},
        ],
        ids=["mapping", "model", "path", "callable", "callable of all arguments"],
    )
    def test_it_is_recorded_with_its_hash(self, config: object, orchestrace_spans: Spans) -> None:
        """However it was given, the same settings have the same hash."""
        attributes = record("agent", orchestrace_spans, Job(), config=config)

        assert '{"id":"job-1","title":"Engineer","tags":[]}' == attributes["orchestrace.agent.config"]
        assert "c2c504143c24ec43" == attributes["orchestrace.agent.config_hash"]

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"a": 1, "b": {"c": 2, "d": [3]}}, {"b": {"d": [3], "c": 2}, "a": 1}),
            ({"stop": {"x", "y", "z"}}, {"stop": {"z", "y", "x"}}),
            ({"api_key": "one"}, {"api_key": "other"}),
        ],
        ids=["keys", "sets", "secrets"],
    )
    def test_the_hash_is_of_what_is_set(self, one: object, other: object, orchestrace_spans: Spans) -> None:
        """In whatever order it is said; of a secret it tells nothing."""
        for config in (one, other):
            orchestrace.agent(config=config)(len)("a")

        first, second = (span.attributes["orchestrace.agent.config_hash"] for span in orchestrace_spans)
        assert first == second

    def test_a_changed_setting_is_a_changed_hash_on_the_next_run(self, orchestrace_spans: Spans) -> None:
        """What is given is read at every run, not when the function is decorated."""
        settings = {"limit": 3, "nested": {"temperature": 0.2}}
        craft = orchestrace.agent(config=settings)(len)
        craft("a")
        craft("b")
        settings["nested"] = {"temperature": 0.3}
        craft("c")

        first, again, changed = (span.attributes["orchestrace.agent.config_hash"] for span in orchestrace_spans)
        assert (True, False) == (first == again, first == changed)

    @each_role
    def test_every_decorator_has_one(self, role: str, orchestrace_spans: Spans) -> None:
        """It stands on the span of the call that it is for, and not on those inside."""
        attributes = record(role, orchestrace_spans, 1, config={"limit": 3})

        assert '{"limit":3}' == attributes["orchestrace.agent.config"]
        assert [1] == [1 for span in orchestrace_spans if "orchestrace.agent.config" in span.attributes]

    def test_secrets_in_it_are_masked(self, orchestrace_spans: Spans) -> None:
        """By name."""
        attributes = record("agent", orchestrace_spans, 1, config={"model": "m", "api_key": "abc"})

        assert '{"model":"m","api_key":"[masked:secret]"}' == attributes["orchestrace.agent.config"]


class TestInputs:
    def test_all_arguments_are_inputs(self, orchestrace_spans: Spans) -> None:
        """By name, as JSON, defaults included."""
        attributes = record("agent", orchestrace_spans, Job())

        assert {"job": {"id": "job-1", "title": "Engineer", "tags": []}, "ctx": None} == input_of(attributes)
        assert "application/json" == attributes["input.mime_type"]

    @pytest.mark.parametrize(
        ("inputs", "recorded"),
        [
            (["ctx"], {"ctx": 2}),
            (["job.title", "job.tags.1", "nobody"], {"job.title": "Engineer", "job.tags.1": "b"}),
            (("job.id",), {"job.id": "job-1"}),
        ],
    )
    def test_only_those_that_are_named(
        self, inputs: object, recorded: dict[str, object], orchestrace_spans: Spans
    ) -> None:
        """Arguments, or paths over them; what is not found is left out."""
        assert recorded == input_of(record("agent", orchestrace_spans, Job(tags=["a", "b"]), 2, inputs=inputs))

    def test_none(self, orchestrace_spans: Spans) -> None:
        """An empty list means none."""
        assert "input.value" not in record("agent", orchestrace_spans, 1, inputs=[])

    @pytest.mark.parametrize("role", ["agent", "workflow", "generator", "evaluator"])
    def test_our_own_spans_have_them_as_openinference_has(self, role: str, orchestrace_spans: Spans) -> None:
        """Input, output and their types."""
        attributes = record(role, orchestrace_spans, "text")

        assert ('{"job":"text","ctx":null}', "application/json", "text", "text/plain") == tuple(
            attributes[name] for name in ("input.value", "input.mime_type", "output.value", "output.mime_type")
        )

    def test_a_tool_s_are_those_of_the_conventions(self, orchestrace_spans: Spans) -> None:
        """Arguments and result are JSON objects."""
        attributes = record("tool", orchestrace_spans, "text")

        assert ('{"job":"text","ctx":null}', '{"result":"text"}') == (
            attributes["gen_ai.tool.call.arguments"],
            attributes["gen_ai.tool.call.result"],
        )

    def test_a_retriever_s_are_a_query_and_documents(self, orchestrace_spans: Spans) -> None:
        """As the conventions have them."""
        attributes = record("retriever", orchestrace_spans, "text", ["a", {"id": 1}])

        assert ("text", '[{"content":"a"},{"id":1}]') == (
            attributes["gen_ai.retrieval.query.text"],
            attributes["gen_ai.retrieval.documents"],
        )


class TestSnapshots:
    def test_data_is_copied(self, orchestrace_spans: Spans) -> None:
        """Scalars, mappings, sequences and every kind of model, as JSON."""

        @attrs.define
        class Attrs:
            n: int = 1

        class Model(pydantic.BaseModel):
            n: int = 1

        class Typed(TypedDict):
            n: int

        class Named(NamedTuple):
            n: int

        class Colour(enum.Enum):
            RED = "red"

        given = [Attrs(), Model(), Typed(n=1), Named(1), Colour.RED, {"a": (1, 2.5, None, True)}]

        assert {"job": [{"n": 1}, {"n": 1}, {"n": 1}, {"n": 1}, "red", {"a": [1, 2.5, None, True]}]} == input_of(
            record("agent", orchestrace_spans, given, inputs=["job"])
        )

    def test_anything_else_is_its_type(self, orchestrace_spans: Spans) -> None:
        """The attributes of a client hold its key."""
        attributes = record("agent", orchestrace_spans, Client())

        assert f'{{"type":"{Client.__module__}.Client"}}' == attributes["output.value"]
        assert "canary" not in str(attributes)

    def test_secrets_are_masked(self, orchestrace_spans: Spans) -> None:
        """By their names and by their shapes, wherever they stand."""
        given = {"password": "hunter2", "note": "use sk-" + "proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH now"}
        attributes = record("agent", orchestrace_spans, given)

        assert '{"password":"[masked:secret]","note":"use [masked:openai-key] now"}' == attributes["output.value"]
        assert "hunter2" not in str(attributes)

    @each_role
    def test_what_is_changed_later_stays_as_it_was(self, role: str, orchestrace_spans: Spans) -> None:
        """Inputs are those of the moment of the call, the output is that of the return."""

        def change(job: Job) -> list[str]:
            job.title = "changed inside"
            return job.tags

        job = Job(tags=["early"])
        decorated(role, change)(job).append("late")
        span = orchestrace_spans[0]

        assert "changed inside" not in str(span.attributes)
        assert "late" not in str(span.attributes)
        assert "early" in str(span.attributes) or role == "retriever"

    def test_of_a_generator_the_call_is_its_first_step(self, orchestrace_spans: Spans) -> None:
        """The body sees what its arguments are then, and that is recorded."""

        @orchestrace.agent
        def words(job: Job) -> Iterator[str]:
            yield job.title

        job = Job()
        started = words(job)
        job.title = "changed before"
        next(started)
        job.title = "changed after"
        started.close()

        assert "changed before" in str(orchestrace_spans[0].attributes["input.value"])

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
        )
    )
    def test_anything_can_be_passed(self, value: object) -> None:
        """The result is the very object, and the record is JSON."""
        with capture(instrument=False) as spans:
            result = decorated("agent", lambda job: job)(value)

        assert value is result
        assert {"job"} == input_of(spans[0].attributes).keys()  # type: ignore[attr-defined] # an object


class TestRead:
    @pytest.mark.parametrize("role", [role for role in VERBS if role != "evaluator"])
    @pytest.mark.parametrize(
        ("read", "output"),
        [
            ("text", "Hi"),
            (lambda result: result["text"], "Hi"),
            ({"said": "text", "cost": lambda result: result["usage"]["cost"]}, {"said": "Hi", "cost": 3}),
        ],
        ids=["path", "callable", "mapping"],
    )
    def test_it_says_what_of_the_result_is_recorded(
        self, role: str, read: object, output: object, orchestrace_spans: Spans
    ) -> None:
        """By a path over it, a callable that gets it, or several of these by name; the program gets all of it."""
        result = {"text": "Hi", "usage": {"cost": 3}}

        assert result is decorated(role, lambda: result, read=read)()
        attributes = orchestrace_spans[0].attributes
        recorded = {
            "tool": output if isinstance(output, dict) else {"result": output},
            "retriever": [output if isinstance(output, dict) else {"content": output}],
        }.get(role, output)
        found = [attributes[name] for name in attributes if name.endswith(("output.value", "call.result", "documents"))]
        assert [recorded] == [one if one == recorded else json.loads(str(one)) for one in found]

    def test_what_is_not_found_is_not_recorded(self, orchestrace_spans: Spans) -> None:
        """No output is better than the wrong one."""
        assert "output.value" not in record("agent", orchestrace_spans, 1, read="nothing")

    @pytest.mark.parametrize(
        ("result", "read", "verdict"),
        [
            (Evaluation(0.5, "ok", passed=True, feedback="f"), None, (0.5, "ok", True, "f")),
            ({"rating": 0.5, "ok": True}, {"score": "rating", "passed": "ok"}, (0.5, None, True, None)),
            ({"verdict": {"score": 0.5}}, "verdict", (0.5, None, None, None)),
            ([0.5], lambda result: result[0], (0.5, None, None, None)),
            (True, None, (None, None, True, None)),
            (3, None, (3.0, None, None, None)),
            ("too formal", None, (None, None, None, "too formal")),
        ],
    )
    def test_of_an_evaluator_it_says_where_the_verdict_is(
        self, result: object, read: object, verdict: tuple[object, ...], orchestrace_spans: Spans
    ) -> None:
        """The output is the whole result, as the function returned it."""
        decorated("evaluator", lambda: result, name="tone", read=read)()
        attributes = orchestrace_spans.attributes("evaluate tone")
        names = ("gen_ai.evaluation.score.value", "gen_ai.evaluation.score.label")
        more = ("orchestrace.evaluation.passed", "gen_ai.evaluation.explanation")

        assert verdict == tuple(attributes.get(name) for name in (*names, *more))
        assert "tone" == attributes["gen_ai.evaluation.name"]
        assert written(result)[0] == attributes["output.value"]


class TestReduce:
    @pytest.mark.parametrize(
        ("items", "options", "output"),
        [
            (["a", "b"], {}, "ab"),
            ([1, "b"], {}, '[1,"b"]'),
            ([1, 2], {"reduce": sum}, "3"),
            ([{"text": "a"}, {"text": "b"}], {"reduce": lambda items: items[-1], "read": "text"}, "b"),
        ],
    )
    def test_it_makes_one_output_of_a_stream(
        self, items: list[object], options: dict[str, object], output: str, orchestrace_spans: Spans
    ) -> None:
        """Of generators and async generators; without it texts are joined, anything else is a list."""

        def stream() -> Iterator[object]:
            yield from items

        async def astream() -> AsyncIterator[object]:
            for item in items:
                yield item

        async def drain() -> list[object]:
            return [item async for item in decorated("agent", astream, **options)()]

        assert [items, items] == [list(decorated("agent", stream, **options)()), asyncio.run(drain())]
        assert [output, output] == [span.attributes["output.value"] for span in orchestrace_spans]


class TestRoleOptions:
    def test_an_agent_s_version_and_description(self, orchestrace_spans: Spans) -> None:
        """As the conventions name them, on the agent span."""
        attributes = record("agent", orchestrace_spans, 1, version="1.4", description="Crafts.")

        assert ("1.4", "Crafts.") == (attributes["gen_ai.agent.version"], attributes["gen_ai.agent.description"])

    @pytest.mark.parametrize("kind", ["human", "llm", "code", None])
    def test_an_evaluator_s_version_and_kind(self, kind: str | None, orchestrace_spans: Spans) -> None:
        """Who judges; code, if nobody says and no model was called."""
        attributes = record("evaluator", orchestrace_spans, 1, version="2", kind=kind)

        assert ("2", kind or "code") == (
            attributes["orchestrace.evaluator.version"],
            attributes["orchestrace.evaluator.kind"],
        )

    def test_a_generator_s_prompt(self, orchestrace_spans: Spans) -> None:
        """Identity, template and examples on its span, and which it was on the agent's."""
        with orchestrace.agent(name="A"):
            record("generator", orchestrace_spans, 1, name="draft", prompt=DRAFT)
        attributes = orchestrace_spans.attributes("generate draft")

        assert {
            "gen_ai.prompt.name": "sourcing/draft",
            "gen_ai.prompt.version": "3",
            "orchestrace.prompt.hash": DRAFT.hash,
            "orchestrace.prompt.template": "Write to {name}.",
        }.items() <= attributes.items()
        assert [{"input": "who", "output": "what"}] == [
            {name: one[name] for name in ("input", "output")}
            for one in json.loads(str(attributes["orchestrace.few_shot"]))
        ]
        assert "sourcing/draft@3" == orchestrace_spans.attributes("invoke_agent A")["orchestrace.prompts.draft"]

    def test_a_generator_can_begin_an_iteration(self, orchestrace_spans: Spans) -> None:
        """Or not; what is said to the decorator holds for each call."""
        draft = orchestrace.generator(name="draft", starts_iteration=True)(lambda: None)
        with orchestrace.agent(name="A"):
            draft()
            draft()

        assert [1, 2] == [
            span.attributes["orchestrace.iteration.index"] for span in orchestrace_spans.named("generate draft")
        ]


def everything(span: SpanRecord) -> str:
    """Return whatever stands on a span, as one text."""
    return repr((span.name, span.status_message, span.attributes, span.events, span.links))


class TestWithoutContent:
    def test_no_word_of_it_stands_on_any_span(self, orchestrace_spans: Spans) -> None:
        """Arguments, results, prompts, examples, drafts, feedback, messages of errors: nowhere, on no span."""
        with orchestrace.content("off"), pytest.raises(LookupError, match="canary"):
            Sourcing().run({"text": "canary"}, Job(title="canary"))

        assert 14 == len(orchestrace_spans)
        assert [] == [span.name for span in orchestrace_spans if "canary" in everything(span)]

    def test_the_same_run_with_content_has_them(self, orchestrace_spans: Spans) -> None:
        """On every span but that of the iteration which went well: so the test above can fail."""
        with pytest.raises(LookupError, match="canary"):
            Sourcing().run({"text": "canary"}, Job(title="canary"))

        assert 14 == len(orchestrace_spans)
        assert [] == [span.name for span in orchestrace_spans if "canary" not in everything(span)]

    def test_names_numbers_and_hashes_stay(self, orchestrace_spans: Spans) -> None:
        """What was it, how long, how good, which configuration."""
        with orchestrace.content("off"), pytest.raises(LookupError):
            Sourcing().run({"text": "canary"}, Job())
        agent = orchestrace_spans.attributes("invoke_agent Sourcing")

        assert {
            "orchestrace.key": "job-1",
            "orchestrace.iterations": 2,
            "orchestrace.stop_reason": "error",
            "error.type": "LookupError",
        }.items() <= agent.items()
        assert "orchestrace.agent.config_hash" in agent
        assert [0.5, 0.5] == [
            span.attributes["gen_ai.evaluation.score.value"] for span in orchestrace_spans.named("evaluate tone")
        ]


class Sourcing:
    """An agent whose every value is a canary, and that fails in the end."""

    @orchestrace.agent(config={"secret of the trade": "canary"}, key="job.id")
    def run(self, given: dict[str, str], job: Job) -> str:
        """Run into an error."""
        for turn in orchestrace.iterations(limit=3):
            text = self.draft(given, job)
            self.tone(text)
            self.panel(text)
            with orchestrace.llm_call(model="m") as call:
                call.request([{"role": "user", "content": text}], stop=["canary"])
                call.response(text)
            orchestrace.current().set_output(text)
            orchestrace.current().evaluation(feedback=text, name="handle")
            if turn.index == 1:
                self.send(text)
                list(self.search(text))
                turn.accept(text)
            else:
                turn.stop(text)
                self.fail(text)
        return text

    @orchestrace.generator(name="draft")
    def draft(self, given: dict[str, str], job: Job) -> str:
        """Draft with a prompt."""
        prompt = Prompt("p", "canary {given} {job}", version="1", few_shot=[Example("canary", {"a": "canary"})])
        return prompt.render(given=given["text"], job=job.title)

    @orchestrace.evaluator(name="tone")
    def tone(self, text: str) -> Evaluation:
        """Judge once."""
        return Evaluation(score=0.5, passed=False, feedback=text)

    @orchestrace.evaluator(name="panel")
    def panel(self, text: str) -> list[Evaluation]:
        """Judge twice."""
        return [Evaluation(score=0.5, feedback=text, name="a"), Evaluation(passed=False, feedback=text, name="b")]

    @orchestrace.tool(name="send")
    def send(self, text: str) -> dict[str, str]:
        """Send it."""
        return {"text": text}

    @orchestrace.retriever(name="search")
    def search(self, query: str) -> Iterator[str]:
        """Find it."""
        yield query

    @orchestrace.tool(name="fail")
    def fail(self, text: str) -> None:
        """Fail with it."""
        raise LookupError(text) from ValueError(text)


class TestMisuse:
    @each_role
    def test_an_option_that_there_is_not(self, role: str) -> None:
        """The message lists those that there are."""
        known = ", ".join(sorted(OPTIONS | MORE.get(role, set())))
        with pytest.raises(UsageError) as caught:
            decorated(role, len, nme="x")

        assert f"{role}(nme=…): {role} has no such option. It has {known}." == str(caught.value)

    @each_role
    def test_an_option_of_another_decorator(self, role: str) -> None:
        """What a decorator cannot use, it does not take."""
        for option in {option for options in MORE.values() for option in options} - MORE.get(role, set()):
            with pytest.raises(UsageError, match=f"{role} has no such option"):
                decorated(role, len, **{option: "x"})

    @pytest.mark.parametrize(
        ("role", "option", "value", "message"),
        [
            ("agent", "name", 3, "agent(name=3): name is a text."),
            ("agent", "version", 1.4, 'agent(version=1.4): version is a text, such as "1.4".'),
            ("agent", "method", len, "agent(method=<built-in function len>): method is a text."),
            (
                "tool",
                "key",
                3,
                'tool(key=3): key is a path over the arguments, such as "job.id", or a callable that gets them.',
            ),
            (
                "tool",
                "inputs",
                "job",
                'tool(inputs=\'job\'): inputs is a list of names or paths, such as ["job", "candidate.name"].',
            ),
            (
                "generator",
                "read",
                ["a"],
                f"generator(read=['a']): read is {decorators._CHECKS['read'][0]}.",
            ),
            (
                "evaluator",
                "read",
                {"scor": "rating"},
                "evaluator(read={'scor': …}): read finds score, label, passed, feedback, name, and nothing else.",
            ),
            (
                "agent",
                "reference_only",
                "candidate",
                f"agent(reference_only='candidate'): reference_only is {decorators._CHECKS['reference_only'][0]}.",
            ),
            ("agent", "reduce", "sum", "agent(reduce='sum'): reduce is a callable that gets the list of items."),
            ("generator", "prompt", "Hi {name}", "generator(prompt='Hi {name}'): prompt is a Prompt."),
            ("generator", "starts_iteration", 1, "generator(starts_iteration=1): starts_iteration is True or False."),
            ("evaluator", "kind", "robot", 'evaluator(kind=\'robot\'): kind is "human", "llm" or "code".'),
            ("evaluator", "kind", ["llm"], 'evaluator(kind=[\'llm\']): kind is "human", "llm" or "code".'),
        ],
    )
    def test_a_value_that_an_option_cannot_have(self, role: str, option: str, value: object, message: str) -> None:
        """The message says what was given and what it must be."""
        with pytest.raises(UsageError) as caught:
            decorated(role, len, **{option: value})

        assert message == str(caught.value)

    def test_an_option_that_is_none_says_nothing(self, orchestrace_spans: Spans) -> None:
        """So that options can be passed through."""
        for role in VERBS:
            decorated(role, len, **dict.fromkeys(OPTIONS | MORE.get(role, set())))("abc")

        assert [f"{verb} len" for verb in VERBS.values()] == [span.name for span in orchestrace_spans]

    def test_a_context_manager_is_checked_as_well(self) -> None:
        """Where it is made, before anything runs."""
        with pytest.raises(UsageError, match="no such option"):
            orchestrace.tool(version="1")  # type: ignore[call-overload] # misuse

    def test_every_option_is_checked_or_can_be_anything(self) -> None:
        """None is forgotten; only a configuration can be anything."""
        assert OPTIONS | set.union(*MORE.values()) == decorators._CHECKS.keys() | {"config"}


class Request(pydantic.BaseModel):
    """What an endpoint is asked."""

    name: str
    limit: int = 3


def application(decorate: Callable[[str], Callable[[Any], Any]]) -> FastAPI:
    """Return an application whose functions are decorated, or not."""
    app = FastAPI()

    @decorate("tool")
    async def tenant(name: str = "acme") -> AsyncIterator[str]:
        yield name

    class Limit:
        def __call__(self, most: int = 9) -> int:
            return most

    asked_tenant, asked_limit = Depends(tenant), Depends(decorate("tool")(Limit()))

    @app.post("/craft")
    @decorate("agent")
    def craft(
        request: Request, tenant: str = asked_tenant, most: int = asked_limit, *, urgent: bool = False
    ) -> dict[str, object]:
        """Craft it."""
        return {"request": request, "tenant": tenant, "most": most, "urgent": urgent}

    @app.get("/jobs/{number}")
    @decorate("workflow")
    async def find(number: int) -> Request:
        return Request(name="job", limit=number)

    @decorate("generator")
    async def words() -> AsyncIterator[str]:
        for word in ("Dear ", "candidate"):
            yield word

    @app.get("/words")
    @decorate("agent")
    async def stream() -> StreamingResponse:
        return StreamingResponse(words(), media_type="text/plain")

    return app


PLAIN = application(lambda _: lambda function: function)
DECORATED = application(lambda role: getattr(orchestrace, role))


class TestFastAPI:
    def test_the_schema_is_the_same(self) -> None:
        """Parameters, models, answers and documentation."""
        assert PLAIN.openapi() == DECORATED.openapi()

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/craft?urgent=true&name=x&most=2", {"name": "Ada"}),
            ("POST", "/craft", {"limit": "many"}),
            ("GET", "/jobs/7", None),
            ("GET", "/jobs/x", None),
            ("GET", "/words", None),
        ],
    )
    def test_answers_are_the_same(self, method: str, path: str, body: object) -> None:
        """From sync and async endpoints, with dependencies of every kind, streamed, and where a request is refused."""
        plain, ours = (TestClient(app).request(method, path, json=body) for app in (PLAIN, DECORATED))

        assert (plain.status_code, plain.text, plain.headers) == (ours.status_code, ours.text, ours.headers)

    def test_what_runs_is_recorded(self, orchestrace_spans: Spans) -> None:
        """The stream when it is sent, to its end."""
        client = TestClient(DECORATED)
        client.post("/craft", json={"name": "Ada"})
        client.get("/words")

        assert {"invoke_agent craft", "execute_tool tenant", "execute_tool Limit", "invoke_agent stream"} | {
            "generate words"
        } == {span.name for span in orchestrace_spans}
        assert "Dear candidate" == orchestrace_spans.attributes("generate words")["output.value"]


class TestPydantic:
    @pytest.mark.parametrize("first", [True, False], ids=["validated inside", "validated outside"])
    def test_arguments_are_validated_as_ever(self, orchestrace_spans: Spans, *, first: bool) -> None:
        """Above or below the decorator."""

        def craft(job: int, limit: Annotated[int, pydantic.Field(gt=0)] = 3) -> int:
            return job * limit

        if first:
            validated = orchestrace.agent(pydantic.validate_call(craft))
        else:
            validated = pydantic.validate_call(orchestrace.agent(craft))

        assert 6 == validated("2")  # type: ignore[arg-type] # it is converted
        with pytest.raises(pydantic.ValidationError, match="limit\n  Input should be greater than 0"):
            validated(1, limit=0)
        assert ["2" if first else 2] == [
            json.loads(str(span.attributes["input.value"]))["job"]
            for span in orchestrace_spans
            if span.status == "UNSET"
        ]


@pytest.fixture
@orchestrace.tool
def fixture(request: pytest.FixtureRequest) -> str:
    """Be asked for like any fixture."""
    return request.fixturename or ""


@pytest.fixture
@orchestrace.tool
def yielding_fixture(fixture: str) -> Iterator[list[str]]:
    """Be asked for, and finished."""
    kept = [fixture]
    yield kept
    kept.clear()


class TestPytest:
    def test_fixtures_can_be_decorated(self, fixture: str, yielding_fixture: list[str]) -> None:
        """They ask for others, and are finished, as ever."""
        assert ("fixture", ["fixture"]) == (fixture, yielding_fixture)
