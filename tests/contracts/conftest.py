"""What the contracts are checked on: every module of the source, every file of the repository."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
MODULES = sorted((SOURCE / "orchestrace").rglob("*.py"))
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(path for top in ("docs", "examples", "benchmarks") for path in (ROOT / top).rglob("*.md"))]
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `module` or `document` once for each of them."""
    for name, paths in {"module": MODULES, "document": DOCUMENTS}.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, paths, ids=[str(path.relative_to(ROOT)) for path in paths])


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def modules() -> list[Path]:
    """Return every module of the source."""
    return MODULES


@pytest.fixture
def tree(module: Path) -> ast.Module:
    """Return the parsed `module`."""
    return ast.parse(module.read_text(encoding="utf-8"), filename=str(module))


@pytest.fixture
def dotted(module: Path) -> str:
    """Return the name under which `module` is imported."""
    parts = module.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Return every text file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if listed.returncode:
        pytest.skip("not a git checkout: nothing is tracked")
    return [path for name in listed.stdout.split("\0") if name and (path := root / name).is_file()]
