"""Calls that fail, calls that are tried again, and calls that the SDK has a span for itself."""

# ruff: noqa: D103 - a scenario is what its name says
from __future__ import annotations

import asyncio
import functools
import json
from typing import Any, TypeAlias

import openai
import pytest
from pydantic import BaseModel

from orchestrace.testing import Answer, Cut, Pause, Request, refused_endpoint, server_sent_event

Ask: TypeAlias = Any
Outcome: TypeAlias = Any
Play: TypeAlias = Any
Scenario: TypeAlias = Any
Sdk: TypeAlias = Any
Seen: TypeAlias = Any
"""What the conftest makes, and what SDKs give: classes that cannot be imported here, or have nothing in common."""

FAILED = ("orchestrace.ending", "error.type", "http.response.status_code", "orchestrace.attempts")
CONNECTION = {True: "connection_error", False: "{}.APIConnectionError"}
TIMEOUT = {True: "client_timeout_error", False: "{}.APITimeoutError"}
"""What the error of a call without an answer is called, where the SDK has a span of its own and where not."""


class Person(BaseModel):
    name: str


def create(ask: Ask) -> Outcome:
    return ask.create()


async def create_async(ask: Ask) -> Outcome:
    return await ask.create()


def create_empty(ask: Ask) -> Outcome:
    return ask.create(messages=[])


async def create_empty_async(ask: Ask) -> Outcome:
    return await ask.create(messages=[])


def stream(ask: Ask) -> Outcome:
    return list(ask.create(stream=True))


async def stream_async(ask: Ask) -> Outcome:
    return [item async for item in await ask.create(stream=True)]


CALLS = pytest.mark.parametrize("scenario", [create, create_async, stream, stream_async], ids=lambda one: one.__name__)
STREAMS = pytest.mark.parametrize("scenario", [stream, stream_async], ids=lambda one: one.__name__)
WHOLE = pytest.mark.parametrize("scenario", [create, create_async], ids=lambda one: one.__name__)


def refusal(status: int, **headers: str) -> Answer:
    """Return an error in words that both providers use."""
    return Answer(status, headers, {"type": "error", "error": {"type": "some_error", "message": "Not today."}})


def again() -> Answer:
    """Return a refusal after which both SDKs try again at once."""
    return refusal(429, **{"retry-after-ms": "1"})


def words(seen: Seen) -> str | None:
    """Return what the span says was answered."""
    (text,) = seen.told("gen_ai.output.messages")
    return None if text is None else "".join(part["content"] for said in json.loads(text) for part in said["parts"])


def answer_of(scenario: Scenario, sdk: Sdk) -> Answer:
    """Return the answer that a scenario asks for."""
    return sdk.answer("Hello there.", stream=scenario in {stream, stream_async})


class TestFailure:
    @pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
    @CALLS
    def test_refused_by_http(self, scenario: Scenario, status: int, play: Play) -> None:
        """The error is the provider's own, in its own words, and its body is kept."""
        seen = play(scenario, refusal(status), fails=True)

        assert ("error", "some_error", status, 1, "ERROR", "Not today.", None) == (
            *seen.told(*FAILED),
            seen.span.status,
            seen.span.status_message,
            *seen.told("gen_ai.response.time_to_first_chunk"),
        )
        assert json.loads(refusal(status).content()) == json.loads(*seen.told("orchestrace.response.body"))

    @pytest.mark.parametrize("scenario", [create_empty, create_empty_async], ids=lambda one: one.__name__)
    def test_request_of_an_odd_shape(self, scenario: Scenario, play: Play) -> None:
        """What an SDK sends to a model is a call, even if there is nothing in it that a model could answer."""
        seen = play(scenario, refusal(400), fails=True)

        assert ("error", "some_error", 400, 1) == seen.told(*FAILED)

    @CALLS
    def test_refused_without_words(self, scenario: Scenario, play: Play) -> None:
        """The status stands for what nobody said."""
        seen = play(scenario, Answer(502, body="<html>bad gateway</html>"), fails=True)

        assert ("error", "502", 502, 1, "HTTP 502") == (*seen.told(*FAILED), seen.span.status_message)

    @CALLS
    def test_nobody_answers(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """The exception that the program sees says what went wrong."""
        with refused_endpoint() as url:
            seen = play(scenario, fails=True, url=url)
        kind = CONNECTION[sdk.own_span].format(sdk.name)

        assert ("error", kind, None, 1, "ERROR") == (*seen.told(*FAILED), seen.span.status)
        if not sdk.own_span:
            assert ("Connection error.", kind) == (
                seen.span.status_message,
                seen.span.events[0].attributes["exception.type"],
            )

    @CALLS
    def test_too_late(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """An answer that does not come in time is an error without a status."""
        seen = play(scenario, Answer(before=Pause(60.0)), fails=True, timeout=0.05)

        assert ("error", TIMEOUT[sdk.own_span].format(sdk.name), None, 1) == seen.told(*FAILED)

    @WHOLE
    def test_cut_off(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """Half an answer is none."""
        whole = sdk.answer("Hello there.")
        seen = play(scenario, Answer(headers={"content-length": "9999"}, body=whole.body), fails=True)

        assert ("error", CONNECTION[sdk.own_span].format(sdk.name), None, 1) == seen.told(*FAILED)

    @pytest.mark.parametrize("reset", [False, True])
    @STREAMS
    def test_stream_cut_off(self, scenario: Scenario, sdk: Sdk, play: Play, *, reset: bool) -> None:
        """What came of a stream that broke is kept."""
        pieces = sdk.answer(["Hello ", "there."], stream=True).pieces[: 2 if sdk.name == "openai" else 3]
        seen = play(scenario, Answer(pieces=[*pieces, Cut(reset=reset)]), fails=True)
        kind = "httpx2.ReadError" if reset else "httpx2.RemoteProtocolError"

        assert ("error", kind, 200 if sdk.own_span else None, 1, "ERROR", "Hello ") == (
            *seen.told(*FAILED),
            seen.span.status,
            words(seen),
        )

    @STREAMS
    def test_error_in_a_stream(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """An error that comes among the events of a 200 is an error, and what came before is kept."""
        pieces = sdk.answer(["Hello ", "there."], stream=True).pieces[: 2 if sdk.name == "openai" else 3]
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Not now."}}
        seen = play(scenario, Answer(pieces=[*pieces, server_sent_event(error, "error")]), fails=True)

        assert ("error", "overloaded_error", 200, 1, "Not now.", "Hello ") == (
            *seen.told(*FAILED),
            seen.span.status_message,
            words(seen),
        )

    def test_cancelled_before_the_answer(self, play: Play) -> None:
        """A task that is cancelled while it waits is no error."""
        arrived: list[Request] = []

        def wait(request: Request) -> Answer:
            arrived.append(request)
            return Answer(before=Pause(60.0))

        async def cancelled(ask: Ask) -> Outcome:
            before = len(arrived)
            task = asyncio.create_task(ask.create())
            while len(arrived) == before:  # noqa: ASYNC110 - it arrives in a thread of the server's
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            return task.cancelled()

        seen = play(cancelled, wait)

        assert ("cancelled", None, None, 1, "UNSET") == (*seen.told(*FAILED), seen.span.status)

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_answer_that_does_not_fit(self, sdk: Sdk, play: Play, *, asynchronous: bool) -> None:
        """What the SDK could not make of an answer is an error of the call, and the answer is kept."""
        asked = {"response_format": Person} if sdk.name == "openai" else {"output_format": Person}

        def parse(ask: Ask) -> Outcome:
            return ask.resource.parse(**ask.sdk.arguments, **asked)

        async def parse_async(ask: Ask) -> Outcome:
            return await ask.resource.parse(**ask.sdk.arguments, **asked)

        scenario = parse_async if asynchronous else parse
        good, bad = play(scenario, sdk.answer('{"name": "Ada"}')), play(scenario, sdk.answer("Ada"), fails=True)

        assert ("returned", None, '{"name": "Ada"}', ("json",)) == (
            *good.told(*FAILED[:2]),
            words(good),
            good.told("gen_ai.output.type"),
        )
        assert ("error", "Ada") == (*bad.told(*FAILED[:1]), words(bad))


class TestAttempts:
    @CALLS
    def test_one_call(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """A call that succeeds at the second attempt is one call without an error; its tokens count once."""
        seen = play(scenario, again(), answer_of(scenario, sdk), max_retries=2)
        ending = "returned" if scenario in {create, create_async} else "drained"

        assert (ending, None, 200 if sdk.own_span else None, 2, sdk.success, [], 12, 5) == (
            *seen.told(*FAILED),
            seen.span.status,
            seen.span.events,
            *seen.told("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
        )
        assert 2 == len(seen.requests)

    @WHOLE
    def test_waiting_is_part_of_it(self, scenario: Scenario, sdk: Sdk, play: Play) -> None:
        """The call lasts from its first attempt to the end of its last."""
        seen = play(scenario, refusal(429, **{"retry-after-ms": "40"}), answer_of(scenario, sdk), max_retries=1)

        assert 0.04 <= (seen.span.end - seen.span.start) / 1e9

    @CALLS
    def test_all_fail(self, scenario: Scenario, play: Play) -> None:
        """What the last attempt said is what the call says."""
        seen = play(scenario, again(), refusal(500), max_retries=1, fails=True)

        assert ("error", "some_error", 500, 2) == seen.told(*FAILED)

    @CALLS
    def test_connection_lost_once(
        self, scenario: Scenario, sdk: Sdk, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An attempt that nobody answered is an attempt."""
        monkeypatch.setattr(f"{sdk.name}._base_client.INITIAL_RETRY_DELAY", 0.001)
        seen = play(scenario, Answer(before=Cut()), answer_of(scenario, sdk), max_retries=1)

        assert (None, 200 if sdk.own_span else None, 2, sdk.success, []) == (
            *seen.told(*FAILED[1:]),
            seen.span.status,
            seen.span.events,
        )

    @pytest.mark.parametrize("sdk", ["openai"], indirect=True)
    def test_wrapped_on_the_client(self, sdk: Sdk, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody who wrapped an SDK's client before us has kept the method below as it was: attempts are one call."""
        inherited = openai.OpenAI.request
        wrapper = functools.wraps(inherited)(lambda *args, **kwargs: inherited(*args, **kwargs))  # noqa: PLW0108 - a wrapper
        monkeypatch.setattr(openai.OpenAI, "request", wrapper, raising=False)
        seen = play(create, again(), sdk.answer("One."), max_retries=1)

        assert 2 == seen.span.attributes["orchestrace.attempts"]

    def test_calls_one_after_the_other(self, sdk: Sdk, play: Play) -> None:
        """A second call is no attempt of the first."""

        def twice(ask: Ask) -> Outcome:
            return [ask.create(), ask.create()]

        seen = play(twice, sdk.answer("One."), sdk.answer("Two."))

        assert [1, 1] == [span.attributes["orchestrace.attempts"] for span in seen.spans]

    def test_calls_side_by_side(self, sdk: Sdk, play: Play) -> None:
        """Calls of one client that run at once are told apart."""

        def refuse_once(request: Request) -> Answer:
            return again() if request.headers["x-stainless-retry-count"] == "0" else sdk.answer("One.")

        async def both(ask: Ask) -> Outcome:
            return await asyncio.gather(ask.create(), ask.create())

        seen = play(both, *[refuse_once] * 4, max_retries=2)

        assert [("returned", 2)] * 2 == [
            (span.attributes["orchestrace.ending"], span.attributes["orchestrace.attempts"]) for span in seen.spans
        ]


OTHER = {
    "models": lambda ask: ask.client.models.retrieve("m"),
    "upload": lambda ask: ask.client.files.create(file=("a.txt", b"abc"), purpose="batch"),
    "batch": lambda ask: ask.client.batches.retrieve("1"),
    "cancelled batch": lambda ask: ask.client.batches.cancel("1"),
    "batch of messages": lambda ask: ask.resource.batches.retrieve("1"),
    "cancelled batch of messages": lambda ask: ask.resource.batches.cancel("1"),
}
WHOSE = [
    *(("openai", name) for name in ("models", "upload", "batch", "cancelled batch")),
    *(
        (whose, name)
        for whose in ("anthropic", "anthropic, own span")
        for name in ("batch of messages", "cancelled batch of messages")
    ),
]


class TestOtherCalls:
    @pytest.mark.parametrize(("sdk", "name"), WHOSE, indirect=["sdk"])
    def test_are_left_alone(self, name: str, play: Play) -> None:
        """What an SDK does besides asking a model has no span of ours, and nothing of ours is on its own."""
        data = [{"object": "embedding", "index": 0, "embedding": [0.5]}]
        seen = play(OTHER[name], Answer(body={"id": "1", "data": data, "input_tokens": 1}), path=None)

        assert [] == [
            (span.name, name)
            for span in seen.spans
            for name in span.attributes
            if span.scope == "orchestrace" or name.startswith("orchestrace")
        ]
