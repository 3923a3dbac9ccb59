"""Print spans to standard output, beside sending them or instead of it: for whoever looks at a program."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from queue import SimpleQueue

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import ConsoleSpanExporter

from orchestrace.export.readable import readable, sendable
from orchestrace.recording.guard import guarded, report
from orchestrace.records import SpanRecord

__all__ = ["Printer"]

_alive: weakref.WeakSet[Printer] = weakref.WeakSet()


class Printer:
    """A sink that prints sampled spans that have ended, as JSON, from a thread of its own: a full pipe stops nobody."""

    def __init__(self, resource: Resource) -> None:
        self._resource = sendable(resource)
        self._begin()
        _alive.add(self)

    def started(self, record: SpanRecord) -> None:
        """Do nothing: a span is printed once, complete."""

    @guarded("console", None)
    def ended(self, record: SpanRecord) -> None:
        """Have a span printed."""
        if record.sampled:
            self._waiting.put(record)
            self._start()

    def flush(self, timeout: float) -> bool:
        """Wait until all that ended before is printed; True if it was, in `timeout` seconds."""
        if not self._started:
            return self._waiting.empty()
        done = threading.Event()
        self._waiting.put(done)
        return done.wait(timeout)

    def _begin(self) -> None:
        self._waiting: SimpleQueue[SpanRecord | threading.Event] = SimpleQueue()
        self._started = False
        self._starting = threading.Lock()

    def _start(self) -> None:
        # Nobody waits for the lock: a finaliser that ends a span may come back here on the same thread.
        if self._started or not self._starting.acquire(blocking=False):
            return
        try:
            if not self._started:
                threading.Thread(target=self._print, name="orchestrace-console", daemon=True).start()
                self._started = True
        finally:
            self._starting.release()

    def _print(self) -> None:
        console = ConsoleSpanExporter(out=sys.stdout)
        while True:
            item = self._waiting.get()
            try:
                if isinstance(item, threading.Event):
                    item.set()
                else:
                    console.export([readable(item, self._resource)])
            except Exception as error:  # noqa: BLE001 - standard output may be closed
                report("console", error)


def _after_fork() -> None:
    for printer in list(_alive):
        printer._begin()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
