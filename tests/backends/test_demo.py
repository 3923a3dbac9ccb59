"""`make demo` in front of the collector: its three runs are in Jaeger, whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrace.journal.reader import Reader

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, Jaeger

pytestmark = pytest.mark.backends


@pytest.fixture(scope="module")
def journal(
    protocol: str,
    collector: Collector,
    root: Path,
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Run it, as `OTEL_EXPORTER_OTLP_ENDPOINT=… make demo` does; return its journal."""
    journal = tmp_path_factory.mktemp("demo")
    where = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoints[protocol], "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
    command = [sys.executable, str(root / "examples" / "demo.py")]
    told = environment | where | {"ORCHESTRACE_JOURNAL": str(journal)}
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours

    assert (0, "") == (done.returncode, done.stderr)
    assert f"Sent to {collector.endpoints[protocol]}: all of it." in done.stdout
    return journal


class TestDemo:
    def test_is_in_jaeger(self, journal: Path, jaeger: Jaeger) -> None:
        """Every span of its runs, with everything on it, and what came of them."""
        reader = Reader(journal)
        runs = reader.runs(limit=10)

        assert 3 == len(runs)
        for found in runs:
            recorded = reader.trace(found.trace_id)
            assert [] == jaeger.wait_for(found.trace_id, len(recorded)).differences(recorded)

    def test_is_found(self, journal: Path, jaeger: Jaeger) -> None:
        """By the agent and the key, each run alone."""
        for found in Reader(journal).runs(limit=10):
            about = {"gen_ai.agent.name": "SourcingEmailCrafterAgent", "orchestrace.key": str(found.key)}
            assert found.trace_id in jaeger.find("sourcing-demo", about)
            assert found.key in {"job-417", "job-418", "job-419"}
