"""
A long run before a receiver that comes and goes: does memory stay flat, do threads stay as many, does nothing get lost.

    python benchmarks/soak.py [--calls 100000] [--minutes 10]

Each call is an agent that asks a model through OpenAI's client: half of them in eight threads, half in eight tasks of
asyncio; each tenth is a stream that is left after its first chunk. What is printed says, for each tenth of the calls,
how large the process was and how many threads it had; the receiver counts what arrives. Exits with 1 if something is
not as promised, or if the time is over before all calls are made.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
from tables import TIMES, Promise, machine, promises, table
from usage import resident

import orchestrace

__all__ = ["main"]

_SIDE_BY_SIDE = 8
"""Threads, and tasks."""
_PARTS = 10
_EVERY = 0.2
"""Seconds between two looks at the process."""
_ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "word " * 100}]}
_HEAD = {"id": "c", "object": "chat.completion", "created": 0, "model": "m"}
_WHOLE = {
    **_HEAD,
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "word " * 100}}],
}
_DELTA = {"index": 0, "delta": {"content": "word "}, "finish_reason": None}
_CHUNK = f"data: {json.dumps({**_HEAD, 'object': 'chat.completion.chunk', 'choices': [_DELTA]})}\n\n".encode()
_CHUNKS = 20


class _Pieces(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        return itertools.repeat(_CHUNK, _CHUNKS)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(_CHUNKS):
            yield _CHUNK


class _Model(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """A model in this process: the receiver is what is to be waited for."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if b'"stream":true' in request.content:
            return httpx2.Response(
                200, headers={"content-type": "text/event-stream"}, stream=_Pieces(), request=request
            )
        return httpx2.Response(200, json=_WHOLE, request=request)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.handle_request(request)


_SETTINGS: dict[str, Any] = {"api_key": "no-key", "max_retries": 0}
_CLIENT = openai.OpenAI(http_client=httpx2.Client(transport=_Model()), **_SETTINGS)
_ASYNC_CLIENT = openai.AsyncOpenAI(http_client=httpx2.AsyncClient(transport=_Model()), **_SETTINGS)


@orchestrace.agent(name="Soaked")
def soaked(number: int) -> int:
    """Ask a model; each tenth time leave its answer half-way."""
    if number % 10:
        _CLIENT.chat.completions.create(**_ASKED)
    else:
        next(iter(_CLIENT.chat.completions.create(**_ASKED, stream=True)))
    return number


@orchestrace.agent(name="Soaked in asyncio")
async def soaked_async(number: int) -> int:
    """Do the same in a task."""
    if number % 10:
        await _ASYNC_CLIENT.chat.completions.create(**_ASKED)
    else:
        async for _ in await _ASYNC_CLIENT.chat.completions.create(**_ASKED, stream=True):
            break
    return number


class Run:
    """What is to be done, and what is seen while it is done."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls = calls
        self.made = 0
        self.sizes = [0] * _PARTS
        """The most bytes in memory in each tenth of the calls."""
        self.own = [0] * _PARTS
        """The most of those that are of no file: without the segment that is being written, which is one."""
        self.threads = [0] * _PARTS
        """The most threads."""
        self.took = 0.0
        """Seconds."""
        self._begun = time.monotonic()
        self._until = self._begun + seconds
        self._made = threading.Lock()
        self._over = threading.Event()

    async def done(self) -> None:
        """Make all calls, or as many as there is time for."""
        in_threads, in_tasks = iter(range(self.calls - self.calls // 2)), iter(range(self.calls // 2))
        threads = [threading.Thread(target=self._work, args=(in_threads,)) for _ in range(_SIDE_BY_SIDE)]
        for one in threads:
            one.start()
        tasks = [asyncio.create_task(self._work_async(in_tasks)) for _ in range(_SIDE_BY_SIDE)]
        while self.made < self.calls and time.monotonic() < self._until:
            self._look()
            await asyncio.sleep(_EVERY)
        self._look()
        await asyncio.gather(*tasks)
        self.took = time.monotonic() - self._begun
        self._over.set()
        for one in threads:
            one.join()

    def _work(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            soaked(number)
            if not self._go_on():
                break
        self._over.wait()  # nobody leaves before all have been counted

    async def _work_async(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            await soaked_async(number)
            if not self._go_on():
                break
            await asyncio.sleep(0)

    def _go_on(self) -> bool:
        with self._made:
            self.made += 1
        return time.monotonic() < self._until

    def _look(self) -> None:
        part = min(self.made * _PARTS // self.calls, _PARTS - 1)
        size, own = resident()
        self.sizes[part], self.own[part] = max(self.sizes[part], size), max(self.own[part], own)
        self.threads[part] = max(self.threads[part], threading.active_count())


def soak(calls: int, seconds: float) -> tuple[Run, orchestrace.Flushed, list[int]]:
    """Run; return what was seen, what became of the spans, and how many of them arrived: different ones, and in all."""
    with tempfile.TemporaryDirectory(prefix="orchestrace-soak-") as folder, _receiver() as receiver:
        assert receiver.stdin is not None  # noqa: S101 - both are pipes
        assert receiver.stdout is not None  # noqa: S101
        endpoint = receiver.stdout.readline().strip()
        orchestrace.configure("soak", endpoint=endpoint, journal=Path(folder) / "journal")
        run = Run(calls, seconds)
        asyncio.run(run.done())
        receiver.stdin.write("stay\n")
        receiver.stdin.flush()
        gc.collect()  # what was abandoned has not ended before
        flushed = orchestrace.flush(300)
        receiver.stdin.close()
        arrived = json.loads(receiver.stdout.readline())
        orchestrace.shutdown()
    return run, flushed, arrived


def report(run: Run, flushed: orchestrace.Flushed, arrived: list[int]) -> str:
    """Return the tables."""
    parts = [f"{part * 100 // _PARTS} %" for part in range(1, _PARTS + 1)]
    sizes = {"MB in memory, at most": run.sizes, "of it no file's": run.own}
    rows = [[name, *(f"{size / 1e6:.0f}" if size else "" for size in found)] for name, found in sizes.items()]
    seen = table(["of the calls", *parts], [*rows, ["threads, at most", *(count or "" for count in run.threads)]])
    balance, (distinct, all_) = flushed.balance, arrived
    lost = balance.refused + sum(balance.dropped.values())
    counted = (
        f"{run.made} calls in {run.took:.0f} s; {balance.ended} spans ended, {balance.delivered} delivered, "
        f"{balance.waiting} wait, {lost} lost; {distinct} arrived, {all_ - distinct} twice."
    )
    return f"{counted}\n\n{seen}\n\n{promises(promised(run, distinct, balance.ended))}"


def promised(run: Run, arrived: int, ended: int) -> list[Promise]:
    """Return what has to hold."""
    spans = 2 * run.made  # of the agent, and of its call
    return [
        Promise("calls that there was no time for", run.calls - run.made, 0),
        Promise("memory at 100 % over that at 10 %", run.sizes[-1] / run.sizes[0], 1.1, TIMES, 2),
        Promise("threads more at 100 % than at 10 %", run.threads[-1] - run.threads[0], 0),
        Promise("spans that ended and those expected, difference", abs(ended - spans), 0),
        Promise("spans that arrived and those expected, difference", abs(arrived - spans), 0),
    ]


def main() -> None:
    """Run, and say what came of it."""
    parser = argparse.ArgumentParser(description="Many calls before a receiver that comes and goes.")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    given = parser.parse_args()
    run, flushed, arrived = soak(given.calls, given.minutes * 60)
    print(f"{machine()}.\n\n{report(run, flushed, arrived)}")
    broken = [one.what for one in promised(run, arrived[0], flushed.balance.ended) if one.measured > one.most]
    sys.exit(f"soak: not as promised: {', '.join(broken)}" if broken else 0)


def _receiver() -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("flapping.py"))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours


if __name__ == "__main__":
    main()
