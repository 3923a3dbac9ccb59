from __future__ import annotations

import inspect
from collections.abc import Callable
from multiprocessing.pool import Pool, ThreadPool
from typing import Any

import pytest

import orchestrace
from orchestrace import instrumentation
from orchestrace.recording import lineage
from orchestrace.testing import capture

METHODS = ("apply_async", "imap", "imap_unordered", "map", "map_async", "starmap", "starmap_async")


def whose(*_: object) -> object:
    """Return the key of the run that this is called in."""
    return lineage.identity(lineage.current()).get("orchestrace.key")


ASK: list[Callable[[Pool], Any]] = [
    lambda pool: [pool.apply(whose)],
    lambda pool: [pool.apply_async(whose).get(10)],
    lambda pool: list(pool.imap(whose, [1])),
    lambda pool: list(pool.imap(whose, [1, 2], 2))[:1],
    lambda pool: list(pool.imap_unordered(func=whose, iterable=[1])),
    lambda pool: pool.map(whose, [1]),
    lambda pool: pool.map_async(func=whose, iterable=[1]).get(10),
    lambda pool: pool.starmap(whose, [(1, 2)]),
    lambda pool: pool.starmap_async(whose, [(1, 2)]).get(10),
]


@pytest.mark.parametrize("ask", ASK)
class TestPool:
    def test_a_task_runs_in_the_context_in_which_it_was_given(self, ask: Callable[[Pool], Any]) -> None:
        """That of one run, of the next, and of none."""
        with capture(), ThreadPool(1) as pool:
            found = []
            for key in ("one", "two"):
                with orchestrace.agent(name="A", key=lambda key=key: key):  # type: ignore[misc]
                    found += ask(pool)

            assert ["one", "two", None] == [*found, *ask(pool)]


class TestInstall:
    def test_errors_are_those_of_the_pool(self) -> None:
        """What is called in a wrong way says so itself."""
        with capture(), ThreadPool(1) as pool:
            with pytest.raises(TypeError, match=r"Pool\.map\(\) missing 2 required positional arguments"):
                pool.map()  # type: ignore[call-arg]
            with pytest.raises(TypeError, match="missing 3 required"):
                Pool.map()  # type: ignore[call-arg]

    def test_looks_as_before_and_is_undone_exactly(self) -> None:
        """The same signatures while it is patched, the same functions afterwards."""
        before = [Pool.__dict__[name] for name in METHODS]
        instrumentation.instrument()
        between = [Pool.__dict__[name] for name in METHODS]
        instrumentation.uninstrument()

        assert [inspect.signature(one) for one in before] == [inspect.signature(one) for one in between]
        assert not any(one is other for one, other in zip(before, between, strict=True))
        assert all(one is Pool.__dict__[name] for one, name in zip(before, METHODS, strict=True))
