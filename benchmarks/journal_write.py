"""
What the caller's thread waits for one write of a 5 KB span into the journal.

    python benchmarks/journal_write.py [spans]

`end` is the end of a span of ours, with all that happens before it returns; `on_end` the same for a span of the SDK's,
which is another library's: it is copied, what is known of it is merged into it, and it is written. `ended` is the
journal alone. Without a pause, the same with four busy Python threads beside it, and in each of 8 processes that end
100 spans a second on one folder. Promised for a write: half of them within 40 µs, 99 % within 1 ms.

Each span is made anew before its write, beside what is timed: a program that ends a span has just made one. A process
that wakes up to write and for nothing else finds all caches cold, and needs twice as long.

`floor` is what no journal could do without: the attributes as JSON, their checksum, and a copy of it into memory that
is there already. Where it is slow as well, it is the machine, and not the journal that is busy.
"""

from __future__ import annotations

import json
import mmap
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from tables import Promise, machine, promises, quantile, table, versions

from orchestrace.journal.journal import Journal
from orchestrace.pipeline.processor import Processor
from orchestrace.pipeline.providers import make
from orchestrace.pipeline.span_record import record_of
from orchestrace.recording.tracer import SCOPE
from orchestrace.records import SpanRecord

__all__ = ["main"]

Prepare: TypeAlias = Callable[[], Callable[[], object]]
"""Makes a span, and returns what is timed."""

_TEXT = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "word " * 450}]}])
_ATTRIBUTES = {
    "gen_ai.input.messages": _TEXT,
    "gen_ai.output.messages": _TEXT,
    **{f"gen_ai.attribute.{place}": f"value {place}" for place in range(20)},
}
_TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("benchmark")
_WITH_GIL = 5 * 1024
"""Bytes of which the checksum is made without giving the GIL away."""
_PROCESSES = 8
_RATE = 100
_SECONDS = 5


def span() -> ReadableSpan:
    """Return an ended span of 5 KB, as the SDK makes it."""
    made = _TRACER.start_span("chat", attributes=_ATTRIBUTES)
    made.end()
    assert isinstance(made, ReadableSpan)  # noqa: S101 - the SDK's
    return made


def writes(folder: str) -> tuple[dict[str, Prepare], Journal]:
    """Return what is measured, by name."""
    journal = Journal(Path(folder))
    processor = Processor([journal])
    tracer: Any = make(Resource.get_empty(), processor).get_tracer(SCOPE)
    memory = mmap.mmap(-1, 1 << 20)
    memory.write(bytes(len(memory)))

    def end() -> Callable[[], object]:
        own = tracer.start_span("chat")
        own.take_attributes(_ATTRIBUTES)
        return own.end  # type: ignore[no-any-return]

    def on_end() -> Callable[[], object]:
        return partial(processor.on_end, span())

    def ended() -> Callable[[], object]:
        return partial(journal.ended, record_of(span()))

    def floor() -> Callable[[], object]:
        return partial(_floor, memory, record_of(span()))

    return {"end": end, "on_end": on_end, "ended": ended, "floor": floor}, journal


def _floor(memory: mmap.mmap, record: SpanRecord) -> None:
    payload = orjson.dumps(record.attributes)
    zlib.crc32(payload[:_WITH_GIL], zlib.crc32(payload[_WITH_GIL:]))
    memory[: len(payload)] = payload


def timed(prepare: Prepare, count: int, every: float = 0.0) -> list[float]:
    """Return how many microseconds each write took on this thread, by the clock on the wall; one `every` so many s."""
    found = []
    for _ in range(count):
        due = time.perf_counter() + every
        write = prepare()
        begun = time.perf_counter()
        write()
        now = time.perf_counter()
        found.append((now - begun) * 1e6)
        if due > now:
            time.sleep(due - now)
    return found


@contextmanager
def busy(threads: int) -> Iterator[None]:
    """Have Python threads compute beside what is measured."""
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            sum(range(1000))

    working = [threading.Thread(target=compute, daemon=True) for _ in range(threads)]
    for one in working:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in working:
            one.join()


def here(folder: str, count: int, threads: int) -> dict[str, list[float]]:
    """Measure in this process, the kinds of writes taking turns."""
    measured, journal = writes(folder)
    found: dict[str, list[float]] = {name: [] for name in measured}
    with busy(threads):
        for _ in range(10):
            for name, write in measured.items():
                found[name] += timed(write, max(count // 10, 1))
    journal.flush(60)
    journal.close()
    return found


def paced(folder: str, name: str, count: int) -> list[float]:
    """Measure as one of several processes on a folder."""
    measured, journal = writes(folder)
    found = timed(measured[name], count, 1 / _RATE)
    journal.close()
    return found


def together(folder: str, count: int) -> dict[str, list[float]]:
    """Measure in several processes at once, each of which does one kind of write."""
    names = ("end", "on_end", "ended", "floor")
    started = [
        (
            names[place % len(names)],
            subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, __file__, "--paced", folder, names[place % len(names)], str(count)],
                stdout=subprocess.PIPE,
                text=True,
            ),
        )
        for place in range(_PROCESSES)
    ]
    found: dict[str, list[float]] = {name: [] for name in names}
    for name, process in started:
        found[name] += json.loads(process.communicate()[0])
    return found


def main(count: int) -> None:
    """Print the table."""
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory(prefix="orchestrace-benchmark-") as place:
        runs = (
            ("alone", here(f"{place}/alone", count, 0)),
            ("four busy threads beside it", here(f"{place}/busy", count, 4)),
            (
                f"{_PROCESSES} processes, {_RATE} spans/s each",
                together(f"{place}/together", min(count, _RATE * _SECONDS)),
            ),
        )
    for beside, found in runs:
        for name, took in found.items():
            figures = [f"{quantile(took, part):.0f}" for part in (0.5, 0.99, 0.999)]
            rows.append([f"`{name}`, {beside}", len(took), *figures, f"{max(took):.0f}"])
    print(f"{machine()}; {versions('opentelemetry-sdk')}; {len(_TEXT) * 2 // 1000} KB of content a span.\n")
    print(table(["µs a write", "writes", "p50", "p99", "p99.9", "max"], rows))
    kept = [
        Promise(f"`end` of a span of 5 KB, {beside}: p{part * 100:.0f}", quantile(found["end"], part), most, "µs")
        for beside, found in runs
        for part, most in ((0.5, 40), (0.99, 1000))
    ]
    print(f"\n{promises(kept)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--paced"]:
        print(json.dumps(paced(sys.argv[2], sys.argv[3], int(sys.argv[4]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
