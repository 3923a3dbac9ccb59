"""
Work that a garbage collector asked for, done where it can do no harm.

A finaliser runs wherever the collector happens to run: inside a lock of ours, of the SDK's or of the user's. So it only
puts its work into a queue; a thread of ours takes it out. A forked child starts with an empty queue: what was in it is
the parent's to do.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Final

from orchestrace.recording.guard import guarded, report

__all__ = ["at_exit", "collecting", "drain", "ensure_running", "later"]

_PATIENCE: Final = 2.0
"""Seconds that the interpreter waits for our thread when it leaves."""

_POOLS: Final = ("multiprocessing", "billiard")
"""What leaves its forked workers without Python's exit hooks, and has hooks of its own; billiard is Celery's."""

_queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
_thread: threading.Thread | None = None
_starting = threading.Lock()
_leaving = False
_collecting: set[int] = set()
_exit_hooks: list[Callable[[], None]] = []


def later(work: Callable[[], None]) -> None:
    """Have `work` done soon by our thread. Safe inside a finaliser and a signal handler. Never blocks."""
    _queue.put(work)


def collecting() -> bool:
    """Tell whether the garbage collector runs on this very thread right now."""
    return bool(_collecting) and threading.get_ident() in _collecting


def ensure_running() -> None:
    """Start the thread and the exit hook of this process, once. Never raises."""
    if _thread is None and _starting.acquire(blocking=False):  # else somebody, perhaps this very thread, is about to
        try:
            _start()
        finally:
            _starting.release()


def drain(timeout: float | None = None) -> bool:
    """Wait until all work queued so far is done; True if that came to pass within `timeout` seconds."""
    if _leaving or _thread is None or not _thread.is_alive() or _thread is threading.current_thread():
        _drain_here()
        return True
    done = threading.Event()
    _queue.put(done.set)
    return done.wait(timeout)


def at_exit(hook: Callable[[], None]) -> None:
    """Call `hook` when a process that recorded leaves, after the queue has been drained; in the order of asking."""
    _exit_hooks.append(hook)


def _start() -> None:
    global _thread  # noqa: PLW0603 - one thread per process
    if _thread is not None:
        return
    # Registered at the first use and not at import: exit hooks run last in, first out, and the user's provider, which
    # exists by now, must still be open when ours run.
    atexit.unregister(_exit)
    atexit.register(_exit)
    for pool in _POOLS:
        _leave_with(pool)
    thread = threading.Thread(target=_work, name="orchestrace-finaliser", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # no more threads, or the interpreter is leaving: `drain` and `_exit` do the work
        report("finaliser thread", error)
    else:
        _thread = thread


def _work() -> None:
    while True:
        try:
            _do(_queue.get())
        except BaseException as error:  # noqa: BLE001 - a SystemExit of the work's own must not end the thread
            report("finaliser", error)


def _do(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - the work that waits behind it must be done
        report("finaliser", error)


def _drain_here() -> None:
    while True:
        try:
            work = _queue.get_nowait()
        except Empty:
            return
        _do(work)


@guarded("exit hook of a worker", None)
def _leave_with(pool: str) -> None:
    process, util = (sys.modules.get(f"{pool}.{name}") for name in ("process", "util"))
    if process is not None and util is not None and process.current_process()._parent_pid is not None:  # noqa: SLF001 - billiard has no other word for it
        util.Finalize(None, _exit, exitpriority=0)


def _exit() -> None:
    global _leaving  # noqa: PLW0603 - the interpreter leaves once
    if _leaving:
        return
    in_time = drain(_PATIENCE)
    for hook in _exit_hooks:
        _do(hook)
    if in_time:  # else our thread hangs in something, and once is enough to wait for it
        drain(_PATIENCE)
    _leaving = True  # from here on the thread can be stopped at any moment
    _drain_here()


def _watch_collector(phase: str, _: Mapping[str, int]) -> None:
    if phase == "start":
        _collecting.add(threading.get_ident())
    else:
        _collecting.discard(threading.get_ident())


def _forked() -> None:
    global _thread, _queue, _starting
    _thread, _queue, _starting = None, SimpleQueue(), threading.Lock()
    _collecting.intersection_update({threading.get_ident()})
    atexit.unregister(_exit)  # a child that records nothing has nothing to end


gc.callbacks.append(_watch_collector)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
