"""A web server that streams what an agent makes, over real connections: FastAPI, uvicorn, and a client that leaves."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import fastapi
import httpx2
import openai
import pytest
from fastapi.responses import StreamingResponse

import orchestrace
from orchestrace.testing import Pause, ReplayServer, Spans

from .conftest import PATIENCE, STREAM, WHOLE, Ends, ending, held, told, words

AGENT: Final = "invoke_agent craft"
READ: Final = ("drained", "UNSET", "One two", 1, 5)
SECOND: Final = 1_000_000_000
Serving = Callable[[Any], AbstractContextManager[str]]


@dataclass
class Watched:
    """An application, and whether it has heard that a client left."""

    app: fastapi.FastAPI
    left: threading.Event = field(default_factory=threading.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def received() -> Any:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
            return message

        await self.app(scope, received, send)


# -- the endpoints ----------------------------------------------------------------------------------------------------
@dataclass
class Clients:
    """What the endpoints ask the provider with."""

    sync: openai.OpenAI
    make_async: Callable[[], openai.AsyncOpenAI]


def returning(clients: Clients, app: fastapi.FastAPI) -> None:
    """Serve an agent that is the endpoint, and returns a response that is still to be read."""

    @app.get("/")
    @orchestrace.agent
    async def craft() -> StreamingResponse:
        client = clients.make_async()
        stream = await client.chat.completions.create(**STREAM)

        async def body() -> AsyncIterator[str]:
            async with client, stream:
                async for chunk in stream:
                    yield words(chunk)

        return StreamingResponse(body())


def yielding(clients: Clients, app: fastapi.FastAPI) -> None:
    """Serve what an agent yields."""

    @orchestrace.agent
    async def craft() -> AsyncIterator[str]:
        async with clients.make_async() as client:
            async for chunk in await client.chat.completions.create(**STREAM):
                yield words(chunk)

    @app.get("/")
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(craft())


def returning_from_a_thread(clients: Clients, app: fastapi.FastAPI) -> None:
    """Serve an agent that runs in the pool of threads, and returns a response that is read there."""

    @app.get("/")
    @orchestrace.agent
    def craft() -> StreamingResponse:
        stream = clients.sync.chat.completions.create(**STREAM)
        return StreamingResponse(words(chunk) for chunk in stream)


def yielding_in_threads(clients: Clients, app: fastapi.FastAPI) -> None:
    """Serve what an agent yields that is stepped in the pool of threads."""

    @orchestrace.agent
    def craft() -> Iterator[str]:
        for chunk in clients.sync.chat.completions.create(**STREAM):
            yield words(chunk)

    @app.get("/")
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(craft())


ASYNC = (returning, yielding)
SYNC = (returning_from_a_thread, yielding_in_threads)


@pytest.fixture
def app(
    request: pytest.FixtureRequest, client: openai.OpenAI, make_async: Callable[[], openai.AsyncOpenAI]
) -> fastapi.FastAPI:
    """Return an application with one endpoint."""
    made = fastapi.FastAPI(openapi_url=None)
    request.param(Clients(client, make_async), made)
    return made


def endpoints(*endpoints: Any, row: str) -> pytest.MarkDecorator:
    """Run a test with each endpoint, each a cell of the table."""
    columns = {one: "asyncio" if one in ASYNC else "threads" for one in endpoints}
    cells = [
        pytest.param(one, id=one.__name__, marks=pytest.mark.compatibility(table="streams", row=row, column=column))
        for one, column in columns.items()
    ]
    return pytest.mark.parametrize("app", cells, indirect=True)


class TestEndpoint:
    @endpoints(*ASYNC, *SYNC, row="a FastAPI endpoint sends it")
    def test_whose_answer_is_read(
        self,
        app: fastapi.FastAPI,
        serving: Serving,
        orchestrace_server: ReplayServer,
        orchestrace_spans: Spans,
        ends: Ends,
    ) -> None:
        """The run ends with the response, in whatever task or thread that was made."""
        orchestrace_server.answer(WHOLE)
        with serving(app) as url:
            assert "One two" == httpx2.get(url).text
            agent = ends.wait_for(AGENT)

        assert READ == told(agent)
        assert orchestrace_spans.tree() == f"{AGENT}\n  chat m"

    @endpoints(*ASYNC, row="the client of a FastAPI endpoint leaves")
    def test_whose_client_leaves(
        self, app: fastapi.FastAPI, serving: Serving, orchestrace_server: ReplayServer, ends: Ends
    ) -> None:
        """Within a second the run was cancelled, and so was its call."""
        orchestrace_server.answer(held())
        with serving(app) as url:
            read_a_little(url)
            left = time.time_ns()
            agent, call = ends.wait_for(AGENT), ends.wait_for("chat m")

        assert ("cancelled", "UNSET", "One ", 1, None) == told(agent)
        assert "cancelled" == ending(call)
        assert agent.end is not None
        assert agent.end - left < SECOND

    @endpoints(*SYNC, row="the client of a FastAPI endpoint leaves")
    def test_whose_client_leaves_a_thread(
        self, app: fastapi.FastAPI, serving: Serving, orchestrace_server: ReplayServer, ends: Ends
    ) -> None:
        """No thread is cancelled, and no generator closed: the run was abandoned when Python collects it."""
        go, pieces = threading.Event(), WHOLE.pieces or []
        paused = [*pieces[:2], Pause(60.0, go), pieces[2], Pause(60.0), *pieces[3:]]
        orchestrace_server.answer(replace(WHOLE, pieces=paused))
        watched = Watched(app)
        with serving(watched) as url:
            read_a_little(url)
            assert watched.left.wait(PATIENCE)
            go.set()
        gc.collect()

        assert ("abandoned", "UNSET", "One two", 1, None) == told(ends.wait_for(AGENT))
        assert "abandoned" == ending(ends.wait_for("chat m"))


def read_a_little(url: str) -> None:
    """Read the first word of a response, and hang up."""
    with httpx2.stream("GET", url) as response:
        assert "One " == next(response.iter_text())
