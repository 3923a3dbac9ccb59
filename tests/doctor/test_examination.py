from __future__ import annotations

import time
from pathlib import Path

import pytest

from orchestrace.doctor import examination
from orchestrace.doctor.examination import examine
from orchestrace.doctor.finding import PROBLEM, Finding
from orchestrace.settings import Settings
from orchestrace.testing import OtlpReceiver
from orchestrace.testing.otlp import Reply


class TestExamine:
    def test_everything_is_looked_at(self, tmp_path: Path) -> None:
        """One list, of all checks."""
        with OtlpReceiver() as receiver:
            found = examine(Settings(endpoint=receiver.endpoint, journal=tmp_path))

        assert {"installed", "journal", "receiver", "settings"} <= {one.check for one in found}
        assert [] == [one for one in found if one.state == PROBLEM]

    def test_ends_in_time(self, tmp_path: Path) -> None:
        """Whoever does not answer is a finding."""
        with OtlpReceiver(reply=Reply(delay=30)) as receiver:
            began = time.monotonic()
            found = examine(Settings(endpoint=receiver.endpoint, journal=tmp_path), seconds=0.5)
            took = time.monotonic() - began

        assert ["gave no answer within 0.5 s"] == [one.what for one in found if one.check == "receiver"]
        assert took < 3

    def test_a_check_that_fails_does_not_hide_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What went wrong stands in the list."""

        def fail(_: Settings) -> list[Finding]:
            raise RuntimeError

        monkeypatch.setitem(examination._CHECKS, "journal", fail)
        found = examine(Settings())

        assert ["could not be examined"] == [one.what for one in found if one.check == "journal"]
        assert "installed" in {one.check for one in found}
