"""What the contracts are checked on: every module of the source, every file of the repository."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(path for top in ("docs", "examples", "benchmarks") for path in (ROOT / top).rglob("*.md"))]
)


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the source: where it stands, the name under which it is imported, and what it says."""

    path: Path
    dotted: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The name of the package that it is in; its own, if it is one."""
        return self.dotted if self.path.stem == "__init__" else self.dotted.rpartition(".")[0]


def read(path: Path) -> Module:
    """Read a module, and parse it."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    text = path.read_text(encoding="utf-8")
    dotted = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(path, dotted, text, ast.parse(text, filename=str(path)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a `document` once for each of them."""
    if "document" in metafunc.fixturenames:
        metafunc.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """Return every module of the source. A rule is one test of them all: it names whoever breaks it."""
    return [read(path) for path in sorted((SOURCE / "orchestrace").rglob("*.py"))]


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Return every text file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if listed.returncode:
        pytest.skip("not a git checkout: nothing is tracked")
    return [path for name in listed.stdout.split("\0") if name and (path := root / name).is_file()]
