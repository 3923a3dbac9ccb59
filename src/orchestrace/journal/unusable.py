"""What is said of a journal that can be neither read nor written, in one line."""

from __future__ import annotations

from pathlib import Path

from orchestrace.exceptions import JournalError

__all__ = ["unusable"]


def unusable(folder: Path, verb: str, error: Exception) -> JournalError:
    """Return the error for a journal that cannot be `verb`, such as "read": why, and who knows what to do about it."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else error
    return JournalError(f"The journal in {folder} cannot be {verb}: {why}. `orchestrace doctor` says what to do.")
