"""Send ended spans in batches, from a thread of our own."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter

from orchestrace.export.delivery import Delivery
from orchestrace.recording.guard import guarded
from orchestrace.records import SpanRecord

__all__ = ["Pace", "Sender"]

_alive: weakref.WeakSet[Sender] = weakref.WeakSet()


@dataclass(frozen=True, slots=True)
class Pace:
    """How many spans may wait, how many go together at most, and how many seconds one waits for others."""

    queue: int = 2048
    batch: int = 512
    delay: float = 5.0


class _Mark:
    """A place in the queue: reached when all that was put before it has been sent, or lost."""

    def __init__(self) -> None:
        self.reached = threading.Event()


class Sender:
    """
    A sink that sends sampled spans through the exporter that `connect` makes: at once, and again in a forked child.

    A span is lost when the queue is full, or when the exporter gave up its request (stock ones try for their timeout,
    10 s). Losses are counted, and said at most once a minute. Acknowledged is what the exporter calls a success: stock
    ones hide that a receiver took a request and rejected some of its spans.
    """

    _last: _Mark | None
    _worker: threading.Thread | None

    def __init__(
        self, connect: Callable[[], SpanExporter], resource: Resource, *, destination: str, pace: Pace | None = None
    ) -> None:
        self.destination = destination
        """Where it sends, without credentials."""
        self._pace = pace or Pace()
        self._deliver = partial(Delivery, connect, resource, destination)
        self._inherited: list[Delivery] = []
        self._begin()
        self._delivery.connect()
        _alive.add(self)

    @property
    def sent(self) -> int:
        """How many spans of this process were acknowledged."""
        return self._delivery.sent

    @property
    def lost(self) -> int:
        """How many sampled spans of this process were given up."""
        return self._delivery.losses.total

    def started(self, record: SpanRecord) -> None:
        """Do nothing: a receiver wants a span once, complete."""

    @guarded("export", None)
    def ended(self, record: SpanRecord) -> None:
        """Queue a sampled span, or count it as lost. Never blocks, never raises."""
        if not record.sampled:
            return
        if self._last is not None:
            self._delivery.losses.add(1, "ended after shutdown")
        elif self._waiting.qsize() >= self._pace.queue:
            self._delivery.losses.add(1, f"{self._pace.queue} spans were waiting already")
        else:
            self._waiting.put(record)
            self._start()

    def flush(self, timeout: float) -> bool:
        """
        Send what waits, for at most `timeout` seconds.

        True only when every sampled span that ended in this process was acknowledged. So once one was lost it is never
        True again; `lost` says how many.
        """
        if self._last is not None:
            return self._reach(self._last, timeout)
        if self._worker is None and self._waiting.empty():
            return self.lost == 0
        mark = _Mark()
        self._waiting.put(mark)
        self._start()
        return self._reach(mark, timeout)

    def shutdown(self, timeout: float) -> bool:
        """Send what waits and stop, within `timeout` seconds; what is not sent by then is lost. Returns as `flush`."""
        if self._last is not None:
            return self._reach(self._last, timeout)
        self._last = last = _Mark()
        if self._worker is None and self._waiting.empty():
            self._finish()
        else:
            self._waiting.put(last)
            self._start()
        done = self._reach(last, timeout)
        if not last.reached.is_set():
            self._delivery.give_up(self._unsent(), f"shutdown had {timeout:g} s for it")
            last.reached.set()
        return done

    def _begin(self) -> None:
        self._delivery = self._deliver()
        # Its `put` is reentrant: a garbage collection inside it may end spans, on the same thread.
        self._waiting: SimpleQueue[SpanRecord | _Mark] = SimpleQueue()
        self._last = None
        self._worker = None
        self._starting = threading.Lock()

    def _forked(self) -> None:
        # What waits is the parent's to send. Its connections are kept: closing them here might end them there.
        self._inherited.append(self._delivery)
        self._begin()

    def _reach(self, mark: _Mark, timeout: float) -> bool:
        return mark.reached.wait(min(timeout, threading.TIMEOUT_MAX)) and self.lost == 0

    @guarded("export", None)
    def _start(self) -> None:
        if self._worker is not None or not self._starting.acquire(blocking=False):
            return
        try:
            if self._worker is None:
                worker = threading.Thread(target=self._work, name="orchestrace-export", daemon=True)
                worker.start()
                self._worker = worker
        finally:
            self._starting.release()

    def _work(self) -> None:
        # Else an instrumented HTTP client would make spans of our requests, and those would be sent.
        with suppress_instrumentation():
            while not self._delivery.given_up:
                mark = self._collect()
                self._delivery.send()
                if mark is not None and mark is self._last:
                    self._finish()
                    return
                self._delivery.losses.say()
                if mark is not None:
                    mark.reached.set()

    def _collect(self) -> _Mark | None:
        item = self._waiting.get()
        until = time.monotonic() + self._pace.delay
        try:
            while not isinstance(item, _Mark):
                if self._delivery.take(item) >= self._pace.batch:
                    return None
                item = self._waiting.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            return None
        return item

    def _finish(self) -> None:
        self._delivery.losses.add(self._unsent(), "ended during shutdown")
        self._delivery.close()
        self._delivery.losses.say(now=True)
        if self._last is not None:
            self._last.reached.set()

    def _unsent(self) -> int:
        count = 0
        while True:
            try:
                item = self._waiting.get_nowait()
            except Empty:
                return count
            if not isinstance(item, _Mark):
                count += 1
            elif item is not self._last:
                item.reached.set()


def _after_fork() -> None:
    for sender in list(_alive):
        sender._forked()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
