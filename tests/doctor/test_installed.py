from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.doctor.installed import check
from orchestrace.settings import Settings


def install(folder: Path, package: str, version: str, **files: str) -> None:
    """Put a distribution into a folder: its metadata, and files by their path with `__` for `/`."""
    told = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    if "entry_points" in files:
        (told / "entry_points.txt").write_text(files.pop("entry_points"))
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that stands before all other packages."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def about(words: str) -> list[Finding]:
    """Return what is found that has these words in it."""
    return [one for one in check(Settings()) if words in one.what]


class TestCheck:
    def test_what_is_here(self) -> None:
        """The versions that one is asked for first."""
        states = {one.what.partition(" ")[0]: one.state for one in check(Settings())}

        assert (OK, OK) == (states["Python"], states["OpenTelemetry"])

    def test_an_sdk_that_is_too_old(self, folder: Path) -> None:
        """It is named, with the oldest version that was tried."""
        install(folder, "anthropic", "0.3.0", anthropic__init="")
        [finding] = about("anthropic 0.3.0")

        assert (PROBLEM, "pip install 'anthropic>=0.45'") == (finding.state, finding.do)

    def test_an_sdk_without_the_method_that_is_followed(self, folder: Path) -> None:
        """Its calls are recorded all the same, each attempt by itself."""
        base = "class SyncAPIClient:\n    def other(self): ...\nclass AsyncAPIClient: ...\n"
        install(folder, "groq", "9.0.0", groq____init__="", groq___base_client=base)
        [finding] = about("groq 9.0.0")

        assert (WARNING, True) == (finding.state, "every attempt stands as a call" in finding.why)

    def test_another_instrumentation(self, folder: Path) -> None:
        """One that was never tried beside ours is named."""
        entry = "[opentelemetry_instrumentor]\nopenai = tracer:Instrumentor\n"
        install(folder, "acme-openai-tracer", "1.0", entry_points=entry)
        [finding] = about("acme-openai-tracer")

        assert (WARNING, "See docs/guests.md.") == (finding.state, finding.do)

    def test_another_distro(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Which of two is taken the file system decides, unless a variable does."""
        install(folder, "acme-distro", "1.0", entry_points="[opentelemetry_distro]\nacme = distro:Distro\n")
        [finding] = about("another distro")
        monkeypatch.setenv("OTEL_PYTHON_DISTRO", "orchestrace")

        assert ("acme" in finding.what, []) == (True, about("another distro"))
