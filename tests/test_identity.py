from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import get_current

import orchestrace
from orchestrace import identity
from orchestrace.exceptions import UsageError
from orchestrace.recording import lineage
from orchestrace.recording.carrier import write
from orchestrace.recording.guard import faults
from orchestrace.testing import Spans, capture

IDS = ("gen_ai.conversation.id", "session.id", "user.id", "orchestrace.tenant")


def here() -> dict[str, Any]:
    """Return what a span that started here would carry."""
    return dict(lineage.identity(lineage.current()))


def session_here() -> object:
    """Return the session that is open here."""
    return here().get("session.id")


class TestSession:
    def test_it_stands_on_every_span_inside(self) -> None:
        """On runs, on what they call, and on spans of other libraries; not on what comes before or after."""
        with capture(as_global=True) as spans:
            tracer = trace.get_tracer("another.library")
            with tracer.start_as_current_span("before"):
                pass
            with orchestrace.session("s-1", user="ada", tenant="acme", tags=["trial", "vip"]):
                with tracer.start_as_current_span("beside"):
                    pass
                with orchestrace.agent(name="Crafter"), orchestrace.tool(name="send"):
                    with tracer.start_as_current_span("inside"):
                        pass
                    with orchestrace.llm_call(model="m", provider="local") as call:
                        call.response("Hello.")
            with tracer.start_as_current_span("after"):
                pass
        expected = dict(zip(IDS, ["s-1", "s-1", "ada", "acme"], strict=True))
        expected |= {"orchestrace.tag.trial": True, "orchestrace.tag.vip": True}
        found = {span.name: {name: span.attributes.get(name) for name in expected} for span in spans}
        nothing = dict.fromkeys(expected)

        assert {
            "before": nothing,
            "beside": expected,
            "inside": expected,
            "chat m": expected,
            "execute_tool send": expected,
            "invoke_agent Crafter": expected,
            "after": nothing,
        } == found

    def test_it_makes_no_span(self, orchestrace_spans: Spans) -> None:
        """Two runs of one session are two traces, as they would be without it."""
        with orchestrace.session("s"):
            for name in ("A", "B"):
                with orchestrace.agent(name=name):
                    pass

        assert "invoke_agent A session.id=s\ninvoke_agent B session.id=s" == orchestrace_spans.tree("session.id")

    def test_the_inner_one_wins_until_it_is_left(self) -> None:
        """What it does not say, it has from the outer one."""
        with orchestrace.session("outer", user="ada", tenant="acme"):
            with orchestrace.session("inner", user="jun"):
                inner = here()
            outer = here()

        assert ["inner", "inner", "jun", "acme"] == [inner[name] for name in IDS]
        assert ["outer", "outer", "ada", "acme"] == [outer[name] for name in IDS]
        assert {} == here()

    def test_a_decorators_own_selectors_win(self, orchestrace_spans: Spans) -> None:
        """They are said further in."""
        with orchestrace.session("outer", tenant="acme"), orchestrace.agent(name="A", session=lambda: "inner"):
            pass
        found = orchestrace_spans.attributes("invoke_agent A")

        assert ["inner", "acme"] == [found["session.id"], found["orchestrace.tenant"]]

    @pytest.mark.parametrize("nothing", [None, "", "  "])
    def test_nothing_says_nothing(self, nothing: object) -> None:
        """A session that is not known yet is no session; user and tenant are said all the same."""
        with orchestrace.session(nothing, user=nothing, tenant="acme", tags=["", "vip"]):
            assert {"orchestrace.tenant": "acme", "orchestrace.tag.vip": True} == here()

    def test_any_value_becomes_a_text(self) -> None:
        """Numbers and UUIDs are what databases have."""
        with orchestrace.session(17, user=UUID(int=1), tenant=("eu", 3)):
            assert ["17", "17", str(UUID(int=1)), '["eu",3]'] == [here()[name] for name in IDS]

    def test_long_ids_stay_two(self) -> None:
        """They are cut for those who search, and are never taken for each other."""
        found = set()
        for end in "ab":
            with orchestrace.session("x" * 1000 + end):
                found.add(session_here())

        assert 2 == len(found)
        assert {256} == {len(str(one)) for one in found}

    def test_a_tag_can_stand_alone(self) -> None:
        """A text is one tag, and no sequence of letters."""
        with orchestrace.session("s", tags="vip"):
            assert [True] == [value for name, value in here().items() if name.startswith("orchestrace.tag.")]

    def test_what_cannot_be_read_is_reported(self) -> None:
        """The block runs, outside of any session."""
        before = faults().get("begin of a call", 0)
        with orchestrace.session("s", tags=5):  # type: ignore[arg-type] # that is the point
            assert session_here() is None

        assert before + 1 == faults()["begin of a call"]

    def test_an_exception_passes_and_ends_it(self) -> None:
        """It is the program's own."""
        error = ValueError("no")
        with pytest.raises(ValueError, match="no") as raised, orchestrace.session("s"):
            raise error

        assert error is raised.value
        assert session_here() is None

    def test_it_is_no_baggage(self) -> None:
        """Whoever propagates baggage would tell a model's provider who the user is."""
        with orchestrace.session("s", user="ada"):
            keys = [key for key in get_current() if "baggage" in key]

        assert [] == keys

    def test_switched_off_it_is_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One variable switches everything off."""
        monkeypatch.setattr(identity, "is_off", lambda: True)
        with orchestrace.session("s"):
            assert {} == here()

    @given(st.text(), st.text(max_size=600), st.lists(st.text(max_size=300), max_size=4))
    def test_any_text_is_carried(self, id_: str, tenant: str, tags: list[str]) -> None:
        """What stands on spans here stands on those of the other process."""
        with orchestrace.session(id_, tenant=tenant, tags=tags):
            said = here()
            with orchestrace.extract(write(get_current())):
                carried = here()

        assert {name: value for name, value in said.items() if name in carried} == carried
        assert {name for name in said if name in IDS} <= set(carried)
        assert {} == here()


class TestBoundaries:
    def test_a_function_is_decorated(self) -> None:
        """Every call is inside; name and kind of the function stay."""

        @orchestrace.session("s")
        def work(more: int) -> tuple[object, int]:
            return session_here(), more

        assert (("s", 1), "work") == (work(1), work.__name__)
        assert session_here() is None

    def test_coroutines_and_generators_are_decorated(self) -> None:
        """Between two items of a generator, the caller is outside."""

        @orchestrace.session("s")
        async def work() -> object:
            await asyncio.sleep(0)
            return session_here()

        @orchestrace.session("s")
        def items() -> Iterator[object]:
            yield session_here()
            yield session_here()

        @orchestrace.session("s")
        async def items_async() -> AsyncIterator[object]:
            yield session_here()

        async def collect() -> list[object]:
            return [(item, session_here()) async for item in items_async()]

        assert "s" == asyncio.run(work())
        assert [("s", None)] * 2 == [(item, session_here()) for item in items()]
        assert [("s", None)] == asyncio.run(collect())

    def test_methods_are_decorated(self) -> None:
        """Classmethods and staticmethods stay what they are."""

        class Service:
            @orchestrace.experiment("tone", "warm")
            def plain(self) -> object:
                return here().get("orchestrace.experiment.tone")

            @orchestrace.experiment("tone", "warm")
            @classmethod
            def of_class(cls) -> object:
                return cls is Service and here().get("orchestrace.experiment.tone")

            @orchestrace.experiment("tone", "warm")
            @staticmethod
            def static() -> object:
                return here().get("orchestrace.experiment.tone")

        assert ["warm"] * 3 == [Service().plain(), Service.of_class(), Service().static()]

    @pytest.mark.parametrize("target", [dict, 5, None])
    def test_what_cannot_be_decorated_is_an_error(self, target: Any) -> None:
        """Where it stands."""
        with pytest.raises(UsageError, match="put them on a function or a method"):
            orchestrace.session("s")(target)

    def test_async_blocks(self) -> None:
        """`async with` is the same."""

        async def work() -> object:
            async with orchestrace.session("s"):
                await asyncio.sleep(0)
                return session_here()

        assert "s" == asyncio.run(work())

    def test_tasks_do_not_see_each_other(self) -> None:
        """Each has its own, whatever the order in which they go on."""

        async def work(name: str) -> list[object]:
            found = []
            async with orchestrace.session(name):
                for _ in range(3):
                    await asyncio.sleep(0)
                    found.append(session_here())
            return [*found, session_here()]

        async def both() -> list[list[object]]:
            return await asyncio.gather(work("a"), work("b"))

        assert [["a"] * 3 + [None], ["b"] * 3 + [None]] == asyncio.run(both())

    def test_one_block_is_used_by_many_at_once(self) -> None:
        """It may be kept, entered again while it is open, and in several threads."""
        kept = orchestrace.session("s")
        barrier = threading.Barrier(2, timeout=10)

        def work(_: int) -> list[object]:
            with kept:
                barrier.wait()
                with kept:
                    inner = session_here()
                outer = session_here()
                barrier.wait()
            return [inner, outer, session_here()]

        with ThreadPoolExecutor(2) as pool:
            assert [["s", "s", None]] * 2 == list(pool.map(work, range(2)))

    def test_a_block_around_a_yield_is_left_with_a_recorded_generator(self, orchestrace_spans: Spans) -> None:
        """The consumer is outside between two items, and after a generator that it dropped."""

        @orchestrace.generator
        def draft() -> Iterator[object]:
            with orchestrace.session("s"):
                yield session_here()
                yield session_here()

        items = draft()
        assert ["s", None] == [next(items), session_here()]
        del items
        assert session_here() is None
        assert 1 == len(orchestrace_spans)

    def test_iterations_go_on_inside(self, orchestrace_spans: Spans) -> None:
        """A session between a loop and a role changes nothing in how the loop is read."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=2):
                with orchestrace.session("s"):
                    with orchestrace.generator(name="draft"):
                        pass
                    with orchestrace.evaluator(name="tone"):
                        orchestrace.current().evaluation(passed=True)
                break
            with orchestrace.session("s"), orchestrace.tool(name="send"):
                pass

        assert (
            "invoke_agent A orchestrace.accepted=true\n"
            "  iteration 1 orchestrace.accepted=true\n"
            "    generate draft session.id=s\n"
            "    evaluate tone session.id=s\n"
            "  execute_tool send session.id=s"
        ) == orchestrace_spans.tree("orchestrace.accepted", "session.id")

    def test_a_run_is_found_through_it(self, orchestrace_spans: Spans) -> None:
        """Handle, key and reference are those of the run around."""
        with orchestrace.agent(name="A") as run, orchestrace.session("s"):
            orchestrace.current().set_key("job-1")
            assert run.reference == orchestrace.reference()
        with orchestrace.session("s"):
            assert orchestrace.reference() is None

        assert "job-1" == orchestrace_spans.attributes("invoke_agent A")["orchestrace.key"]

    def test_it_reaches_threads_that_start_inside(self) -> None:
        """And nothing of it is left for what the same pool does next."""
        with capture(), ThreadPoolExecutor(1) as pool:
            with orchestrace.session("s"):
                inside = pool.submit(session_here).result()
            after = pool.submit(session_here).result()

        assert ["s", None] == [inside, after]

    def test_the_prompt_is_known_inside(self, orchestrace_spans: Spans) -> None:
        """A call in a session in a role comes from the prompt that the role rendered."""
        prompt = orchestrace.Prompt("draft", "Hi", version="1")
        with orchestrace.generator(name="draft"):
            prompt.render()
            with orchestrace.session("s"), orchestrace.llm_call(model="m", provider="local"):
                pass

        assert "draft" == orchestrace_spans.attributes("chat m")["gen_ai.prompt.name"]


class TestExperiment:
    def test_it_stands_on_every_span_inside(self, orchestrace_spans: Spans) -> None:
        """Several at once are several attributes."""
        tone, size = orchestrace.experiment("tone", "warm"), orchestrace.experiment("size", 3)
        with tone, size, orchestrace.agent(name="A"), orchestrace.tool(name="t"):
            pass
        with orchestrace.tool(name="after"):
            pass
        names = ("orchestrace.experiment.tone", "orchestrace.experiment.size")

        assert [["warm", "3"], ["warm", "3"], [None, None]] == [
            [orchestrace_spans.attributes(span).get(name) for name in names]
            for span in ("invoke_agent A", "execute_tool t", "execute_tool after")
        ]

    def test_the_inner_one_wins(self) -> None:
        """An experiment is in one variant at a time."""
        with orchestrace.experiment("tone", "warm"), orchestrace.experiment("tone", "cool"):
            assert {"orchestrace.experiment.tone": "cool"} == here()

    def test_no_variant_says_nothing(self) -> None:
        """Who takes no part, takes no part."""
        with orchestrace.experiment("tone", None), orchestrace.experiment("size", ""):
            assert {} == here()

    @pytest.mark.parametrize("name", [None, "", " ", 5])
    def test_a_name_is_needed(self, name: Any) -> None:
        """It is the developer's own, so a wrong one is an error."""
        with pytest.raises(UsageError, match="names the experiment"):
            orchestrace.experiment(name, "warm")


class TestTwoTenants:
    def test_none_of_10000_spans_is_the_others(self) -> None:
        """Sessions of two tenants at once, on the same pools and tasks: every span says whose it is, and only that."""
        runs, work = 500, 5
        with capture(as_global=True) as spans, ThreadPoolExecutor(4) as pool, ThreadPoolExecutor(2) as inner:
            tracer = trace.get_tracer("another.library")

            def query(name: str) -> None:
                with tracer.start_as_current_span(name):
                    pass

            async def ask(name: str) -> None:
                await asyncio.sleep(0)
                query(name)

            async def gathered(name: str) -> None:
                await asyncio.gather(ask(name), ask(name))

            def run(name: str) -> None:
                tenant = name.partition("-")[0]
                with orchestrace.session(name, user=name, tenant=tenant), orchestrace.agent(name=name):
                    for _ in range(work):
                        query(name)
                    inner.submit(query, name).result()
                    asyncio.run(gathered(name)) if name.endswith("0") else [query(name) for _ in range(2)]
                    with orchestrace.tool(name=name):
                        pass

            list(pool.map(run, [f"{tenant}-{number}" for number in range(runs) for tenant in ("one", "two")]))
            query("nobody")
            ended = list(spans)

        wrong = [
            span.name
            for span in ended
            if [span.attributes.get(name) for name in IDS]
            != [*[span.name.rpartition(" ")[2]] * 3, span.name.rpartition(" ")[2].partition("-")[0]]
        ]
        assert 10_001 == len(ended)
        assert ["nobody"] == wrong
