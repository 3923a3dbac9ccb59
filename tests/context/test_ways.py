from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

SINCE = {"asyncio.TaskGroup": (3, 11)}
"""The Python that something came with."""
IN_THIS_PROCESS = [
    "ThreadPoolExecutor",
    "ThreadPoolExecutor.map",
    "loop.run_in_executor",
    "asyncio.gather",
    "asyncio.TaskGroup",
    "asyncio.to_thread",
    "threading.Thread",
    "threading.Timer",
    "multiprocessing.pool.ThreadPool",
]
IN_ANOTHER = [
    "ProcessPoolExecutor (fork)",
    "ProcessPoolExecutor.map (fork)",
    "ProcessPoolExecutor (spawn)",
    "ProcessPoolExecutor (forkserver)",
    "multiprocessing.Process (fork)",
    "multiprocessing.Process (spawn)",
    "multiprocessing.Pool (fork)",
    "subprocess with environment()",
    "a queue, with inject() and extract()",
]
TREE = """\
invoke_agent …
  iteration 1
    generate draft
      GET /profiles
      chat …"""
TENANTS = ("one", "two")


def is_here(way: str) -> bool:
    """Tell whether this Python has it."""
    return sys.version_info >= SINCE.get(way, (3,))


def rows(column: str, ways: list[str]) -> list[Any]:
    """Return ways as parameters, each a cell of the table."""
    found = []
    for way in ways:
        cell = pytest.mark.compatibility(table="context", row=way, column=column)
        absent = pytest.mark.skipif(not is_here(way), reason=f"{way} came with a later Python")
        found.append(pytest.param(way, id=way, marks=[cell, absent]))
    return found


@pytest.fixture
def way(request: pytest.FixtureRequest, gone: Callable[[list[str]], dict[str, Any]]) -> Any:
    """Return what was recorded of a way."""
    group = next(group for group in (IN_THIS_PROCESS, IN_ANOTHER) if request.param in group)
    return gone([one for one in group if is_here(one)])[request.param]


class TestWays:
    @pytest.mark.parametrize("way", rows("one trace, right parents", IN_THIS_PROCESS + IN_ANOTHER), indirect=True)
    def test_what_runs_elsewhere_stands_under_whoever_asked_for_it(self, way: Any) -> None:
        """Each run is one trace, whatever library made its spans."""
        assert [TREE, TREE] == [way.tree(tenant) for tenant in TENANTS]

    @pytest.mark.parametrize("way", rows("identity on every span", IN_THIS_PROCESS + IN_ANOTHER), indirect=True)
    def test_what_runs_elsewhere_says_whose_it_is(self, way: Any) -> None:
        """Agent, key, session, user, tenant, variants, tag and iteration stand on all that happens in a run."""
        found = {tenant: way.identities(tenant) for tenant in TENANTS}

        assert {tenant: [way.expected(tenant)] * len(found[tenant]) for tenant in TENANTS} == found

    @pytest.mark.parametrize("way", rows("identity on every span", IN_THIS_PROCESS + IN_ANOTHER), indirect=True)
    def test_what_runs_elsewhere_says_whose_it_is_without_a_run(self, way: Any) -> None:
        """A session that calls no agent stands on what is done in it, and makes no trace of it."""
        said = ("session.id", "user.id", "orchestrace.tenant", "orchestrace.experiment.tone")

        assert {"GET /profiles", f"chat {way.name}"} == {span.name for span in way.alone}
        assert {("three",) * 4} == {tuple(span.attributes.get(name) for name in said) for span in way.alone}
        assert {None} == {span.parent_id for span in way.alone}

    @pytest.mark.parametrize("way", rows("nothing left behind", IN_THIS_PROCESS + IN_ANOTHER), indirect=True)
    def test_what_runs_there_afterwards_belongs_to_nobody(self, way: Any) -> None:
        """The same worker, asked outside of a run, makes spans that have no parent and no identity."""
        assert {"GET /profiles", f"chat {way.name}"} == {span.name for span in way.nobody}
        assert {None} == {span.parent_id for span in way.nobody}
        assert [] == [name for span in way.nobody for name in way.expected("") if name in span.attributes]

    @pytest.mark.parametrize("way", [*filter(is_here, IN_THIS_PROCESS + IN_ANOTHER)], indirect=True)
    def test_a_model_call_elsewhere_says_which_prompt_it_came_from(self, way: Any) -> None:
        """The prompt was rendered where the call was asked for."""
        calls = [span for tenant in TENANTS for span in way.runs[tenant] if span.name.startswith("chat")]

        assert {"sourcing/draft@3"} == {
            f"{call.attributes['gen_ai.prompt.name']}@{call.attributes['gen_ai.prompt.version']}" for call in calls
        }

    @pytest.mark.parametrize("way", [*filter(is_here, IN_THIS_PROCESS)], indirect=True)
    def test_a_model_call_in_this_process_is_summed_up(self, way: Any) -> None:
        """It counts for all that is around it."""
        sums = [
            span.attributes["orchestrace.usage.calls"]
            for tenant in TENANTS
            for span in way.runs[tenant]
            if "orchestrace.role" in span.attributes
        ]
        made = [span for span in way.runs["one"] if span.name.startswith("chat")]

        assert [len(made)] * 6 == sums
