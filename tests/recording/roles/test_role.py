from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

import orchestrace
from orchestrace import ByReference, Prompt
from orchestrace.recording.roles.role import Subject
from orchestrace.testing import Spans

WORDS = ["input.value", "output.value"]


class TestRole:
    def test_what_went_in_and_what_came_out(self, orchestrace_spans: Spans) -> None:
        """Arguments by name, defaults included, as JSON; a text as it is."""

        @orchestrace.generator
        def draft(job: str, tone: str = "warm") -> str:
            return f"{job}, {tone}"

        draft("x")
        said = orchestrace_spans.attributes("generate draft")

        assert {"job": "x", "tone": "warm"} == json.loads(str(said["input.value"]))
        assert ("application/json", "x, warm", "text/plain") == (
            said["input.mime_type"],
            said["output.value"],
            said["output.mime_type"],
        )

    def test_nothing_is_said_where_nothing_came(self, orchestrace_spans: Spans) -> None:
        """A block without an output, and a function that returns None, have none."""
        with orchestrace.generator(name="block"):
            pass
        orchestrace.generator(name="none")(lambda: None)()

        assert [] == [word for span in orchestrace_spans for word in WORDS if word in span.attributes]

    def test_whom_it_belongs_to_reaches_everything_inside(self, orchestrace_spans: Spans) -> None:
        """Session, user and tenant are found by selectors."""

        @orchestrace.workflow(session="who.id", user=lambda who: who["id"], tenant="who.firm", key="who.missing")
        def flow(who: dict[str, str]) -> None:
            with orchestrace.tool(name="t"):
                who.clear()

        flow({"id": "u1", "firm": "acme"})
        names = ["gen_ai.conversation.id", "session.id", "user.id", "orchestrace.tenant", "orchestrace.key"]
        said = orchestrace_spans.attributes("execute_tool t")

        assert ["u1", "u1", "u1", "acme", None] == [said.get(name) for name in names]

    def test_only_what_was_asked_for_is_recorded(self, orchestrace_spans: Spans) -> None:
        """Inputs by name or path, of the result what `read` finds."""

        @orchestrace.generator(inputs=["job.id"], read="text")
        def draft(job: dict[str, str], other: str) -> dict[str, str]:
            return {"text": job["id"] + other, "raw": "…"}

        draft({"id": "7", "secret": "s"}, "o")

        assert ['{"job.id":"7"}', "7o"] == [orchestrace_spans.attributes("generate draft")[name] for name in WORDS]

    def test_a_prompt_names_the_calls_that_follow_in_the_same_role(self, orchestrace_spans: Spans) -> None:
        """The run knows it by the role's part and name; a call beside it carries nothing of it."""
        prompt = Prompt("p/draft", "Hi {who}", version="3")
        with orchestrace.agent(name="A"):
            with orchestrace.generator(name="draft"):
                prompt.render(who="x")
                with orchestrace.llm_call(model="inside"):
                    pass
            with orchestrace.llm_call(model="beside"):
                pass
        run = orchestrace_spans.attributes("invoke_agent A")
        names = [
            orchestrace_spans.attributes(f"chat {model}").get("gen_ai.prompt.name") for model in ("inside", "beside")
        ]

        assert ["p/draft", None] == names
        assert {"p/draft@3"} == {run["orchestrace.prompts.generator"], run["orchestrace.prompts.draft"]}
        assert '{"who":"x"}' == orchestrace_spans.attributes("generate draft")["orchestrace.prompt.variables"]

    def test_content_that_is_switched_off_is_nowhere(self, orchestrace_spans: Spans) -> None:
        """Neither input nor output nor template."""
        with orchestrace.content("off"), orchestrace.generator(name="draft") as role:
            Prompt("p", "CANARY {x}").render(x="CANARY")
            role.set_output("CANARY")

        assert "CANARY" not in repr(orchestrace_spans.one("generate draft"))


class TestSubject:
    def test_the_method_that_another_overrides(self) -> None:
        """Same object, same name, another function; the same function again is a recursion."""
        inner, outer = Subject(1, "run", len), Subject(1, "run", repr)

        assert [True, False, False, False] == [
            outer.overrides(inner),
            outer.overrides(outer),
            outer.overrides(Subject(2, "run", len)),
            outer.overrides(Subject(1, "other", len)),
        ]


@dataclass
class Candidate:
    """A business object."""

    id: str = "c-7"
    name: str = "Ada"


REFERENCE = {"type": f"{__name__}.Candidate", "id": "c-7", "sha256": orchestrace.fingerprint(Candidate())}


def inputs_of(spans: Spans, name: str) -> dict[str, object]:
    """Return the recorded arguments of a call."""
    found: dict[str, object] = json.loads(str(spans.attributes(name)["input.value"]))
    return found


class TestByReference:
    def test_arguments_that_are_named(self, orchestrace_spans: Spans) -> None:
        """The others are snapshots, and `self` is none of them."""

        class Crafter:
            @orchestrace.agent(reference_only={"candidate"})
            def run(self, candidate: Candidate, job: str) -> None: ...

        Crafter().run(Candidate(), job="x")

        assert {"candidate": REFERENCE, "job": "x"} == inputs_of(orchestrace_spans, "invoke_agent Crafter")

    def test_arguments_that_are_annotated(self, orchestrace_spans: Spans) -> None:
        """The annotation may say where the id is; the program's own value is what the function gets."""

        @orchestrace.generator
        def draft(candidate: Annotated[Candidate, ByReference("name")], more: int = 1) -> object:
            return candidate.name, more

        assert ("Ada", 1) == draft(Candidate())
        assert {"candidate": REFERENCE | {"id": "Ada"}, "more": 1} == inputs_of(orchestrace_spans, "generate draft")

    def test_paths_that_are_inputs(self, orchestrace_spans: Spans) -> None:
        """By the path."""

        @orchestrace.generator(inputs=["ctx.candidate", "ctx.job"], reference_only=["ctx.candidate"])
        def draft(ctx: dict[str, object]) -> None: ...

        draft({"candidate": Candidate(), "job": "x", "history": "…"})

        assert {"ctx.candidate": REFERENCE, "ctx.job": "x"} == inputs_of(orchestrace_spans, "generate draft")

    def test_outputs(self, orchestrace_spans: Spans) -> None:
        """Named as in `__annotations__`; an agent's message says the same."""

        @orchestrace.agent(reference_only={"return"})
        def find() -> Candidate:
            return Candidate()

        @orchestrace.tool
        def load() -> Annotated[Candidate, ByReference("id")]:
            return Candidate()

        assert Candidate() == find() == load()
        found = orchestrace_spans.attributes("invoke_agent find")
        assert REFERENCE == json.loads(str(found["output.value"]))
        assert "Ada" not in str(found)
        loaded = orchestrace_spans.attributes("execute_tool load")
        assert REFERENCE == json.loads(str(loaded["gen_ai.tool.call.result"]))

    def test_without_content_references_are_what_is_left(self, orchestrace_spans: Spans) -> None:
        """They hold no words: type, id and hash."""

        @orchestrace.agent(reference_only={"candidate", "return"})
        def craft(candidate: Candidate, job: str) -> Candidate:
            lookup(candidate, job)
            return candidate

        @orchestrace.tool(reference_only={"candidate"})
        def lookup(candidate: Candidate, job: str) -> str:
            return job

        with orchestrace.content("off"):
            craft(Candidate(), "secret words")
        found = orchestrace_spans.attributes("invoke_agent craft")

        assert {"candidate": REFERENCE} == inputs_of(orchestrace_spans, "invoke_agent craft")
        assert REFERENCE == json.loads(str(found["output.value"]))
        assert {"candidate": REFERENCE} == json.loads(
            str(orchestrace_spans.attributes("execute_tool lookup")["gen_ai.tool.call.arguments"])
        )
        assert "words" not in str([span.attributes for span in orchestrace_spans])
        assert "gen_ai.output.messages" not in found

    def test_a_query_by_reference_is_not_shown(self, orchestrace_spans: Spans) -> None:
        """It would be words."""

        @orchestrace.retriever(reference_only={"query"})
        def search(query: str) -> list[str]:
            return []

        search("secret words")

        assert "gen_ai.retrieval.query.text" not in orchestrace_spans.attributes("retrieval search")

    def test_a_name_that_says_secret_hides_the_reference_too(self, orchestrace_spans: Spans) -> None:
        """Nobody could tell apart a hash and the key."""

        @orchestrace.generator(reference_only={"api_key"})
        def draft(api_key: str) -> None: ...

        draft("x")

        assert {"api_key": "[masked:secret]"} == inputs_of(orchestrace_spans, "generate draft")
