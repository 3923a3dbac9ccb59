# pyright: reportUnnecessaryTypeIgnoreComment=true
from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar, overload

from typing_extensions import ParamSpec, assert_type

import orchestrace

P = ParamSpec("P")
T = TypeVar("T")


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
    assert_type(orchestrace.tool(partial(plain, "a"))(job=2), list[str])


# -- among other decorators -------------------------------------------------------------------------------------------
def logged(function: Callable[P, T]) -> Callable[P, list[T]]:
    def call(*args: P.args, **kwargs: P.kwargs) -> list[T]:
        return [function(*args, **kwargs)]

    return call


@orchestrace.agent
@logged
def under(job: str, *, limit: int = 3) -> str:
    return job * limit


@logged
@orchestrace.agent(name="Crafter")
def above(job: str, *, limit: int = 3) -> str:
    return job * limit


def test_parameters_pass_through_others() -> None:
    assert_type(under("a", limit=2), list[str])
    assert_type(above("a", limit=2), list[str])
    under("a", 2)  # type: ignore[call-arg]
    above(1)  # type: ignore[arg-type]


# -- overloads and type variables -------------------------------------------------------------------------------------
@overload
def pick(jobs: Sequence[T], at: int) -> T: ...
@overload
def pick(jobs: Sequence[T], at: None = None) -> list[T]: ...
@orchestrace.tool(name="pick")
def pick(jobs: Sequence[T], at: int | None = None) -> T | list[T]:
    return list(jobs) if at is None else jobs[at]


@orchestrace.tool
def first(jobs: Sequence[T]) -> T:
    return jobs[0]


class Judges(Protocol):
    def __call__(self, text: str) -> dict[str, object]: ...


class Searches(Protocol):
    def __call__(self, name: str) -> Awaitable[bytes]: ...


async def asked(judges: Judges, searches: Searches) -> None:
    assert_type(judges(text="x"), dict[str, object])
    assert_type(await searches(name="x"), bytes)


async def test_protocols_are_met() -> None:
    await asked(judged, awaited)
    await asked(awaited, judged)  # type: ignore[arg-type]


def test_overloads_and_generic_functions() -> None:
    assert_type(pick([1], 0), int)
    assert_type(pick(["a"]), list[str])
    assert_type(first([1]), int)


# -- what cannot be said ----------------------------------------------------------------------------------------------
def test_options() -> None:
    orchestrace.agent(name="A", description="d", method="run", version=None)
    orchestrace.generator(inputs=("a", "b.c"), reduce=sum, starts_iteration=False)
    orchestrace.evaluator(kind="llm", read=lambda result: result.score, version="2")
    orchestrace.tool(config=object(), user=lambda user: user.id, tenant="tenant")
    orchestrace.agent(nme="A")  # type: ignore[call-overload]
    orchestrace.agent(name=1)  # type: ignore[call-overload]
    orchestrace.tool(version="1")  # type: ignore[call-overload]
    orchestrace.workflow(method="run")  # type: ignore[call-overload]
    orchestrace.generator(prompt="Write to {name}")  # type: ignore[call-overload]
    orchestrace.retriever(key=1)  # type: ignore[call-overload]
    orchestrace.agent("Crafter")  # type: ignore[call-overload]
    orchestrace.agent(3)  # type: ignore[call-overload]
