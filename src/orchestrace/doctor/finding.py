"""What a check found: how it stands, why, and what to type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = ["OK", "PROBLEM", "WARNING", "Finding", "State"]

State: TypeAlias = Literal["ok", "warning", "problem"]

OK: Final = "ok"
WARNING: Final = "warning"
"""Something works less well than it could, or not as one may think."""
PROBLEM: Final = "problem"
"""Something is lost, or does not arrive."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found; `why` and `do` say more where it is not ok. It holds no value of a header."""

    check: str
    state: State
    what: str
    why: str = ""
    do: str = ""
