"""
A program whose agent has its model called somewhere else: for two tenants, for a session without an agent, for nobody.

`python program.py WAY…` goes each way in turn. What one way uses (a pool, a worker, a loop) serves all of them.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.pool import Pool, ThreadPool
from typing import Any, TypeAlias

from opentelemetry import trace

import orchestrace
from orchestrace import Prompt

DRAFT = Prompt("sourcing/draft", "Write to {tenant}.", version="3")

Ask: TypeAlias = Callable[[str], object]
"""Has `work` called somewhere, with the name of the way, and waits until it has been."""


def work(way: str) -> str:
    """Do what an orchestrator does: something that another library traces, and a model call."""
    with trace.get_tracer("another.library").start_as_current_span("GET /profiles", attributes={"way": way}):
        pass
    with orchestrace.llm_call(model=way, provider="local") as call:
        call.request([{"role": "user", "content": "Hi"}])
        call.response("Hello.", usage={"input_tokens": 3, "output_tokens": 2})
    return way


def craft(way: str, tenant: str, ask: Ask) -> None:
    """Run an agent, in a session of somebody's."""
    with (
        orchestrace.session(tenant, user=tenant),
        orchestrace.experiment("tone", tenant),
        orchestrace.agent(name=way, key=lambda: tenant, tenant=lambda: tenant),
    ):
        orchestrace.current().tag("trial")
        orchestrace.assign("size", [tenant], by="anybody")
        for _ in orchestrace.iterations(limit=1):
            with orchestrace.generator(name="draft"):
                DRAFT.render(tenant=tenant)
                ask(way)


@contextmanager
def executor(pool: Executor) -> Iterator[Ask]:
    """Submit."""
    with pool:
        yield lambda way: pool.submit(work, way).result()


@contextmanager
def mapped(pool: Executor) -> Iterator[Ask]:
    """Map."""
    with pool:
        yield lambda way: list(pool.map(work, [way]))


@contextmanager
def loop(wait_for: Callable[[str], Any]) -> Iterator[Ask]:
    """Run a coroutine on one loop."""
    running = asyncio.new_event_loop()
    running.set_default_executor(ThreadPoolExecutor(1))
    try:
        yield lambda way: running.run_until_complete(wait_for(way))
    finally:
        running.run_until_complete(running.shutdown_default_executor())
        running.close()


async def in_executor(way: str) -> None:
    """Use the loop's own pool."""
    await asyncio.get_running_loop().run_in_executor(None, work, way)


async def gathered(way: str) -> None:
    """Let two coroutines run at once; one works."""

    async def working() -> None:
        await asyncio.sleep(0)
        work(way)

    await asyncio.gather(working(), asyncio.sleep(0))


async def grouped(way: str) -> None:
    """Let a group of tasks do the same."""

    async def working() -> None:
        await asyncio.sleep(0)
        work(way)

    async with asyncio.TaskGroup() as group:
        group.create_task(working())


async def to_thread(way: str) -> None:
    """Use a thread for one call."""
    await asyncio.to_thread(work, way)


@contextmanager
def started(kind: Callable[..., Any]) -> Iterator[Ask]:
    """Start a thread or process for one call, and wait for its end."""

    def ask(way: str) -> None:
        one = kind(way)
        one.start()
        one.join()

    yield ask


@contextmanager
def pooled(pool: Pool) -> Iterator[Ask]:
    """Use each way that a pool of multiprocessing has."""
    ways: list[Callable[[str], object]] = [
        lambda way: pool.apply(work, (way,)),
        lambda way: pool.apply_async(func=work, args=(way,)).get(),
        lambda way: pool.map(work, [way]),
        lambda way: pool.starmap(work, [(way,)]),
        lambda way: list(pool.imap(work, [way])),
        lambda way: list(pool.imap_unordered(work, [way])),
    ]
    yield lambda way: [ask(way) for ask in ways]
    pool.close()
    pool.join()


@contextmanager
def subprocesses() -> Iterator[Ask]:
    """Start this file with another task."""

    def ask(way: str) -> None:
        environment = os.environ | orchestrace.environment()
        subprocess.run([sys.executable, __file__, "--work", way], env=environment, check=True)  # noqa: S603 - ourselves

    yield ask


@contextmanager
def queue() -> Iterator[Ask]:
    """Put messages with headers into a queue, from which a thread takes them that was there before."""
    messages: list[bytes] = []
    there, done = threading.Semaphore(0), threading.Semaphore(0)

    def consume() -> None:
        while there.acquire():
            headers, way = pickle.loads(messages.pop())  # noqa: S301 - as a queue does
            if way is None:
                return
            with orchestrace.extract(headers):
                work(way)
            done.release()

    def ask(way: str | None) -> None:
        messages.append(pickle.dumps((orchestrace.inject({}), way)))
        there.release()
        if way is not None:
            done.acquire()

    consumer = threading.Thread(target=consume)
    consumer.start()
    yield ask
    ask(None)
    consumer.join()


def context(method: str) -> Any:
    """Return multiprocessing with one way of starting processes."""
    return multiprocessing.get_context(method)


def configure() -> None:
    """Set up a worker that has nothing of its parent's but the code."""
    orchestrace.configure(service_name="worker")


WAYS: dict[str, Callable[[], Any]] = {
    "ThreadPoolExecutor": lambda: executor(ThreadPoolExecutor(1)),
    "ThreadPoolExecutor.map": lambda: mapped(ThreadPoolExecutor(1)),
    "loop.run_in_executor": lambda: loop(in_executor),
    "asyncio.gather": lambda: loop(gathered),
    "asyncio.TaskGroup": lambda: loop(grouped),
    "asyncio.to_thread": lambda: loop(to_thread),
    "threading.Thread": lambda: started(lambda way: threading.Thread(target=work, args=(way,))),
    "threading.Timer": lambda: started(lambda way: threading.Timer(0.0, work, (way,))),
    "multiprocessing.pool.ThreadPool": lambda: pooled(ThreadPool(1)),
    "ProcessPoolExecutor (fork)": lambda: executor(ProcessPoolExecutor(1, context("fork"))),
    "ProcessPoolExecutor.map (fork)": lambda: mapped(ProcessPoolExecutor(1, context("fork"))),
    "ProcessPoolExecutor (spawn)": lambda: executor(ProcessPoolExecutor(1, context("spawn"), configure)),
    "ProcessPoolExecutor (forkserver)": lambda: executor(ProcessPoolExecutor(1, context("forkserver"), configure)),
    "multiprocessing.Process (fork)": lambda: started(lambda way: context("fork").Process(target=work, args=(way,))),
    "multiprocessing.Process (spawn)": lambda: started(
        lambda way: context("spawn").Process(target=configured_work, args=(way,))
    ),
    "multiprocessing.Pool (fork)": lambda: pooled(context("fork").Pool(1)),
    "subprocess with environment()": subprocesses,
    "a queue, with inject() and extract()": queue,
}


def configured_work(way: str) -> None:
    """Work in a process that has set nothing up."""
    configure()
    work(way)
    orchestrace.shutdown()


def main(ways: list[str]) -> None:
    """Go each way: for two tenants, in a session without an agent, then for nobody."""
    orchestrace.configure(service_name="shop")
    if ways[0] == "--work":
        work(ways[1])
        return
    for way in ways:
        with WAYS[way]() as ask:
            craft(way, "one", ask)
            craft(way, "two", ask)
            with orchestrace.session("three", user="three", tenant="three"), orchestrace.experiment("tone", "three"):
                ask(way)
            ask(way)


if __name__ == "__main__":
    main(sys.argv[1:])
