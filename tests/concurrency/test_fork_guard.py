from __future__ import annotations

import threading

import pytest

from orchestrace.concurrency import fork_guard as module
from orchestrace.concurrency.fork_guard import ForkGuard


class TestForkGuard:
    def test_a_fork_waits_for_a_section(self) -> None:
        """The child would find its locks taken by a thread that is not there; and nobody enters during the fork."""
        guard, entered = ForkGuard(), threading.Event()

        def enter() -> None:
            with guard:
                entered.set()

        module._before_fork()
        thread = threading.Thread(target=enter)
        thread.start()
        during = entered.wait(0.05)
        module._after_fork_in_parent()
        thread.join()

        assert (False, True) == (during, entered.is_set())

    def test_a_fork_does_not_wait_for_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A database that others write may take seconds."""
        monkeypatch.setattr(module, "_PATIENCE", 0.01)
        guard, inside, done = ForkGuard(), threading.Event(), threading.Event()

        def busy() -> None:
            with guard:
                inside.set()
                done.wait(30)

        thread = threading.Thread(target=busy)
        thread.start()
        inside.wait(30)
        module._before_fork()
        held = list(module._held.values())
        module._after_fork_in_parent()
        done.set()
        thread.join()

        assert guard not in held[0]
        assert {} == module._held

    def test_is_free_in_a_child(self) -> None:
        """Whoever was inside in the parent is not there."""
        guard = ForkGuard()
        guard._lock.acquire()
        module._after_fork_in_child()
        entered: list[bool] = []
        thread = threading.Thread(target=lambda: entered.append(guard._lock.acquire(blocking=False)))
        thread.start()
        thread.join()

        assert [True] == entered
