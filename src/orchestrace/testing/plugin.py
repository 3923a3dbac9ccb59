"""The pytest plugin: captured spans and a replay server as fixtures, and the user's journal left alone."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # loaded in every pytest run of whoever has us installed: nothing is imported before it is used
    from orchestrace.testing.replay import ReplayServer
    from orchestrace.testing.spans import Spans

__all__ = ["orchestrace_server", "orchestrace_spans", "pytest_load_initial_conftests", "pytest_unconfigure"]

_JOURNAL = "ORCHESTRACE_JOURNAL"
_BEFORE = pytest.StashKey["str | None"]()


@pytest.fixture
def orchestrace_spans() -> Iterator[Spans]:
    """Capture the spans of this test, as `orchestrace.testing.capture` does."""
    from orchestrace.testing.capturing import capture  # noqa: PLC0415 - the SDK is wanted by this fixture only

    with capture() as spans:
        yield spans


@pytest.fixture
def orchestrace_server() -> Iterator[ReplayServer]:
    """Serve the answers that this test queues; a request without one fails the test."""
    from orchestrace.testing.replay import ReplayServer  # noqa: PLC0415 - http.server is wanted by this fixture only

    with ReplayServer() as server:
        yield server


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Keep the journal of this run in a temporary folder, from before the first conftest may call `configure()`."""
    before = os.environ.get(_JOURNAL)
    if before and Path(before).resolve().is_relative_to(Path(tempfile.gettempdir()).resolve()):
        return
    early_config.stash[_BEFORE] = before
    folder = tempfile.mkdtemp(prefix="orchestrace-journal-")
    # Not when the run is over: the journal's own exit hook, registered later and so called earlier, still writes there.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[_JOURNAL] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the environment back to a program that ran pytest inside itself."""
    if _BEFORE not in config.stash:
        return
    before = config.stash[_BEFORE]
    if before is None:
        os.environ.pop(_JOURNAL, None)
    else:
        os.environ[_JOURNAL] = before
