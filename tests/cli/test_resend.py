from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from typer.testing import CliRunner, Result

from orchestrace.balance import Balance
from orchestrace.cli.application import application
from orchestrace.journal.accounts import balance_of
from orchestrace.journal.database import connect

Refuse = Callable[..., None]


def run(folder: Path, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(application, ["resend", "--journal", str(folder), *arguments])


class TestResend:
    def test_all_wait_again(self, tmp_path: Path, refuse: Refuse) -> None:
        """It says how many, and the accounts follow."""
        refuse("413 too large", "400 bad")

        assert "2 spans will be sent again.\n" == run(tmp_path).stdout
        with closing(connect(tmp_path)) as database:
            assert Balance(waiting=2) == balance_of(database, "p")

    def test_by_reason(self, tmp_path: Path, refuse: Refuse) -> None:
        """Only those that were refused with these words."""
        refuse("413 too large", "400 bad")

        assert [{"spans": 1}, {"spans": 0}] == [
            json.loads(run(tmp_path, "--reason", "too large", "--json").stdout) for _ in range(2)
        ]

    def test_there_is_nothing(self, tmp_path: Path) -> None:
        """That is no error."""
        done = run(tmp_path)

        assert (0, "0 spans will be sent again.\n") == (done.exit_code, done.stdout)
