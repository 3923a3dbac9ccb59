from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.backends.conftest import Jaeger

pytestmark = pytest.mark.backends

ROOT = Path(__file__).parents[2]
FILES = sorted(path.name for path in (ROOT / "collector-config").glob("*.yaml"))
READ_BY = {"jaeger.yaml": "jaeger"}
"""The collector reads all others."""


def validate(file: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Have the program that a shipped file is for judge it, together with further settings."""
    binary = ROOT / ".build" / "backends" / "bin" / READ_BY.get(file, "collector")
    configurations = [str(ROOT / "collector-config" / file), *more]
    command = [str(binary), "validate", *(f"--config={configuration}" for configuration in configurations)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own words


class TestShippedFiles:
    @pytest.mark.parametrize("file", FILES)
    def test_is_valid(self, file: str) -> None:
        """The program that a file is for accepts it as it stands, with every default in force."""
        assert 0 == validate(file).returncode, validate(file).stderr

    @pytest.mark.parametrize("file", FILES)
    def test_is_judged(self, file: str) -> None:
        """The same file with a word that means nothing is refused: being accepted says something."""
        judged = validate(file, "yaml:receivers::otlp::protocol: grpc")

        assert 0 != judged.returncode
        assert "'receivers'" in judged.stderr

    def test_interface_gets_its_settings(self, jaeger: Jaeger, root: Path) -> None:
        """Jaeger hands jaeger-ui.json to its page, which is what looks at it."""
        written = json.loads((root / "collector-config" / "jaeger-ui.json").read_text(encoding="utf-8"))
        page = jaeger.get("/").raise_for_status().text
        given = re.search(r"JAEGER_CONFIG = (.*);", page)

        assert given is not None
        assert written == json.loads(given[1])
