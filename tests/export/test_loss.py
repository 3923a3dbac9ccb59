from __future__ import annotations

import pytest

from orchestrace.export import loss
from orchestrace.export.loss import Losses


class TestLosses:
    def test_says_how_many_where_and_why(self, caplog: pytest.LogCaptureFixture) -> None:
        """The line names the spans lost, the receiver, and the last reason."""
        losses = Losses("http://collector:4318")
        losses.add(2, "503")
        losses.add(3, "400 Bad Request")
        losses.say()

        assert caplog.messages[0].startswith(
            "orchestrace: 5 span(s) were not sent to http://collector:4318 (400 Bad Request); 5 in this process so far."
        )

    def test_says_so_once_a_minute(self, caplog: pytest.LogCaptureFixture) -> None:
        """A second loss within the minute is counted and not said."""
        losses = Losses("x")
        for _ in range(3):
            losses.add(1, "y")
            losses.say()

        assert (3, 1) == (losses.total, len(caplog.messages))

    def test_says_the_rest_afterwards(self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
        """When the minute is over the next line has what was only counted."""
        losses = Losses("x")
        losses.add(1, "y")
        losses.say()
        losses.add(4, "y")
        monkeypatch.setattr(loss, "_QUIET_SECONDS", 0.0)
        losses.say()

        assert "4 span(s) were not sent to x (y); 5 in this process" in caplog.messages[1]

    def test_a_last_word_does_not_wait(self, caplog: pytest.LogCaptureFixture) -> None:
        """At shutdown there is no next minute."""
        losses = Losses("x")
        losses.add(1, "y")
        losses.say()
        losses.add(1, "y")
        losses.say(now=True)

        assert 2 == len(caplog.messages)

    def test_nothing_lost_is_nothing_said(self, caplog: pytest.LogCaptureFixture) -> None:
        """Without a loss there is no line, not even at the end."""
        Losses("x").say(now=True)

        assert [] == caplog.messages

    def test_a_long_reason_is_cut(self, caplog: pytest.LogCaptureFixture) -> None:
        """A receiver's page of HTML is no log line."""
        losses = Losses("x")
        losses.add(1, "y" * 10_000)
        losses.say()

        assert f"({'y' * 300})" in caplog.messages[0]
