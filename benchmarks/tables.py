"""Figures and tables, as all benchmarks print them."""

from __future__ import annotations

import math
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import metadata

__all__ = ["PROMISED", "TIMES", "Promise", "machine", "promises", "quantile", "spread", "table", "versions"]

_LOAD = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
PROMISED = ("what is promised", "measured", "at most", "reached")
"""The head of a table of promises."""

TIMES = "\u00d7"
"""What stands before or behind a factor."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What was measured, and how much it may be at most."""

    what: str
    measured: float
    most: float
    unit: str = ""
    digits: int = 0
    spread: float = 0.0
    """Of the measured figure; where it reaches over the limit, the verdict could have been another one."""

    @property
    def verdict(self) -> str:
        """Whether it is kept."""
        noise = math.isinf(self.spread) or abs(self.measured - self.most) < self.spread / 2
        return ("yes" if self.measured <= self.most else "**no**") + (" (noise)" if noise else "")


def promises(found: Iterable[Promise]) -> str:
    """Return a table that says of each promise whether it is kept."""
    rows = []
    for one in found:
        most = one.most if one.most % 1 else int(one.most)
        rows.append(
            [
                one.what,
                f"{one.measured:,.{one.digits}f} {one.unit}".strip(),
                f"{most} {one.unit.split(' ')[0]}".strip(),
                one.verdict,
            ]
        )
    return table(PROMISED, rows)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; all columns but the first are figures."""
    lines = [" | ".join(head), "|".join(["---", *["--:"] * (len(head) - 1)])]
    lines += [" | ".join(map(str, row)) for row in rows]
    return "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines)


def spread(found: Sequence[float]) -> float:
    """Return the distance between the quartiles."""
    if len(found) < 2:  # noqa: PLR2004 - one figure has none
        return 0.0
    low, _, high = statistics.quantiles(found, n=4)
    return high - low


def quantile(found: Sequence[float], part: float) -> float:
    """Return the figure that `part` of all are not above."""
    return sorted(found)[min(int(len(found) * part), len(found) - 1)]


def machine() -> str:
    """Say where and when this ran, and how busy the machine was before."""
    today = datetime.now(timezone.utc).date()
    where = f"{os.cpu_count()} cores, {platform.machine()}, CPython {platform.python_version()}, {today}"
    return f"{where}, load {_LOAD:.1f} before"


def versions(*packages: str) -> str:
    """Say which versions of some packages ran."""
    return ", ".join(f"{package} {metadata.version(package)}" for package in packages)
