from __future__ import annotations

import logging

import pytest

from orchestrace.export.complaint import Complaint


@pytest.fixture
def complaint() -> Complaint:
    """Return what complains about a receiver."""
    return Complaint("http://there:4318")


class TestWaits:
    def test_says_where_and_why_and_that_nothing_is_lost(
        self, complaint: Complaint, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One warning of ours, with all that somebody needs to know."""
        complaint.waits("spans", "HTTP 503")

        line = (
            "orchestrace: spans wait for http://there:4318 (HTTP 503). They are kept, and sent when it takes them. "
            "Your program goes on; nothing more is said for a minute."
        )
        assert [line] == caplog.messages
        assert [("orchestrace", logging.WARNING)] == [(line.name, line.levelno) for line in caplog.records]

    def test_once_a_minute(self, complaint: Complaint, caplog: pytest.LogCaptureFixture) -> None:
        """Of whatever kind: a receiver that fails does so hundreds of times."""
        for reason in ("one", "two"):
            complaint.waits("spans", reason)
            complaint.dropped("log records", reason)
            complaint.refused("spans", reason)

        assert 1 == len(caplog.messages)

    def test_after_a_minute_it_is_said_again(self, complaint: Complaint, caplog: pytest.LogCaptureFixture) -> None:
        """An outage of a day leaves a trail."""
        complaint.waits("spans", "one")
        complaint._said_at -= 60
        complaint.waits("spans", "two")

        assert ["(one)" in caplog.messages[0], "(two)" in caplog.messages[1]] == [True, True]

    def test_words_of_a_receiver_are_no_format(self, complaint: Complaint, caplog: pytest.LogCaptureFixture) -> None:
        """It may say anything."""
        complaint.waits("spans", "100 %s of %(quota)d")

        assert "(100 %s of %(quota)d)" in caplog.messages[0]

    def test_a_handler_that_fails_stays_in_here(self, complaint: Complaint) -> None:
        """The forwarder goes on, whatever the program's logging does."""

        class Broken(logging.Filter):
            def filter(self, record: logging.LogRecord) -> bool:
                msg = "no logging today"
                raise OSError(msg)

        broken, log = Broken(), logging.getLogger("orchestrace")
        log.addFilter(broken)
        try:
            complaint.waits("spans", "HTTP 503")
        finally:
            log.removeFilter(broken)


class TestRefused:
    def test_says_how_to_see_them(self, complaint: Complaint, caplog: pytest.LogCaptureFixture) -> None:
        """What was set aside is not gone."""
        complaint.refused("spans", "bad id")

        assert (
            "spans were set aside: http://there:4318 refused them (bad id). See `orchestrace refused`."
            in (caplog.messages[0])
        )


class TestDropped:
    def test_says_that_it_is_kept_nowhere(self, complaint: Complaint, caplog: pytest.LogCaptureFixture) -> None:
        """Nobody is sent to look for it."""
        complaint.dropped("metrics", "HTTP 400")

        assert caplog.messages[0].startswith(
            "orchestrace: metrics were dropped: http://there:4318 refused them (HTTP 400). Spans are not concerned."
        )


class TestUnknown:
    def test_comes_beside_the_minute(self, complaint: Complaint, caplog: pytest.LogCaptureFixture) -> None:
        """It is said once in the life of a process, and so never left out."""
        complaint.waits("spans", "HTTP 503")
        complaint.unknown("metrics", "HTTP 404 Not Found")

        line = (
            "orchestrace: metrics are not sent to http://there:4318, which does not know them (HTTP 404 Not Found). "
            "Traces are not concerned."
        )
        assert [line] == caplog.messages[1:]
