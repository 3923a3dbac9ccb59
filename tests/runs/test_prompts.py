"""Which prompt a model call came from, however it was made: in threads, in tasks, by something else's rendering."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import orchestrace
from orchestrace import Example, Prompt
from orchestrace.testing import Spans

PROMPTS = {name: Prompt(name, "Write to {who}.", version="1") for name in ("a", "b", "c")}


def ask(name: str) -> None:
    """Call a model that is named like the prompt that it should come from."""
    with orchestrace.llm_call(model=name) as call:
        call.request("…")
        call.response("…")


def calls(spans: Spans) -> list[tuple[object, object]]:
    """Return each call's model and prompt."""
    said = [span.attributes for span in spans if span.name.startswith("chat ")]
    return sorted((str(one["gen_ai.request.model"]), str(one.get("gen_ai.prompt.name"))) for one in said)


SAME = [(name, name) for name in PROMPTS]


class TestAtOnce:
    def test_tasks_of_one_role_have_each_their_own(self, orchestrace_spans: Spans) -> None:
        """Although all have rendered before the first of them calls."""

        async def craft() -> None:
            together = asyncio.Barrier(3) if sys.version_info >= (3, 11) else None

            async def one(name: str) -> None:
                PROMPTS[name].render(who="Ada")
                await (together.wait() if together else asyncio.sleep(0))
                ask(name)

            with orchestrace.generator(name="all"):
                await asyncio.gather(*map(one, PROMPTS))

        asyncio.run(craft())

        assert SAME == calls(orchestrace_spans)

    def test_threads_of_one_role_have_each_their_own(self, orchestrace_spans: Spans) -> None:
        """In a pool, whose threads are used again by the next role."""
        together = threading.Barrier(3)

        def one(name: str) -> None:
            PROMPTS[name].render(who="Ada")
            together.wait()
            ask(name)

        with ThreadPoolExecutor(3) as pool:
            for _ in range(2):
                with orchestrace.generator(name="all"):
                    list(pool.map(one, PROMPTS))
            with orchestrace.generator(name="none"):
                list(pool.map(ask, ["x", "y", "z"]))

        assert [*sorted(SAME * 2), ("x", "None"), ("y", "None"), ("z", "None")] == calls(orchestrace_spans)

    def test_what_was_rendered_before_goes_along(self, orchestrace_spans: Spans) -> None:
        """Into tasks and threads that begin after it."""

        async def both() -> None:
            await asyncio.gather(asyncio.to_thread(ask, "a"), asyncio.create_task(asyncio.to_thread(ask, "a")))

        with ThreadPoolExecutor(1) as pool, orchestrace.generator(name="g"):
            PROMPTS["a"].render(who="Ada")
            pool.submit(ask, "a").result()
            thread = threading.Thread(target=ask, args=("a",))
            thread.start()
            thread.join()
            asyncio.run(both())

        assert [("a", "a")] * 4 == calls(orchestrace_spans)

    def test_what_was_rendered_elsewhere_counts_where_nothing_else_was(self, orchestrace_spans: Spans) -> None:
        """A program may have another thread render for it."""
        with ThreadPoolExecutor(1) as pool, orchestrace.generator(name="g"):
            pool.submit(PROMPTS["a"].render, who="Ada").result()
            ask("a")
            PROMPTS["b"].render(who="Ada")
            ask("b")

        assert [("a", "a"), ("b", "b")] == calls(orchestrace_spans)

    def test_a_loop_s_iterations_end_as_ever(self, orchestrace_spans: Spans) -> None:
        """A prompt that is rendered in one is the run's, and leaves what is current alone."""
        with orchestrace.agent(name="A"):
            for turn in orchestrace.iterations(limit=2):
                PROMPTS["a" if turn.index == 1 else "b"].render(who="Ada")
                ask("a" if turn.index == 1 else "b")
            ask("b")

        assert [("a", "a"), ("b", "b"), ("b", "b")] == calls(orchestrace_spans)
        assert (
            "invoke_agent A\n  iteration 1\n    chat a\n  iteration 2\n    chat b\n  chat b"
        ) == orchestrace_spans.tree()

    def test_a_role_s_prompt_is_not_that_of_the_next(self, orchestrace_spans: Spans) -> None:
        """Nor of what follows outside of any."""
        with orchestrace.agent(name="A"):
            with orchestrace.generator(name="g"):
                PROMPTS["a"].render(who="Ada")
            with orchestrace.generator(name="h"):
                ask("x")
            ask("y")

        assert [("x", "None"), ("y", "None")] == calls(orchestrace_spans)


class TestElsewhere:
    def test_name_version_and_text_are_enough(self, orchestrace_spans: Spans) -> None:
        """A registry has rendered it; braces in it are text, and no variable is asked for."""
        with orchestrace.agent(name="A"), orchestrace.generator(name="draft"):
            Prompt("registry/draft", "Write JSON like {x} to {{name}}.", version="7").use()
            ask("m")

        said = orchestrace_spans.attributes("generate draft")
        assert ("registry/draft", "7", "Write JSON like {x} to {{name}}.", "{}") == tuple(
            said[name]
            for name in (
                "gen_ai.prompt.name",
                "gen_ai.prompt.version",
                "orchestrace.prompt.template",
                "orchestrace.prompt.variables",
            )
        )
        assert [("m", "registry/draft")] == calls(orchestrace_spans)
        assert "registry/draft@7" == orchestrace_spans.attributes("invoke_agent A")["orchestrace.prompts.draft"]

    def test_variables_are_recorded_as_they_are_said(self, orchestrace_spans: Spans) -> None:
        """Whatever the template's own syntax calls them; keys are masked."""
        with orchestrace.generator(name="draft"):
            Prompt("m", "{{#each}}").use(who="Ada", api_key="abc")

        said = orchestrace_spans.attributes("generate draft")
        assert '{"who":"Ada","api_key":"[masked:secret]"}' == said["orchestrace.prompt.variables"]

    def test_variables_are_those_of_the_moment(self, orchestrace_spans: Spans) -> None:
        """What becomes of them later does not show."""
        job = {"title": "Engineer"}
        with orchestrace.generator(name="draft"):
            Prompt("m", "{{ job.title }}", template_format="jinja2").render(job=job)
            job["title"] = "Cook"

        said = orchestrace_spans.attributes("generate draft")
        assert '{"job":{"title":"Engineer"}}' == said["orchestrace.prompt.variables"]


class TestHash:
    @pytest.mark.parametrize("seed", ["0", "1"])
    def test_it_is_the_same_in_every_process(self, seed: str) -> None:
        """Of a text, of messages in any order of keys, of Jinja2's; examples count."""
        program = (
            "from orchestrace import Example, Prompt\n"
            "print(Prompt('x', 'Write to {who}.').hash)\n"
            "print(Prompt('x', 'Write to {who}.', template_format='jinja2').hash)\n"
            "print(Prompt('x', [{'content': 'Hi', 'role': 'user'}], few_shot=[Example({'b': 1, 'a': 2}, 3)]).hash)"
        )
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(  # noqa: S603 - ours
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        )
        text = Prompt("a", "Write to {who}.", version="2").hash
        chat = Prompt("y", [{"role": "user", "content": "Hi"}], few_shot=[Example({"a": 2, "b": 1}, 3)]).hash

        assert [text, text, chat] == done.stdout.split()
