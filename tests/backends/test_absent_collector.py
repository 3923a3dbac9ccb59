from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrace.journal.reader import Reader

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, ProgramRun

pytestmark = pytest.mark.backends

SPANS = 21
LAST_ATTEMPT = 1.0
"""Seconds that a process which ends gives to what is not sent yet."""
SLACK = 3.0
"""Seconds for a machine that does other things at the same time."""


@pytest.fixture(scope="module")
def undisturbed(run: Callable[..., ProgramRun]) -> ProgramRun:
    """Run the program without any collector."""
    return run()


@pytest.fixture(params=["stopped", "frozen"])
def program_run(
    own_collector: Collector, protocol: str, run: Callable[..., ProgramRun], request: pytest.FixtureRequest
) -> ProgramRun:
    """Run the program in front of a collector that refuses connections, or takes them and never answers."""
    end = {"stopped": own_collector.stop, "frozen": own_collector.freeze}
    end[request.param]()
    return run(endpoint=own_collector.endpoints[protocol], protocol=protocol)


class TestAbsentCollector:
    def test_costs_the_program_nothing_but_its_exit(self, program_run: ProgramRun, undisturbed: ProgramRun) -> None:
        """
        The agents take no longer than without a collector, and the process leaves within a second of their end.

        What was not sent by then is kept, which the log says in one line, and the journal has all of it.
        """
        stored = Reader(program_run.journal).trace(program_run.trace_id)

        assert program_run.seconds < undisturbed.seconds + SLACK
        assert program_run.leaving < undisturbed.leaving + LAST_ATTEMPT + SLACK
        assert program_run.log.count("\n") <= 1
        assert SPANS == len(stored)

    def test_is_not_missed_where_none_is_named(self, undisturbed: ProgramRun) -> None:
        """Without an endpoint nothing is sent and nothing is said."""
        assert "" == undisturbed.log
