from __future__ import annotations

from orchestrace.export.answer import Answer, Verdict


class TestAnswer:
    def test_a_reason_is_one_short_line(self) -> None:
        """Whatever a receiver has to say, a log line holds it."""
        reason = Answer(Verdict.REFUSED, "no\r\n\tnever " + "x" * 1000).reason

        assert reason.startswith("no never xxx")
        assert 300 == len(reason)
        assert reason.endswith("…")
