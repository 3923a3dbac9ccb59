"""What a run used: the sums on its parts, and that they are the sums over the calls, each counted once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanKind

import orchestrace
from orchestrace import Evaluation
from orchestrace.recording import tracer
from orchestrace.recording.pricing.price_list import is_installed
from orchestrace.records import SpanRecord
from orchestrace.testing import Answer, ReplayServer, Spans, anthropic_message, capture, openai_chat

TOKENS = ("input_tokens", "output_tokens", "cache_read.input_tokens", "cache_write.input_tokens")
SUM = "orchestrace.usage."
ASKED: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
COST = SUM + "cost.usd"


def sums(span: SpanRecord) -> dict[str, object]:
    """Return the sums that a span carries, by their own names; money and time to a billionth."""
    said = {name.removeprefix(SUM): value for name, value in span.attributes.items() if name.startswith(SUM)}
    said.pop("cost.until_accepted", None)
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in said.items()}


def added(calls: Sequence[SpanRecord]) -> dict[str, object]:
    """Add up what the spans of calls say."""
    if not calls:
        return {}
    known = {name: [one.attributes.get(f"gen_ai.usage.{name}") for one in calls] for name in TOKENS}
    total: dict[str, Any] = {
        name: sum(value for value in values if isinstance(value, int))
        for name, values in known.items()
        if any(value is not None for value in values)
    }
    total["calls"] = len(calls)
    total["duration"] = round(sum((one.end or 0) - one.start for one in calls) / 1e9, 9)
    costs = [cost for one in calls if isinstance(cost := one.attributes.get("orchestrace.cost.usd"), float)]
    if costs:
        total["cost.usd"] = round(sum(costs), 9)
    reasons = [
        str(one.attributes["orchestrace.cost.reason"]) for one in calls if "orchestrace.cost.reason" in one.attributes
    ]
    if reasons:
        total |= {"cost.unknown_calls": len(reasons), "cost.reason": "; ".join(sorted(set(reasons)))}
    return total


def inside(spans: Spans, span: SpanRecord) -> list[SpanRecord]:
    """Return the calls to models inside of a span."""
    parents = {one.span_id: one.parent_id for one in spans}

    def is_inside(one: SpanRecord) -> bool:
        above: str | None = one.span_id
        while above is not None and above != span.span_id:
            above = parents.get(above)
        return above is not None

    return [one for one in spans if one.attributes.get("gen_ai.operation.name") == "chat" and is_inside(one)]


def check(spans: Spans) -> None:
    """Compare every part of a run with the calls inside of it."""
    parts = [span for span in spans if span.attributes.get("orchestrace.role")]
    assert parts
    for part in parts:
        assert added(inside(spans, part)) == sums(part), part.name


@pytest.fixture
def client(orchestrace_server: ReplayServer) -> Iterator[openai.OpenAI]:
    """Give a client of the server on this machine."""
    with openai.OpenAI(base_url=f"{orchestrace_server.url}/v1", api_key="test", max_retries=2) as asking:
        yield asking


@dataclass(frozen=True)
class Part:
    """A part of a run: what it is, and what happens in it."""

    role: str
    inside: tuple[Any, ...]
    at_once: bool


ROLES = ("workflow", "agent", "generator", "evaluator", "tool", "iteration")
USAGES = st.none() | st.fixed_dictionaries(
    {"input_tokens": st.integers(0, 10**6), "output_tokens": st.integers(0, 10**5)},
    optional={"cache_read": st.integers(0, 1000), "cache_write": st.integers(0, 1000)},
)
CALLS = st.tuples(st.sampled_from(["gpt-4o", "claude-sonnet-4-5", "nobody"]), USAGES)
PARTS = st.recursive(
    CALLS,
    lambda inner: st.builds(Part, st.sampled_from(ROLES), st.lists(inner, max_size=3).map(tuple), st.booleans()),
    max_leaves=8,
)
PROVIDERS = {"gpt-4o": "openai", "claude-sonnet-4-5": "anthropic", "nobody": "openai"}


def perform(part: Any) -> None:
    """Run a part, or call a model."""
    if not isinstance(part, Part):
        model, usage = part
        with orchestrace.llm_call(model=model, provider=PROVIDERS[model]) as call:
            call.response("x", usage=usage)
        return
    if part.role == "iteration":
        for _ in orchestrace.iterations(limit=1):
            perform_all(part)
        return
    with getattr(orchestrace, part.role)(name="n"):
        perform_all(part)


def perform_all(part: Part) -> None:
    """Run what is inside of a part, in threads if it says so."""
    if part.at_once and part.inside:
        with ThreadPoolExecutor(len(part.inside)) as pool:
            list(pool.map(perform, part.inside))
    else:
        for one in part.inside:
            perform(one)


class TestAnyRun:
    @given(part=PARTS)
    def test_each_part_is_the_sum_of_its_calls(self, part: Any) -> None:
        """Whatever is inside of what, one after the other or at once: tokens, calls, time and money."""
        with capture() as spans:
            perform(Part("agent", (part,), at_once=False))

        check(spans)


class TestRealCalls:
    def test_retries_are_one_call(
        self, orchestrace_spans: Spans, orchestrace_server: ReplayServer, client: openai.OpenAI
    ) -> None:
        """What failed cost nothing; the time is that of all attempts."""
        orchestrace_server.answer(Answer(500, {"retry-after-ms": "1"}, {"error": {"message": "Busy."}}))
        orchestrace_server.answer(openai_chat(usage=(1000, 100), model="gpt-4o"))
        with orchestrace.agent(name="A"):
            client.chat.completions.create(**ASKED)

        check(orchestrace_spans)
        assert (1, 1000) == tuple(
            orchestrace_spans.attributes("invoke_agent A")[SUM + one] for one in ("calls", TOKENS[0])
        )

    def test_a_call_that_failed_has_no_price_and_needs_none(
        self, orchestrace_spans: Spans, orchestrace_server: ReplayServer, client: openai.OpenAI
    ) -> None:
        """It is counted, and the sum of the others is whole."""
        orchestrace_server.answer(Answer(400, body={"error": {"message": "No."}}))
        orchestrace_server.answer(openai_chat(usage=(1000, 100), model="gpt-4o"))
        with orchestrace.agent(name="A"):
            with pytest.raises(openai.BadRequestError):
                client.chat.completions.create(**ASKED)
            client.chat.completions.create(**ASKED)

        check(orchestrace_spans)
        assert "orchestrace.usage.cost.unknown_calls" not in orchestrace_spans.attributes("invoke_agent A")

    def test_a_call_on_another_library_s_span_is_counted_once(
        self, orchestrace_spans: Spans, orchestrace_server: ReplayServer
    ) -> None:
        """Anthropic's SDK has a span of its own; and one more around it, by hand, is no second call."""
        own = anthropic.Anthropic(base_url=orchestrace_server.url, api_key="test", max_retries=0)
        orchestrace_server.answer(anthropic_message(usage=(1000, 100), model="claude-opus-4-8"))
        by_hand = orchestrace.llm_call(model="claude-opus-4-8", provider="anthropic")
        with own, orchestrace.agent(name="A"), by_hand as call:
            call.request("Hi")
            own.messages.create(model="claude-opus-4-8", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])

        said = orchestrace_spans.attributes("invoke_agent A")
        assert (1, 1000) == (said[SUM + "calls"], said[SUM + "input_tokens"])
        with_tokens = [span for span in orchestrace_spans if "gen_ai.usage.input_tokens" in span.attributes]
        assert 1 == len(with_tokens)
        assert said.get(COST) == with_tokens[0].attributes.get("orchestrace.cost.usd")

    def test_a_host_by_hand_is_counted_once(
        self, orchestrace_spans: Spans, orchestrace_server: ReplayServer, client: openai.OpenAI
    ) -> None:
        """One span, with the price of the call that was merged into it."""
        orchestrace_server.answer(openai_chat(usage=(1000, 100), model="gpt-4o"))
        host = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
        with (
            orchestrace.agent(name="A"),
            tracer.tracer().start_as_current_span("chat", kind=SpanKind.CLIENT, attributes=host),
        ):
            client.chat.completions.create(**ASKED)

        assert 2 == len(orchestrace_spans)
        said, call = orchestrace_spans.attributes("invoke_agent A"), orchestrace_spans.attributes("chat")
        assert (said[SUM + "input_tokens"], said.get(COST)) == (
            call["gen_ai.usage.input_tokens"],
            call.get("orchestrace.cost.usd"),
        )

    def test_streams_that_end_when_the_agent_has_returned(
        self, orchestrace_spans: Spans, orchestrace_server: ReplayServer, client: openai.OpenAI
    ) -> None:
        """The agent ends with the last of them, and has them all; one that was left early told no tokens."""
        for _ in range(2):
            orchestrace_server.answer(openai_chat(stream=True, usage=(1000, 100), model="gpt-4o"))
        options = {"include_usage": True}

        @orchestrace.agent(name="A")
        def craft() -> list[Any]:
            return [
                client.chat.completions.create(**ASKED, stream=True, stream_options=options),  # type: ignore[call-overload]
                client.chat.completions.create(**ASKED, stream=True, stream_options=options),  # type: ignore[call-overload]
            ]

        first, second = craft()
        list(first)
        next(second)
        second.close()

        check(orchestrace_spans)
        assert 2 == orchestrace_spans.attributes("invoke_agent A")[SUM + "calls"]

    def test_other_threads_and_tasks_are_counted(
        self, orchestrace_spans: Spans, orchestrace_server: ReplayServer, client: openai.OpenAI
    ) -> None:
        """Side by side, their times are added all the same: it is how long models were asked."""
        orchestrace_server.answer(openai_chat(usage=(1000, 100), model="gpt-4o"), times=None)
        met = threading.Barrier(3)

        def ask() -> None:
            met.wait(10)
            client.chat.completions.create(**ASKED)

        async def all_of_them() -> None:
            await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(3)))

        with orchestrace.agent(name="A"), orchestrace.generator(name="g"):
            asyncio.run(all_of_them())

        check(orchestrace_spans)
        assert 3 == orchestrace_spans.attributes("invoke_agent A")[SUM + "calls"]


@pytest.mark.skipif(not is_installed(), reason="no price list")
class TestCost:
    def ask(self, tokens: int, model: str = "gpt-4o") -> None:
        """Call a model that takes 2.5 dollars for a million tokens."""
        with orchestrace.llm_call(model=model, provider="openai") as call:
            call.response("x", usage={"input_tokens": tokens})

    def test_until_accepted(self, orchestrace_spans: Spans) -> None:
        """What was spent until the accepted draft was judged, and not what came after it."""
        judge = orchestrace.evaluator(name="j")(lambda index: self.ask(1000) or index == 2)
        with orchestrace.agent(name="A"):
            self.ask(10_000)
            for turn in orchestrace.iterations(limit=3):
                self.ask(100_000)
                if judge(turn.index):
                    break
            self.ask(1_000_000)

        said = orchestrace_spans.attributes("invoke_agent A")
        assert (3.03, 0.53) == (said[COST], said[SUM + "cost.until_accepted"])
        assert [0.2525, 0.2525] == [orchestrace_spans.attributes(f"iteration {n}")[COST] for n in (1, 2)]

    def test_until_accepted_without_a_loop(self, orchestrace_spans: Spans) -> None:
        """Iterations that are inferred end with the last role in them."""
        with orchestrace.agent(name="A"):
            for passed in (False, True):
                with orchestrace.generator(name="g"):
                    self.ask(100_000)
                orchestrace.evaluator(name="j")(lambda passed: Evaluation(passed=passed))(passed)
            self.ask(1_000_000)

        said = orchestrace_spans.attributes("invoke_agent A")
        assert (3.0, 0.5) == (said[COST], said[SUM + "cost.until_accepted"])

    @pytest.mark.parametrize("passed", [False, None])
    def test_nothing_until_what_was_never_accepted(self, orchestrace_spans: Spans, *, passed: bool | None) -> None:
        """There is no such cost, not even 0."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                self.ask(1000)
                orchestrace.evaluator(name="j")(lambda: Evaluation(score=0.1, passed=passed))()

        assert SUM + "cost.until_accepted" not in orchestrace_spans.attributes("invoke_agent A")

    def test_a_sum_that_is_not_all_says_so(self, orchestrace_spans: Spans) -> None:
        """Of how many calls the price is not known, and why."""
        with orchestrace.agent(name="A"):
            self.ask(1000)
            self.ask(1000, "nobody")
            self.ask(0)

        said = orchestrace_spans.attributes("invoke_agent A")
        assert {
            COST: 0.0025,
            SUM + "cost.unknown_calls": 2,
            SUM + "cost.reason": "no price is known for this model; the answer says no tokens",
        } == {name: value for name, value in said.items() if ".cost." in name}

    def test_sums_stand_on_no_call(self, orchestrace_spans: Spans) -> None:
        """Whoever adds up calls, and whoever reads a sum, gets the same."""
        with orchestrace.agent(name="A"):
            self.ask(1000)

        said = orchestrace_spans.attributes("chat gpt-4o")
        assert (0.0025, []) == (said["orchestrace.cost.usd"], [name for name in said if name.startswith(SUM)])
