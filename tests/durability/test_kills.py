"""Processes that are killed, in any way and at any moment."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from orchestrace.forwarding import Errand
from orchestrace.journal.reader import Reader
from orchestrace.testing import OtlpReceiver

if TYPE_CHECKING:
    from tests.durability.conftest import Ashes, Mortal

DEATHS = {"kill": 48, "term": 48, "exit": 48, "line": 48, "thread": 10}
"""How many there are of each kind: two hundred. The last traces every line of our threads, which takes its time."""
ALTOGETHER = 40
"""How many there are while a receiver is there."""
BATCH = 512
"""Spans that one request may have had on its way when its process was killed."""
KINDS = list(DEATHS)
FOUND = """
    SELECT trace_id || ' ' || span_id, trace_id || ' ' || parent_id, end_time,
           json_extract(attributes, '$."orchestrace.ending"'),
           coalesce(json_extract(attributes, '$."input.value"'), json_extract(attributes, '$."gen_ai.input.messages"'))
    FROM spans
"""


@pytest.mark.slow
class TestKills:
    @pytest.mark.parametrize("how", KINDS)
    def test_nothing_that_ended_is_lost_and_what_ran_is_interrupted(
        self, how: str, mortal: Mortal, ashes: Ashes
    ) -> None:
        """
        By SIGKILL, by SIGTERM without a handler, by `os._exit`, at any line of ours in the program's threads or ours.

        Whatever the program saw end has ended; whatever ran has an end, its input, and stands under its parent. Every
        other program has a tracer provider of its own, which sends itself.
        """
        said: list[tuple[str, str, str]] = []
        for number in range(DEATHS[how]):
            said += mortal.die(how, seed=1000 * KINDS.index(how) + number)
            ashes.recover()
        rows = {ids: row for ids, *row in ashes.ask(FOUND)}
        ended = {f"{trace_id} {span_id}" for event, trace_id, span_id in said if event == "ended"}
        started = {f"{trace_id} {span_id}" for event, trace_id, span_id in said if event == "started"}
        interrupted = {ids for ids, row in rows.items() if row[2] == "interrupted"}

        assert len(started) > DEATHS[how]
        assert set() == ended - rows.keys()
        assert set() == started - rows.keys()
        assert set() == ended & interrupted
        assert [] == [ids for ids, row in rows.items() if row[1] is None]
        assert [] == [rows[ids] for ids in started & interrupted if not rows[ids][3]]
        assert set() == {row[0] for row in rows.values() if row[0] is not None} - rows.keys()
        assert {1} == set(Counter(ids.split()[0] for ids, row in rows.items() if row[0] is None).values())
        balance = ashes.balance()
        assert len(rows) == balance.ended == balance.waiting + balance.dropped["not sent from here"]

    def test_everything_arrives_in_the_end(self, mortal: Mortal, ashes: Ashes) -> None:
        """What killed processes sent, and what the next ones or `orchestrace forward` send for them, is everything."""
        with OtlpReceiver() as receiver:
            for number in range(ALTOGETHER):
                mortal.die(KINDS[number % len(KINDS)], seed=7000 + number, endpoint=receiver.endpoint)
            ashes.recover()
            with closing(self._errand(ashes, receiver.endpoint)) as errand:
                assert 0 == errand.run(20)
            sent = Counter((span.trace_id, span.span_id) for span in receiver.spans)
            known = set(ashes.ask("SELECT trace_id, span_id FROM spans"))

        assert known == set(sent)
        assert len(receiver.twice) <= ALTOGETHER * BATCH
        assert max(sent.values()) <= 3
        assert ashes.balance().ended == ashes.balance().delivered

    def _errand(self, ashes: Ashes, endpoint: str) -> Errand:
        from orchestrace.export.receiver import resolve  # noqa: PLC0415

        found = resolve(endpoint=endpoint, protocol=None)
        assert found is not None
        return Errand(ashes.folder, found)

    def test_a_run_that_was_killed_can_be_shown(self, mortal: Mortal, ashes: Ashes) -> None:
        """The newest run is found by name, with its root."""
        mortal.die("kill", seed=1)

        spans = Reader(ashes.folder).trace("last")

        assert "invoke_agent Crafter" == spans[0].name
        assert [spans[0].span_id] == [span.span_id for span in spans if span.parent_id is None]


PROVIDERS = {
    "ours": "",
    "the program's": "trace.set_tracer_provider(TracerProvider())",
    "the program's, which calls its processors in threads": (
        "trace.set_tracer_provider(TracerProvider(active_span_processor=ConcurrentMultiSpanProcessor(2)))"
    ),
    "the program's, whose sampler samples nothing": (
        "trace.set_tracer_provider(TracerProvider(sampler=StaticSampler(Decision.RECORD_ONLY)))"
    ),
}
"""Who makes the spans."""
HEAD = """
import os
import httpx, orchestrace
from opentelemetry import trace
from opentelemetry.sdk.trace import ConcurrentMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, StaticSampler
{provider}
orchestrace.configure(service_name="shop")

class Model(httpx.BaseTransport):
    def handle_request(self, request):
        os._exit(9)

def die_asking(words):
    client = httpx.Client(transport=Model(), base_url="https://api.openai.com", trust_env=False)
    client.post("/v1/chat/completions", json={{"model": "m", "messages": [{{"role": "user", "content": words}}]}})

def theirs(name):
    known = {{"gen_ai.operation.name": "chat"}}
    library = trace.get_tracer("another.library")
    return library.start_as_current_span(name, kind=trace.SpanKind.CLIENT, attributes=known)
"""
SAID = """
    SELECT name, json_extract(attributes, '$."orchestrace.ending"'), json_extract(attributes, '$."{name}"') FROM spans
    ORDER BY id
"""


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=[*PROVIDERS])
class TestSaidLater:
    """What was said of a span that had started is known, whoever made the span."""

    @pytest.fixture
    def left(self, start: Callable[..., subprocess.Popen[str]], ashes: Ashes, provider: str) -> Callable[..., object]:
        """Return what says what is left of a program that dies: names, endings, and the value of an attribute."""

        def run(program: str, name: str) -> list[tuple[str, ...]]:
            variables = {"ORCHESTRACE_JOURNAL": str(ashes.folder)}
            assert 9 == start(HEAD.format(provider=provider) + program, variables=variables).wait(20)
            ashes.recover()
            return ashes.ask(SAID.format(name=name))

        return run

    def test_what_a_call_by_hand_was_asked(self, left: Callable[..., list[tuple[str, ...]]]) -> None:
        """It is said inside of the block."""
        _, (name, ending, asked) = left(
            """
with orchestrace.agent(name="Crafter"), orchestrace.llm_call("m", "local") as call:
    call.request("Write to Li.", temperature=0.5)
    os._exit(9)
""",
            "gen_ai.input.messages",
        )

        assert ("chat m", "interrupted") == (name, ending)
        assert "Write to Li." in asked

    def test_what_a_call_was_asked_that_another_library_has_a_span_for(
        self, left: Callable[..., list[tuple[str, ...]]]
    ) -> None:
        """Its span started before the request was made."""
        _, (name, ending, asked) = left(
            """
with orchestrace.agent(name="Crafter"), theirs("anthropic.messages.create"):
    die_asking("Write to Li.")
""",
            "gen_ai.input.messages",
        )

        assert ("anthropic.messages.create", "interrupted") == (name, ending)
        assert "Write to Li." in asked

    def test_the_key_and_the_tags_of_a_run(self, left: Callable[..., list[tuple[str, ...]]]) -> None:
        """By which it is looked for, and outcomes find it."""
        program = """
with orchestrace.agent(name="Crafter") as run:
    run.set_key("job-1")
    os._exit(9)
"""

        assert [("invoke_agent Crafter", "interrupted", "job-1")] == left(program, "orchestrace.key")

    def test_the_variant_that_fell_to_a_run(self, left: Callable[..., list[tuple[str, ...]]]) -> None:
        """One that kills its process is not missing from the comparison."""
        program = """
with orchestrace.agent(name="Crafter"):
    orchestrace.assign("tone", ["warm"], by="ada")
    os._exit(9)
"""

        assert [("invoke_agent Crafter", "interrupted", "warm")] == left(program, "orchestrace.experiment.tone")
