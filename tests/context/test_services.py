"""Two services over real connections: FastAPI behind uvicorn, and an agent that asks it by httpx."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import httpx
import httpx2
import pytest
from fastapi import FastAPI
from opentelemetry import trace

import orchestrace
from orchestrace.taps import recipients
from orchestrace.testing import Spans, capture

SERVER = 1  # the number of that kind of span
IDS = ("session.id", "user.id", "orchestrace.tenant", "orchestrace.experiment.tone", "gen_ai.agent.name")


class Joined:
    """The middleware of docs/identity.md."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with orchestrace.extract(scope.get("headers", ())):
            await self.app(scope, receive, send)


def crm() -> FastAPI:
    """Make a service: one function of each colour, each with a tool and another library's span."""
    app = FastAPI()
    app.add_middleware(Joined)

    @orchestrace.tool
    def look(name: str) -> str:
        with trace.get_tracer("another.library").start_as_current_span(f"SELECT {name}"):
            return name

    @app.get("/sync/{name}")
    def plain(name: str) -> str:
        return look(name)

    @app.get("/async/{name}")
    async def awaited(name: str) -> str:
        await asyncio.sleep(0)
        return await asyncio.to_thread(look, name)

    return app


@pytest.fixture(scope="module")
def address(serving: Callable[[Any], AbstractContextManager[str]]) -> Iterator[str]:
    """Serve the application; it has begun outside of all runs."""
    with serving(crm()) as url:
        yield url.removeprefix("http://")


@pytest.fixture
def spans() -> Iterator[Spans]:
    """Capture the spans of both services, of other libraries too."""
    with capture(as_global=True) as captured:
        yield captured
    recipients.use(None)


def tell(*hosts: str) -> None:
    """Name those who are told."""
    recipients.use(recipients.stated(hosts))
    orchestrace.instrument()


def craft(library: Any, url: str, name: str) -> None:
    """Run an agent that asks the service twice."""
    tenant = name.partition("-")[0]
    with (
        orchestrace.session(name, user=name, tenant=tenant),
        orchestrace.experiment("tone", tenant),
        orchestrace.agent(name=name),
        library.Client() as client,
    ):
        for colour in ("sync", "async"):
            client.get(f"{url}/{colour}/{name}").raise_for_status()


class TestServices:
    @pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
    def test_one_that_is_told_goes_on_with_the_run(self, library: Any, address: str, spans: Spans) -> None:
        """In functions of both colours, and their threads; FastAPI's own spans, but for that of the request, too."""
        tell(address)
        craft(library, f"http://{address}", "one-1")

        named = [span.name for span in spans]
        assert 1 == len({span.trace_id for span in spans})
        assert (2, 2, 1) == tuple(map(named.count, ("execute_tool look", "SELECT one-1", "invoke_agent one-1")))
        assert ["invoke_agent one-1"] == [span.name for span in spans if span.parent_id is None]
        assert {("one-1", "one-1", "one", "one", "one-1")} == {
            tuple(span.attributes.get(name) for name in IDS) for span in spans if span.kind != SERVER
        }

    def test_one_that_is_not_told_knows_nothing(self, address: str, spans: Spans) -> None:
        """Its spans are traces of their own."""
        tell("crm.internal")
        craft(httpx, f"http://{address}", "one-1")
        theirs = [span for span in spans if not span.name.startswith("invoke_agent")]

        assert 4 <= len(theirs)
        assert [] == [name for span in theirs for name in IDS if name in span.attributes]

    def test_requests_of_two_tenants_do_not_cross(self, address: str, spans: Spans) -> None:
        """On the same server, its event loop and its threads, at once; and nothing is left for who comes then."""
        tell(address)
        names = [f"{tenant}-{number}" for number in range(20) for tenant in ("one", "two")]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: craft(httpx, f"http://{address}", name), names))
        httpx.get(f"http://{address}/sync/nobody").raise_for_status()
        found = [(span.name.split()[1], span.attributes) for span in spans if span.name.startswith("SELECT")]

        assert 81 == len(found)
        assert ["nobody"] == [
            name for name, said in found if [said.get(one) for one in IDS[:3]] != [name, name, name.partition("-")[0]]
        ]
