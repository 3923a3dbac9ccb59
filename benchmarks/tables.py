"""Figures and tables, as all benchmarks print them."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from importlib import metadata

__all__ = ["machine", "quantile", "spread", "table", "versions"]


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
    """Say where and when this ran."""
    today = datetime.now(timezone.utc).date()
    return f"{os.cpu_count()} cores, {platform.machine()}, CPython {platform.python_version()}, {today}"


def versions(*packages: str) -> str:
    """Say which versions of some packages ran."""
    return ", ".join(f"{package} {metadata.version(package)}" for package in packages)
