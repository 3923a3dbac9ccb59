from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

import pytest

from orchestrace.recording import finaliser
from orchestrace.recording.finaliser import collecting, drain, ensure_running, later
from orchestrace.recording.guard import faults

PATIENCE = 10.0


class Node:
    """Something that can be part of a ring."""

    ring: object = None


def dropped(finalise: Callable[[], None]) -> None:
    """Leave a ring behind that calls `finalise` when the collector finds it."""
    node = Node()
    node.ring = node
    weakref.finalize(node, finalise).atexit = False


def run(code: str) -> list[str]:
    """Run a program of its own that uses `finaliser`; return what it said, on both channels, line by line."""
    begin = "import gc, os, sys, threading\nfrom orchestrace.recording import finaliser\n"
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", begin + code], capture_output=True, text=True, check=True, timeout=60
    )
    return (done.stdout + done.stderr).splitlines()


class TestLater:
    def test_our_own_thread_does_the_work_in_order(self) -> None:
        """Whoever asked goes on at once."""
        done: list[tuple[int, str]] = []
        ensure_running()
        for number in range(3):
            later(lambda number=number: done.append((number, threading.current_thread().name)))  # type: ignore[misc]

        assert drain(PATIENCE)
        assert [(number, "orchestrace-finaliser") for number in range(3)] == done

    def test_a_finaliser_inside_a_held_lock_blocks_nobody(self) -> None:
        """The collector runs it while this thread holds what the work needs."""
        lock, done = threading.Lock(), []

        def work() -> None:
            with lock:
                done.append(threading.get_ident())

        ensure_running()
        with lock:
            dropped(lambda: later(work))
            gc.collect()
            before = list(done)

        assert drain(PATIENCE)
        assert ([], 1) == (before, len(done))
        assert threading.get_ident() not in done

    @pytest.mark.parametrize("error", [ValueError(), SystemExit(1), GeneratorExit()], ids=repr)
    def test_work_that_fails_is_reported_and_the_next_is_done(self, error: BaseException) -> None:
        """Even where it wants to end the thread."""
        before, done = faults().get("finaliser", 0), []

        def fail() -> None:
            raise error

        ensure_running()
        later(fail)
        later(lambda: done.append(True))

        assert drain(PATIENCE)
        assert ([True], before + 1) == (done, faults()["finaliser"])

    def test_many_threads_and_the_collector_lose_nothing(self) -> None:
        """Whatever is queued, by whomever, is done once."""
        done: SimpleQueue[int] = SimpleQueue()
        ensure_running()

        def ask(start: int) -> None:
            for number in range(start, start + 200):
                dropped(lambda number=number: later(lambda: done.put(number)))  # type: ignore[misc]
                if number % 50 == 0:
                    gc.collect()

        threads = [threading.Thread(target=ask, args=(one * 200,)) for one in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gc.collect()

        assert drain(PATIENCE)
        assert list(range(800)) == sorted(done.get_nowait() for _ in range(done.qsize()))

    def test_done_work_is_not_held(self) -> None:
        """What it referred to can be collected while nothing else is queued."""
        node = Node()
        gone = weakref.ref(node)
        ensure_running()
        later(partial(isinstance, node, Node))  # type: ignore[arg-type]
        del node

        assert drain(PATIENCE)
        assert drain(PATIENCE)
        assert gone() is None


class TestCollecting:
    def test_is_true_inside_a_finaliser_that_the_collector_runs(self) -> None:
        """And nowhere else."""
        seen: list[bool] = []
        dropped(lambda: seen.append(collecting()))
        gc.collect()

        assert ([True], False) == (seen, collecting())

    def test_is_false_where_the_last_reference_is_dropped(self) -> None:
        """That happens where the program is, and nothing is locked that it did not lock itself."""
        seen: list[bool] = []
        node = Node()
        weakref.finalize(node, lambda: seen.append(collecting()))
        del node

        assert [False] == seen

    def test_is_about_this_very_thread(self) -> None:
        """While one thread collects, another one's calls end at once."""
        seen: list[bool] = []

        def look() -> None:
            thread = threading.Thread(target=lambda: seen.append(collecting()))
            thread.start()
            thread.join()

        dropped(look)
        gc.collect()

        assert [False] == seen


class TestEnsureRunning:
    def test_threads_that_call_it_at_once_start_one(self) -> None:
        """Each recording asks for it."""
        code = (
            "ready = threading.Barrier(8)\n"
            "def start():\n    ready.wait(); finaliser.ensure_running()\n"
            "threads = [threading.Thread(target=start) for _ in range(8)]\n"
            "[one.start() for one in threads]; [one.join() for one in threads]\n"
            "print([one.name for one in threading.enumerate()].count('orchestrace-finaliser'))\n"
        )

        assert ["1"] == run(code)

    def test_a_process_that_can_start_no_thread_does_the_work_when_it_drains(self) -> None:
        """And tries again at the next recording."""
        code = (
            "start = threading.Thread.start\n"
            'def refuse(self): raise RuntimeError("can\'t start new thread")\n'
            "import logging; logging.disable()\n"
            "threading.Thread.start = refuse\n"
            "finaliser.ensure_running(); finaliser.later(lambda: print('done'))\n"
            "print(finaliser.drain(0), threading.active_count())\n"
            "threading.Thread.start = start\n"
            "finaliser.ensure_running(); print(threading.active_count())\n"
        )

        assert ["done", "True 1", "2"] == run(code)


class TestDrain:
    def test_says_when_it_took_too_long(self) -> None:
        """The work goes on."""
        hold = threading.Event()
        ensure_running()
        later(lambda: hold.wait(PATIENCE) and None)
        late = drain(0.01)
        hold.set()

        assert (False, True) == (late, drain(PATIENCE))

    def test_inside_of_the_work_it_does_not_wait_for_itself(self) -> None:
        """Work may flush."""
        done: list[object] = []
        ensure_running()
        later(lambda: done.append(drain(PATIENCE)))
        later(lambda: done.append("behind"))

        assert drain(PATIENCE)
        assert ["behind", True] == done

    def test_where_nothing_ever_ran_it_does_the_work_itself(self) -> None:
        """Without a thread of ours."""
        assert ["done", "True 1"] == run(
            "finaliser.later(lambda: print('done'))\nprint(finaliser.drain(), threading.active_count())\n"
        )


class TestExit:
    def test_queued_work_is_done_before_the_hooks(self) -> None:
        """And what the hooks queue is done as well."""
        code = (
            "finaliser.at_exit(lambda: print('first hook'))\n"
            "finaliser.at_exit(lambda: (print('second hook'), finaliser.later(lambda: print('from a hook'))))\n"
            "finaliser.ensure_running()\n"
            "for number in range(3): finaliser.later(lambda number=number: print('work', number))\n"
        )

        assert ["work 0", "work 1", "work 2", "first hook", "second hook", "from a hook"] == run(code)

    def test_work_in_progress_is_waited_for(self) -> None:
        """The hooks may need what it writes."""
        code = (
            "begun = threading.Event(); go_on = threading.Event()\n"
            "def work():\n    begun.set(); go_on.wait(10); print('work')\n"
            "finaliser.at_exit(lambda: print('hook'))\n"
            "finaliser.ensure_running(); finaliser.later(work); begun.wait(10)\n"
            "import atexit; atexit.register(go_on.set)\n"
        )

        assert ["work", "hook"] == run(code)

    def test_hooks_run_before_those_that_were_registered_before_us(self) -> None:
        """The program's provider, which exists by the first recording, is still open."""
        code = (
            "import atexit; atexit.register(print, 'the provider closes')\n"
            "finaliser.at_exit(lambda: print('hook'))\n"
            "finaliser.ensure_running()\n"
        )

        assert ["hook", "the provider closes"] == run(code)

    def test_a_hook_that_fails_costs_the_others_nothing(self) -> None:
        """It is reported."""
        code = (
            "import logging; logging.disable()\n"
            "finaliser.at_exit(lambda: 1 / 0)\n"
            "finaliser.at_exit(lambda: print('hook'))\n"
            "finaliser.ensure_running()\n"
        )

        assert ["hook"] == run(code)

    def test_a_process_that_recorded_nothing_runs_no_hook(self) -> None:
        """There is nothing to end."""
        assert [] == run("finaliser.at_exit(lambda: print('hook'))\n")

    def test_what_is_collected_while_the_interpreter_leaves_is_silent(self) -> None:
        """Rings of objects that outlive the module, and a drain after the last hook: no error, no waiting."""
        code = (
            "class Node:\n    def __del__(self):\n        finaliser.later(print); finaliser.drain()\n"
            "node = Node(); node.ring = node; sys.kept = node\n"
            "finaliser.ensure_running()\n"
            "import atexit; atexit.register(gc.collect)\n"
            "print('end')\n"
        )

        assert "end" == run(code)[0]
        assert [] == [line for line in run(code)[1:] if line]

    def test_a_thread_that_hangs_does_not_hold_the_exit_for_long(self) -> None:
        """The hooks run all the same."""
        code = (
            "finaliser._PATIENCE = 0.1\n"
            "finaliser.at_exit(lambda: print('hook'))\n"
            "finaliser.ensure_running(); finaliser.later(threading.Event().wait)\n"
        )

        assert ["hook"] == run(code)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
class TestFork:
    CHILD = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "finaliser.at_exit(lambda: print(who, 'hook', flush=True))\n"
        "finaliser.ensure_running()\n"
        "who = 'parent'\n"
        "held = threading.Event()\n"
        "finaliser.later(lambda: held.wait(10)); finaliser.later(lambda: print(who, 'queued'))\n"
        "child = os.fork()\n"
        "if child: os.waitpid(child, 0); held.set(); sys.exit()\n"
        "who = 'child'\n"
    )

    def test_the_parents_work_stays_the_parents(self) -> None:
        """A child that records nothing has nothing to do and nothing to end."""
        assert ["parent queued", "parent hook"] == run(self.CHILD)

    def test_a_child_that_records_has_a_thread_of_its_own(self) -> None:
        """And its own queue and exit."""
        code = (
            "finaliser.ensure_running()\n"
            "finaliser.later(lambda: print(who, threading.current_thread().name, flush=True))\n"
            "finaliser.drain(10)\n"
        )

        assert ["child orchestrace-finaliser", "child hook", "parent queued", "parent hook"] == run(self.CHILD + code)

    @pytest.mark.parametrize("pool", ["multiprocessing", "billiard"])
    def test_a_worker_leaves_as_a_program_does(self, pool: str) -> None:
        """Pools of processes leave without Python's exit hooks: the hooks run all the same, once."""
        code = (
            f"import {pool} as pool, warnings; warnings.simplefilter('ignore')\n"
            "def work(): finaliser.ensure_running()\n"
            "finaliser.at_exit(lambda: print(who, 'hook', flush=True))\n"
            "finaliser.ensure_running()\n"
            "who = 'worker'\n"
            "one = pool.get_context('fork').Process(target=work); one.start(); one.join(10)\n"
            "who = 'parent'\n"
        )

        assert ["worker hook", "parent hook"] == run(code)

    def test_a_fork_while_another_thread_starts_ours_leaves_no_lock_behind(self) -> None:
        """The child can still start its own."""
        code = (
            "import warnings; warnings.simplefilter('ignore')\n"
            "finaliser._starting.acquire()\n"
            "child = os.fork()\n"
            "if child: os.waitpid(child, 0); sys.exit()\n"
            "finaliser.ensure_running(); print(threading.active_count())\n"
        )

        assert ["2"] == run(code)

    def test_a_fork_inside_the_collector_is_still_inside_it(self) -> None:
        """Only the thread that forked lives on in the child, and it goes on where it was."""
        code = (
            "import warnings, weakref; warnings.simplefilter('ignore')\n"
            "class Node: pass\n"
            "def fork():\n"
            "    child = os.fork()\n"
            "    if child: os.waitpid(child, 0)\n"
            "    print('parent' if child else 'child', finaliser.collecting(), flush=True)\n"
            "    if not child: os._exit(0)\n"
            "node = Node(); node.ring = node; weakref.finalize(node, fork).atexit = False\n"
            "del node; gc.collect(); print(finaliser.collecting())\n"
        )

        assert ["child True", "parent True", "False"] == run(code)


class TestModule:
    def test_one_callback_watches_the_collector(self) -> None:
        """However often the module is imported."""
        assert 1 == gc.callbacks.count(finaliser._watch_collector)
