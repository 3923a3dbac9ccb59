"""Real SDKs that ask a real server, each time without us and with us."""

from __future__ import annotations

import asyncio
import inspect
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from pydantic import BaseModel

from orchestrace.records import SpanRecord
from orchestrace.testing import Answer, ReplayServer, Request, anthropic_message, capture, openai_chat
from orchestrace.testing.replay import Reply

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once, because it takes milliseconds; nothing here is encrypted."""


@dataclass(frozen=True)
class Sdk:
    """
    One SDK: its clients, where its calls are, what a call must be given, and what answers it.

    With `own_span` it makes a span for each call itself, through the global provider.
    """

    name: str
    clients: tuple[Any, Any]
    resource: str
    path: str
    arguments: Mapping[str, Any]
    answer: Callable[..., Answer]
    base: str = ""
    own_span: bool = False

    @property
    def success(self) -> str:
        """The status of a span without an error; Anthropic says OK."""
        return "OK" if self.own_span else "UNSET"

    def __str__(self) -> str:
        return f"{self.name}, own span" if self.own_span else self.name


OPENAI, ANTHROPIC = (
    Sdk(
        name="openai",
        clients=(openai.OpenAI, openai.AsyncOpenAI),
        resource="chat.completions",
        path="/v1/chat/completions",
        arguments={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]},
        answer=openai_chat,
        base="/v1",
    ),
    Sdk(
        name="anthropic",
        clients=(anthropic.Anthropic, anthropic.AsyncAnthropic),
        resource="messages",
        path="/v1/messages",
        arguments={"model": "claude-sonnet-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}]},
        answer=anthropic_message,
    ),
)
SDKS = {str(sdk): sdk for sdk in (OPENAI, ANTHROPIC, replace(ANTHROPIC, own_span=True))}


@dataclass
class Ask:
    """A client of one colour, as a scenario uses it."""

    sdk: Sdk
    client: Any

    @property
    def resource(self) -> Any:
        """What calls are made on."""
        found = self.client
        for name in self.sdk.resource.split("."):
            found = getattr(found, name)
        return found

    def create(self, **more: Any) -> Any:
        """Ask the model; of an async client this is to be awaited."""
        return self.resource.create(**{**self.sdk.arguments, **more})


@dataclass
class Seen:
    """What the program saw of its calls, which is the same with us and without, and what we saw."""

    outcome: Any
    spans: list[SpanRecord]
    requests: list[Request] = field(default_factory=list)

    @property
    def span(self) -> SpanRecord:
        """The only span."""
        assert 1 == len(self.spans), [span.name for span in self.spans]
        return self.spans[0]

    def told(self, *names: str) -> tuple[Any, ...]:
        """Return attributes of the only span; None for one that it does not have."""
        return tuple(self.span.attributes.get(name) for name in names)


Scenario = Callable[[Ask], Any]
Play = Callable[..., Seen]


def plain(value: Any) -> Any:
    """Make what a program saw comparable."""
    if isinstance(value, BaseModel):
        return type(value).__name__, value.model_dump(mode="json", warnings=False)
    if isinstance(value, BaseException):
        facts = (getattr(value, name, None) for name in ("message", "body", "status_code"))
        return type(value), str(value), *facts, type(value.__cause__)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def run(scenario: Scenario, sdk: Sdk, url: str, options: Mapping[str, Any]) -> Any:
    """Let a scenario happen, sync or async; an exception that comes out of it is its outcome."""
    options = {"api_key": "key", "base_url": url + sdk.base, "max_retries": 0, **options}

    async def run_async() -> Any:
        async with httpx2.AsyncClient(verify=PLAIN) as http:
            return await scenario(Ask(sdk, sdk.clients[1](http_client=http, **options)))

    try:
        if inspect.iscoroutinefunction(scenario):
            return asyncio.run(run_async())
        with httpx2.Client(verify=PLAIN) as http:
            return scenario(Ask(sdk, sdk.clients[0](http_client=http, **options)))
    except Exception as error:
        return error


def sent(requests: list[Request]) -> list[Any]:
    """Make what was sent comparable: all of it but what each run makes anew; Anthropic propagates its own span."""
    return sorted((told(request) for request in requests), key=repr)


def told(request: Request) -> tuple[Any, ...]:
    """Return all of a request but its names for itself."""
    headers = {name: said for name, said in request.headers.items() if name not in {"idempotency-key", "traceparent"}}
    boundary = headers.get("content-type", "").partition("boundary=")[2]
    if boundary:
        headers["content-type"] = "multipart"
    body = request.body.replace(boundary.encode(), b"") if boundary else request.body
    return str(request), request.query, headers, body


@pytest.fixture
def play(orchestrace_server: ReplayServer, sdk: Sdk, little_to_collect: None) -> Iterator[Play]:
    """
    Return `play(scenario, *answers, …)`: it happens without us first, and must look the same with us.

    It `fails` if an exception comes out of it. Further keywords go to the SDK's client; `url` is another address than
    the server's, `path` another than that of the SDK's model calls.
    """

    def play(
        scenario: Scenario,
        *answers: Reply,
        fails: bool = False,
        url: str | None = None,
        path: str | None = sdk.path,
        **options: Any,
    ) -> Seen:
        outcomes: list[Any] = []
        begin = len(orchestrace_server.requests)
        for _ in range(2):
            for answer in answers:
                orchestrace_server.answer(answer, path=path, method=None)
        outcomes.append(run(scenario, sdk, url or orchestrace_server.url, options))
        first = len(orchestrace_server.requests)
        with capture(as_global=sdk.own_span) as spans:
            outcomes.append(run(scenario, sdk, url or orchestrace_server.url, options))
            ended = list(spans)
        assert plain(outcomes[0]) == plain(outcomes[1])
        assert sent(orchestrace_server.requests[begin:first]) == sent(orchestrace_server.requests[first:])
        assert fails == isinstance(outcomes[1], Exception), outcomes[1]
        return Seen(outcomes[1], ended, orchestrace_server.requests[first:])

    return play


@pytest.fixture(params=SDKS)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    """Return each SDK; a test that is about one of them names it, indirectly."""
    return SDKS[request.param]
