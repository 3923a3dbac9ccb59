"""What requests to services say, seen from the other side; tests/context/test_services.py runs such services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import httpx
import httpx2
import pytest
from opentelemetry import trace

import orchestrace
from orchestrace import instrumentation
from orchestrace.recording import lineage
from orchestrace.recording.carrier import FIELDS
from orchestrace.taps import recipients
from orchestrace.testing import Answer, ReplayServer, capture, openai_chat

Library: TypeAlias = Any
Request: TypeAlias = Any

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
IDS = ("session.id", "user.id", "orchestrace.tenant", "orchestrace.experiment.tone", "gen_ai.agent.name")


@pytest.fixture
def told() -> Iterator[Callable[..., None]]:
    """Return what names the services that are told."""
    yield lambda *hosts: recipients.use(recipients.stated(hosts))
    recipients.use(None)


@pytest.fixture
def services(orchestrace_server: ReplayServer) -> Iterator[tuple[ReplayServer, ReplayServer]]:
    """Return two servers that answer whatever they are asked."""
    with ReplayServer() as other:
        for server in (orchestrace_server, other):
            moved = Answer(307, headers={"location": f"{other.url}/there"})
            server.answer(moved, path="/moved", method=None, times=None)
            server.answer(Answer(body={"ok": True}), path="/here", method=None, times=None)
            server.answer(Answer(body={"ok": True}), path="/there", method=None, times=None)
        yield orchestrace_server, other


def host_of(server: ReplayServer) -> str:
    """Return where a server is, as it is named."""
    return server.url.partition("://")[2]


def fields_of(request: Request) -> dict[str, str]:
    """Return what a request says of a run."""
    return {name: value for name, value in request.headers.items() if name in FIELDS}


def whose(request: Request) -> list[object]:
    """Return what the service that got a request would put on its spans."""
    with orchestrace.extract(request.headers):
        found = lineage.identity(lineage.current())
    return [found.get(name) for name in IDS]


def get(library: Library, url: str, *, asynchronous: bool = False, **options: Any) -> Any:
    """Ask a service."""
    if not asynchronous:
        with library.Client(**options) as client:
            return client.get(url)

    async def ask() -> Any:
        async with library.AsyncClient(**options) as client:
            return await client.get(url)

    return asyncio.run(ask())


class TestWritten:
    @LIBRARIES
    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_a_service_that_is_told_knows_whose_the_request_is(
        self, library: Library, *, asynchronous: bool, services: Any, told: Callable[..., None]
    ) -> None:
        """Session, user, tenant, variant and agent; it goes on with the trace, under the span that asked."""
        ours, theirs = services
        told(host_of(ours))
        with (
            capture() as spans,
            orchestrace.session("s", user="ada", tenant="acme"),
            orchestrace.experiment("tone", "warm"),
            orchestrace.agent(name="A"),
        ):
            with orchestrace.tool(name="ask"):
                get(library, f"{ours.url}/here", asynchronous=asynchronous)
            get(library, f"{theirs.url}/here", asynchronous=asynchronous)
        asked = spans.one("execute_tool ask")

        assert ["s", "ada", "acme", "warm", "A"] == whose(ours.requests[0])
        assert f"00-{asked.trace_id}-{asked.span_id}-01" == ours.requests[0].headers["traceparent"]
        assert {} == fields_of(theirs.requests[0])

    def test_the_other_service_goes_on(self, services: Any, told: Callable[..., None]) -> None:
        """Its spans, of other libraries too, stand in the same trace and say the same."""
        ours, _ = services
        told(host_of(ours))
        with capture(as_global=True) as spans:
            with orchestrace.session("s", tenant="acme"), orchestrace.agent(name="A"):
                get(httpx, f"{ours.url}/here")
            select = trace.get_tracer("another.library").start_as_current_span("SELECT")
            with orchestrace.extract(ours.requests[0].headers), orchestrace.tool(name="answer"), select:
                pass

        expected = "invoke_agent A\n  execute_tool answer\n    SELECT"
        assert expected == spans.tree()
        assert {("s", "acme")} == {
            (span.attributes["session.id"], span.attributes["orchestrace.tenant"]) for span in spans
        }

    def test_nobody_is_told_by_default(self, services: Any) -> None:
        """Not even this machine."""
        ours, _ = services
        with capture(), orchestrace.session("s"), orchestrace.agent(name="A"):
            get(httpx, f"{ours.url}/here")

        assert {} == fields_of(ours.requests[0])

    def test_outside_of_everything_nothing_is_written(self, services: Any, told: Callable[..., None]) -> None:
        """Other instrumentations write what is theirs."""
        ours, _ = services
        told(host_of(ours))
        with capture(as_global=True), trace.get_tracer("another.library").start_as_current_span("GET"):
            get(httpx, f"{ours.url}/here")

        assert {} == fields_of(ours.requests[0])

    def test_a_model_server_of_ours_is_told_of_the_call(self, services: Any, told: Callable[..., None]) -> None:
        """A gateway that was named is a service as others are: its spans stand below the call."""
        ours, _ = services
        told(host_of(ours))
        ours.answer(openai_chat("Hi"), path="/v1/chat/completions")
        with capture() as spans, orchestrace.session("s"), httpx.Client() as client:
            client.post(
                f"{ours.url}/v1/chat/completions", json={"model": "m", "messages": [{"role": "user", "content": "?"}]}
            )

        assert spans.one("chat m").span_id == ours.requests[0].headers["traceparent"].split("-")[2]


class TestRedirects:
    @LIBRARIES
    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_what_was_written_does_not_follow_to_others(
        self, library: Library, *, asynchronous: bool, services: Any, told: Callable[..., None]
    ) -> None:
        """The client copies the headers of a request into the one that follows it."""
        ours, theirs = services
        told(host_of(ours))
        with capture(), orchestrace.session("s"), orchestrace.agent(name="A"):
            get(library, f"{ours.url}/moved", asynchronous=asynchronous, follow_redirects=True)

        assert {"traceparent", "orchestrace-run"} == set(fields_of(ours.requests[0]))
        assert {} == fields_of(theirs.requests[0])

    @LIBRARIES
    def test_nor_when_the_program_follows_itself(
        self, library: Library, services: Any, told: Callable[..., None]
    ) -> None:
        """`next_request` was made from the first one, too."""
        ours, theirs = services
        told(host_of(ours))
        with capture(), orchestrace.session("s"), orchestrace.agent(name="A"), library.Client() as client:
            client.send(client.get(f"{ours.url}/moved").next_request)

        assert {} == fields_of(theirs.requests[0])

    def test_to_another_that_is_told_it_follows(self, services: Any, told: Callable[..., None]) -> None:
        """Anew, because it is another request."""
        ours, theirs = services
        told("127.0.0.1")
        with capture(), orchestrace.session("s"), orchestrace.agent(name="A"):
            get(httpx, f"{ours.url}/moved", follow_redirects=True)

        assert "s" == whose(theirs.requests[0])[0]


class TestKept:
    def test_a_request_that_is_sent_again_says_whose_it_is_now(self, services: Any, told: Callable[..., None]) -> None:
        """Nothing leaks from one session into the next, nor into what has none."""
        ours, _ = services
        told(host_of(ours))
        with capture(), httpx.Client() as client:
            request = client.build_request("GET", f"{ours.url}/here")
            for name in ("one", "two"):
                with orchestrace.session(name):
                    client.send(request)
            client.send(request)

        assert ["one", "two", None] == [whose(one)[0] for one in ours.requests]
        assert {} == fields_of(ours.requests[2])

    def test_what_the_program_wrote_stays(self, services: Any, told: Callable[..., None]) -> None:
        """By `inject`, to whomever it wants."""
        ours, theirs = services
        told(host_of(ours))
        with capture():
            with orchestrace.session("own"):
                own = orchestrace.inject({})
            with orchestrace.session("s"), httpx.Client(headers=own) as client:
                for server in (ours, theirs):
                    client.get(f"{server.url}/here")

        assert [own, own] == [fields_of(server.requests[0]) for server in (ours, theirs)]

    def test_a_parent_that_is_there_stays(self, services: Any, told: Callable[..., None]) -> None:
        """Another instrumentation has a span for this very request."""
        ours, _ = services
        told(host_of(ours))
        parent = f"00-{'a' * 32}-{'b' * 16}-01"
        client = httpx.Client(headers={"traceparent": parent})
        with capture(), orchestrace.session("s"), orchestrace.agent(name="A"), client:
            client.get(f"{ours.url}/here")

        assert parent == ours.requests[0].headers["traceparent"]
        assert "s" == whose(ours.requests[0])[0]

    def test_everything_is_put_back(self, services: Any, told: Callable[..., None]) -> None:
        """`uninstrument()` leaves the transports as they were, also those that were tapped a second time."""
        before = httpx.HTTPTransport.handle_request
        instrumentation.instrument()
        assert before is httpx.HTTPTransport.handle_request
        told("127.0.0.1")
        instrumentation.instrument()
        assert before is not httpx.HTTPTransport.handle_request
        instrumentation.uninstrument()
        assert before is httpx.HTTPTransport.handle_request

    def test_transports_of_tests_are_told_as_well(self, told: Callable[..., None]) -> None:
        """So a program's own tests see what it sends."""
        told("crm.internal")
        seen: list[Any] = []

        def answer(request: Any) -> Any:
            seen.append(dict(request.headers))
            return httpx.Response(200)

        with capture(), orchestrace.session("s"), httpx.Client(transport=httpx.MockTransport(answer)) as client:
            client.get("http://crm.internal/")
            client.get("http://crm.example.com/")

        assert [True, False] == ["orchestrace-run" in headers for headers in seen]
