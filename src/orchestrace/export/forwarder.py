"""Send what waits, from a thread of our own that nobody waits for."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Final

from opentelemetry.instrumentation.utils import suppress_instrumentation

from orchestrace.concurrency.fork_guard import ForkGuard
from orchestrace.export.complaint import Complaint
from orchestrace.export.outbox import Dispatch
from orchestrace.export.pace import Pace
from orchestrace.export.receiver import Receiver
from orchestrace.export.shipment import Shipment
from orchestrace.export.target import load
from orchestrace.recording.guard import report

__all__ = ["Forwarder"]

_RETRY: Final = 5.0
"""Seconds after which what failed in here is tried again."""

_alive: weakref.WeakSet[Forwarder] = weakref.WeakSet()


class Forwarder:
    """
    A daemon thread that empties outboxes into a receiver. It is started when first needed, in a forked child again.

    Of the processes that share a journal and a receiver one does so at a time: whichever `dispatch` finds outboxes for.
    """

    started: bool
    """`start` was called in this process."""

    _starting: threading.Lock
    _stopped: threading.Event
    _wake: threading.Event
    _shipments: list[Shipment]

    def __init__(self, receiver: Receiver, dispatch: Dispatch, pace: Pace | None = None) -> None:
        self.receiver: Receiver = receiver
        self._dispatch = dispatch
        self._pace = pace or Pace()
        self._inherited: list[object] = []
        self._guard = ForkGuard()
        self._begin()
        _alive.add(self)

    def start(self) -> None:
        """Start the thread, unless it was started or cannot be. Never raises, never waits."""
        if self.started or not self._starting.acquire(blocking=False):
            return
        try:
            if not self.started:
                threading.Thread(target=self._work, name="orchestrace-forward", daemon=True).start()
                self.started = True
        except RuntimeError:  # no more threads for now; or the interpreter is leaving, and the next process sends it
            pass
        finally:
            self._starting.release()

    @property
    def is_put_off(self) -> bool:
        """Tell whether the receiver has failed to take spans, and is not asked again for a while."""
        return self._shipments[0].backoff.seconds > 0

    def hurry(self) -> None:
        """Have everything that waits be tried at once."""
        self.start()
        for shipment in self._shipments:
            shipment.backoff.hurry()
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """End the thread; what is on its way is given up after `timeout` seconds, and stays in its outbox."""
        self._stopping = True
        self._wake.set()
        if not self.started or self._stopped.wait(timeout):
            return
        for shipment in self._shipments:
            shipment.close()

    def wait(self, timeout: float) -> bool:
        """Return True once the thread that was stopped has left its outboxes, False if it did not get there."""
        return not self.started or self._stopped.wait(timeout)

    def _begin(self) -> None:
        self.started = False
        self._starting = threading.Lock()
        self._stopping = False
        self._stopped = threading.Event()
        self._wake = threading.Event()
        complaint = Complaint(self.receiver.destination)
        self._shipments = [Shipment(target, complaint, self._pace.batch) for target in self.receiver.targets.values()]

    def _forked(self) -> None:
        # Connections are the parent's: closing them here might end them there.
        self._inherited += [shipment.forget() for shipment in self._shipments]
        self._dispatch.forked()
        self._begin()

    def _work(self) -> None:
        # Else an instrumented HTTP client would make spans of our requests, and those would be sent.
        with suppress_instrumentation():
            try:
                self._prepare()
                while True:
                    self._wake.clear()
                    if self._stopping:  # asked after `clear`, so that a `stop` in between is not slept over
                        break
                    self._wake.wait(self._round())
            finally:
                self._leave()

    def _prepare(self) -> None:
        """Load what sends, now: a short program must not wait for it in the end. A fork waits until it is loaded."""
        try:
            with self._guard:
                for target in self.receiver.targets.values():
                    load(target)
        except Exception as error:  # noqa: BLE001 - whoever sends says so
            report("forwarder", error)

    def _round(self) -> float:
        """Send what there is; return how many seconds to wait for more."""
        full = failed = False
        try:
            for outbox in self._dispatch.outboxes():
                try:
                    for shipment in self._shipments:
                        if not self._stopping and shipment.ship(outbox):
                            full = full or shipment.is_full
                except Exception as error:  # noqa: BLE001 - the other outboxes are none the worse
                    failed = _tell(error)
        except Exception as error:  # noqa: BLE001 - the thread must live on
            failed = _tell(error)
        if failed and not full:
            return _RETRY
        # Who came meanwhile waits for company, too: a look costs about as much as sending a span.
        return 0.0 if full else self._pace.delay

    def _leave(self) -> None:
        try:
            for shipment in self._shipments:
                shipment.close()
            self._dispatch.close()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("forwarder", error)
        finally:
            self._stopped.set()


def _tell(error: Exception) -> bool:
    if not getattr(error, "told", False):
        report("forwarder", error)
    return True


def _after_fork() -> None:
    for forwarder in list(_alive):
        forwarder._forked()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
