from __future__ import annotations

import json

import orchestrace
from orchestrace import Prompt
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
