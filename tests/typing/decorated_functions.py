# pyright: reportUnnecessaryTypeIgnoreComment=true
from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from typing import Any

from typing_extensions import assert_type

import orchestrace


# -- bare -------------------------------------------------------------------------------------------------------------
@orchestrace.agent
def plain(candidate: str, job: int = 1, *, urgent: bool = False) -> list[str]:
    return [candidate] * job * (not urgent)


@orchestrace.workflow
async def awaited(name: str) -> bytes:
    return name.encode()


@orchestrace.generator
def yielding(count: int) -> Generator[int, str, bool]:
    word = yield count
    return bool(word)


@orchestrace.evaluator
def iterating(text: str) -> Iterator[float]:
    yield float(text)


@orchestrace.tool
async def streaming(text: str) -> AsyncIterator[str]:
    yield text


@orchestrace.retriever
def searching(query: str, /, *terms: str, **limits: int) -> dict[str, int]:
    return {term: limits.get(query, 0) for term in terms}


def test_bare() -> None:
    assert_type(plain("a"), list[str])
    assert_type(plain("a", 2, urgent=True), list[str])
    assert_type(yielding(1), Generator[int, str, bool])
    assert_type(iterating("1"), Iterator[float])
    assert_type(streaming("x"), AsyncIterator[str])
    assert_type(searching("q", "a", limit=1), dict[str, int])
    plain(1)  # type: ignore[arg-type]
    plain("a", hurry=True)  # type: ignore[call-arg]
    searching(query=1)  # type: ignore[call-arg]


async def test_bare_awaited() -> None:
    assert_type(await awaited("a"), bytes)
    async for item in streaming("x"):
        assert_type(item, str)


# -- with arguments ---------------------------------------------------------------------------------------------------
@orchestrace.agent(name="Crafter", version="1.4", config={"model": "m"}, key="job.id", session="user.id")
def named(candidate: str, job: int = 1) -> list[str]:
    return [candidate] * job


@orchestrace.workflow(name="sourcing")
async def flow(name: str) -> bytes:
    return name.encode()


@orchestrace.generator(prompt=None, starts_iteration=True)
def drafts(count: int) -> Generator[int, str, bool]:
    word = yield count
    return bool(word)


@orchestrace.evaluator(name="tone", read={"score": "rating", "passed": "ok"})
def judged(text: str) -> dict[str, object]:
    return {"rating": 0.5, "ok": bool(text)}


@orchestrace.tool(name="send_email", inputs=["address"])
async def send(address: str) -> AsyncIterator[str]:
    yield address


@orchestrace.retriever(key=lambda query: query)
def found(query: str) -> tuple[str, ...]:
    return (query,)


def test_with_arguments() -> None:
    assert_type(named("a", 2), list[str])
    assert_type(drafts(1), Generator[int, str, bool])
    assert_type(judged("x"), dict[str, object])
    assert_type(send("x"), AsyncIterator[str])
    assert_type(found("q"), tuple[str, ...])
    named(1)  # type: ignore[arg-type]


async def test_with_arguments_awaited() -> None:
    assert_type(await flow("a"), bytes)


# -- as a callback ----------------------------------------------------------------------------------------------------
def test_callables_stay_callables() -> None:
    later: Callable[[str], Coroutine[Any, Any, bytes]] = awaited
    wrapped = orchestrace.tool(name="size")(len)

    assert_type(wrapped("abc"), int)
    assert later is awaited
