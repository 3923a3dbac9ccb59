"""
Run the benchmarks one after the other and write what they print into docs/benchmarks.md.

    python benchmarks/everything.py

That page stands between two marks in the file, so that what is said around it stays.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["main"]

_HERE = Path(__file__).parent
_PAGE = _HERE.parent / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
_SECONDS = 240
"""How long one benchmark may take."""

_RUNS = (
    ("CPU that watching a call adds", "calls.py", "--rounds", "5"),
    ("One write into the journal", "journal_write.py"),
    ("Getting back what a killed process left", "recovery.py"),
    ("CPU at import", "import_cost.py"),
)


def figures() -> str:
    """Run them all; return what they print, each below its title."""
    # A machine that keeps no byte code would compile in every process.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    sections = []
    for title, script, *arguments in _RUNS:
        command = [sys.executable, str(_HERE / script), *arguments]
        print(" ".join(("python", f"benchmarks/{script}", *arguments)), file=sys.stderr)
        done = subprocess.run(  # noqa: S603 - ours
            command, env=environment, stdout=subprocess.PIPE, text=True, timeout=_SECONDS, check=True
        )
        made = " ".join((f"python benchmarks/{script}", *arguments))
        sections.append(f"## {title}\n\n`{made}`\n\n{done.stdout.strip()}\n")
    return "\n".join(sections)


def main() -> None:
    """Renew the page."""
    before, _, rest = _PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _PAGE.write_text(f"{before}{_BEGIN}\n\n{figures()}\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
