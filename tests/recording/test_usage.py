from __future__ import annotations

import threading

from orchestrace.messages import Usage
from orchestrace.recording.usage import Totals


class TestTotals:
    def test_kinds_that_no_call_reported_are_absent(self) -> None:
        """Unknown is not 0; a call without usage is a call."""
        totals = Totals()
        totals.add(Usage(input_tokens=3, cache_read=0))
        totals.add(None)

        assert {
            "orchestrace.usage.calls": 2,
            "orchestrace.usage.input_tokens": 3,
            "orchestrace.usage.cache_read.input_tokens": 0,
        } == totals.attributes()
        assert 3 == totals.total

    def test_no_call_has_no_sums(self) -> None:
        """Nothing is said of what did not happen."""
        assert ({}, None) == (Totals().attributes(), Totals().total)

    def test_threads_lose_nothing(self) -> None:
        """Parallel evaluators share a run."""
        totals = Totals()
        threads = [threading.Thread(target=lambda: [totals.add(Usage(1, 1)) for _ in range(500)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (4000, 8000) == (totals.calls, totals.total)
