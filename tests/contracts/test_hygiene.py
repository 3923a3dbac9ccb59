from __future__ import annotations

import re
from pathlib import Path

REGISTRIES = re.compile(r"\b(?:pypi|npmjs|pythonhosted|rubygems|crates)\.(?:org|io|com)\b|--(?:extra-)?index-url")
ABSOLUTE = re.compile(r"(?<![\w./:*~-])/(?:home|root|work|Users)/[\w.-]+")
SECRETS = re.compile(r"\b(?:sk-(?:proj-|ant-)[\w-]{32,}|AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|xox[bpars]-\d[\w-]{20,})")


def lines_with(pattern: re.Pattern[str], files: list[Path], root: Path) -> list[str]:
    """Return where a pattern stands, as `file:line: text`."""
    found = []
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            hit = pattern.search(line)
            if hit and path != Path(__file__):
                found.append(f"{path.relative_to(root)}:{number}: {hit.group()}")
    return found


class TestRepository:
    def test_names_no_package_registry(self, tracked: list[Path], root: Path) -> None:
        """Where packages come from is the business of the machine that installs them."""
        assert [] == lines_with(REGISTRIES, tracked, root)

    def test_names_no_folder_of_one_machine(self, tracked: list[Path], root: Path) -> None:
        """A path that exists on one machine only helps nobody else."""
        assert [] == lines_with(ABSOLUTE, tracked, root)

    def test_holds_no_key(self, tracked: list[Path], root: Path) -> None:
        """Recordings and examples carry made-up keys that no scanner takes for real ones."""
        assert [] == lines_with(SECRETS, tracked, root)

    def test_versions_are_pinned_without_addresses(self, root: Path) -> None:
        """A constraint is a name and a version; the Python it needs may follow."""
        lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
        pin = re.compile(r'[\w.-]+==[\w.+!]+( ; python_version >= "3\.\d+")?')

        assert [] == [line for line in lines if not line.startswith("#") and not pin.fullmatch(line)]
