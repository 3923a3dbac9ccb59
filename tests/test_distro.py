"""What `opentelemetry-instrument` makes of it stands in tests/living/test_distro.py."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

GROUPS = {
    "opentelemetry_configurator": "OrchestraceConfigurator",
    "opentelemetry_distro": "OrchestraceDistro",
    "opentelemetry_instrumentor": "OrchestraceInstrumentor",
}
INSTRUMENTOR = """
import httpx2, orchestrace
from orchestrace.distro import OrchestraceInstrumentor
before = httpx2.Client.send
instrumentor = OrchestraceInstrumentor()
instrumentor.instrument(skip_dep_check=True)
during = httpx2.Client.send is before
instrumentor.uninstrument()
after = httpx2.Client.send is before
print(during, after, instrumentor.instrumentation_dependencies(), orchestrace.status().configured)
"""


class TestEntryPoints:
    @pytest.mark.parametrize("group", GROUPS)
    def test_each_is_installed(self, group: str) -> None:
        """Under our name, by which the variables choose it."""
        [found] = metadata.entry_points(group=group, name="orchestrace")

        assert GROUPS[group] == found.load().__name__


class TestOrchestraceInstrumentor:
    def test_installs_and_undoes(self) -> None:
        """As `instrument()` and `uninstrument()` do; nothing else is set up, and nothing has to be installed for it."""
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", INSTRUMENTOR], capture_output=True, text=True, check=True, env={"PATH": ""}
        )

        assert ("False True () False\n", "") == (done.stdout, done.stderr)
