"""A collector that is away when the program sends: the program's own work does not notice, and its end is bounded."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrace.journal.reader import Reader

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, ProgramRun

pytestmark = pytest.mark.backends

SPANS = 18
LEAVING = 5.0
"""Seconds that a process spends at most on what is not sent when it ends; configure() says so."""
SLACK = 5.0
"""Seconds for a machine that does other things at the same time."""


@pytest.fixture(params=["stopped", "frozen"])
def absent(request: pytest.FixtureRequest, own_collector: Collector) -> Collector:
    """Have a collector that refuses connections, and one that takes them and never answers."""
    if request.param == "stopped":
        own_collector.stop()
    else:
        own_collector.pause()
    return own_collector


@pytest.fixture
def program_run(absent: Collector, protocol: str, run: Callable[..., ProgramRun]) -> ProgramRun:
    """Run the program in front of it."""
    return run(endpoint=absent.endpoints[protocol], protocol=protocol)


class TestAbsentCollector:
    def test_program_runs_and_leaves(self, program_run: ProgramRun, run: Callable[..., ProgramRun]) -> None:
        """
        The agents take as long as without any collector, and the process ends within five seconds of their end.

        What was not sent by then is not sent later by this version; the log says how many spans that are, and the
        journal has them.
        """
        ...
