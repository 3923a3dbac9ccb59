from __future__ import annotations

import time

from orchestrace.recording import clock


class TestNow:
    def test_is_the_systems_time(self) -> None:
        """In nanoseconds since the epoch."""
        before = time.time_ns()
        now = clock.now()

        assert before <= now <= time.time_ns()


class TestUse:
    def test_a_test_can_hold_the_clock_and_let_it_go(self) -> None:
        """None is the system's clock again."""
        clock.use(lambda: 7)
        try:
            held = clock.now()
        finally:
            clock.use(None)

        assert held == 7
        assert clock.now() > 7
