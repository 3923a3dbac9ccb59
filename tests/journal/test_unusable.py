from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from orchestrace.journal.unusable import unusable


class TestUnusable:
    @pytest.mark.parametrize(
        ("error", "why"),
        [
            (PermissionError(13, "Permission denied", "here"), "Permission denied"),
            (OSError("no place"), "no place"),
            (sqlite3.DatabaseError("file is not a database"), "file is not a database"),
        ],
    )
    def test_says_why_and_what_to_do(self, error: Exception, why: str) -> None:
        """The folder stands there once."""
        said = f"The journal in here cannot be read: {why}. `orchestrace doctor` says what to do."

        assert said == str(unusable(Path("here"), "read", error))
