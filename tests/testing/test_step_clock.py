from __future__ import annotations

from orchestrace.testing import StepClock


class TestStepClock:
    def test_steps_when_read(self) -> None:
        """Each look is one step later."""
        clock = StepClock(start=100, step=7)

        assert [100, 107, 114] == [clock() for _ in range(3)]

    def test_can_stand(self) -> None:
        """Without a step, time passes only when the test says so."""
        clock = StepClock(start=100, step=0)
        seen = [clock(), clock()]
        clock.advance(50)

        assert [100, 100, 150] == [*seen, clock()]

    def test_starts_with_2026(self) -> None:
        """By default spans begin at a time that is easy to read, a millisecond apart."""
        clock = StepClock()

        assert [1_767_225_600_000_000_000, 1_767_225_600_001_000_000] == [clock(), clock()]
