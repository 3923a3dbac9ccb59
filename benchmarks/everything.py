"""
Run the benchmarks one after the other and write what they print into docs/benchmarks.md.

    python benchmarks/everything.py [--tiny] [--here] [--into FOLDER]

The figures stand between two marks in the file, so that what is said around them stays; what was promised, and whether
it is reached, comes first, from all of them. The plot lies beside the page. With --tiny all counts are tiny, and the
figures mean nothing: it shows that everything runs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from interpreters import compiling
from tables import PROMISED, table

__all__ = ["main"]

_HERE = Path(__file__).parent
_DOCS = _HERE.parent / "docs"
_PAGE, _PLOT = "benchmarks.md", "benchmarks.svg"
_SHOWN = f"![CPU that watching adds to each kind of work, for each contender]({_PLOT})"
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
_SECONDS = 900
"""How long one benchmark may take."""


@dataclass(frozen=True, slots=True)
class Run:
    """One benchmark: its title, and its command with few counts and with those that count."""

    title: str
    script: str
    counts: tuple[str, ...] = ()
    tiny: tuple[str, ...] = ()
    peers: bool = False
    """Whether it compares with them, in environments of their own."""
    plot: bool = False


_RUNS = (
    Run("What watching a call adds", "calls.py", (), ("--tiny", "--rounds", "1"), peers=True, plot=True),
    Run("CPU at import", "import_cost.py", (), ("1",), peers=True),
    Run("One write into the journal", "journal_write.py", (), ("20",)),
    Run("A receiver that is not there", "dead_endpoint.py", (), ("--rounds", "1", "--calls", "2")),
    Run("From the journal to a receiver", "throughput.py", (), ("20",)),
    Run("Getting back what a killed process left", "recovery.py", (), ("50",)),
    Run("Disk use of a day", "disk_use.py", (), ("1",)),
)


def printed(run: Run, given: argparse.Namespace) -> str:
    """Run one; return what it prints."""
    arguments = [*(run.tiny if given.tiny else run.counts), *(("--here",) if given.here and run.peers else ())]
    shown = " ".join(("python", f"benchmarks/{run.script}", *arguments))
    if run.plot:
        arguments += ["--plot", str(given.into / _PLOT)]
    begun = time.monotonic()
    print(f"{shown} … ", end="", flush=True, file=sys.stderr)
    command = [sys.executable, str(_HERE / run.script), *arguments]
    done = subprocess.run(  # noqa: S603 - ours
        command, env=compiling(), stdout=subprocess.PIPE, text=True, timeout=_SECONDS, check=True
    )
    print(f"{time.monotonic() - begun:.0f} s", file=sys.stderr)
    return f"`{shown}`\n\n{done.stdout.strip()}\n"


def parted(text: str) -> tuple[str, list[list[str]]]:
    """Return a text without its tables of promises, and their rows."""
    rest, rows, inside = [], [], False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        inside = cells == list(PROMISED) or (inside and line.startswith("|"))
        if not inside:
            rest.append(line)
        elif cells != list(PROMISED) and not line.startswith("|---"):
            rows.append(cells)
    return "\n".join(rest).strip(), rows


def figures(given: argparse.Namespace) -> str:
    """Run them all; return their sections, below a table of all promises."""
    sections, kept = [], []
    for run in _RUNS:
        text, rows = parted(printed(run, given))
        sections.append(f"## {run.title}\n\n{text}\n" + (f"\n{_SHOWN}\n" if run.plot else ""))
        kept += rows
    return "\n".join([f"## What is promised\n\n{table(PROMISED, kept)}\n", *sections])


def main() -> None:
    """Renew the page and the plot."""
    parser = argparse.ArgumentParser(description="Run all benchmarks.")
    parser.add_argument("--tiny", action="store_true", help="with counts that mean nothing")
    parser.add_argument("--here", action="store_true", help="take this interpreter for every contender")
    parser.add_argument("--into", type=Path, default=_DOCS, help="the folder of page and plot")
    given = parser.parse_args()
    before, _, rest = (_DOCS / _PAGE).read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page = f"{before}{_BEGIN}\n\n{figures(given)}\n{_END}{after}"
    (given.into / _PAGE).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
