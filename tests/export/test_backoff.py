from __future__ import annotations

import pytest

from orchestrace.export.backoff import Backoff


class TestFailed:
    def test_nothing_is_waited_for_before(self) -> None:
        """The first request goes at once."""
        assert 0.0 == Backoff().seconds

    def test_each_failure_doubles_the_wait_up_to_thirty_seconds(self) -> None:
        """Of 1, 2, 4, 8, 16, 30, 30, … seconds a random half or more."""
        backoff, longest = Backoff(), [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
        waits = []
        for _ in longest:
            backoff.failed()
            waits.append(backoff.seconds)

        assert all(most * 0.45 <= wait <= most for most, wait in zip(longest, waits, strict=True)), waits

    def test_many_processes_do_not_come_back_together(self) -> None:
        """Two that failed in the same moment wait differently."""
        waits = set()
        for _ in range(10):
            backoff = Backoff()
            backoff.failed()
            waits.add(round(backoff.seconds, 3))

        assert len(waits) > 1

    def test_years_of_failures_are_no_overflow(self) -> None:
        """The exponent stays small."""
        backoff = Backoff()
        for _ in range(2_000):
            backoff.failed()

        assert 14 < backoff.seconds <= 30

    @pytest.mark.parametrize(("asked", "waited"), [(100, 100), (2.5, 2.5), (10**6, 3600)])
    def test_what_is_asked_for_is_waited_for(self, asked: float, waited: float) -> None:
        """Longer than our own longest wait, but no longer than an hour."""
        backoff = Backoff()
        backoff.failed(asked)

        assert waited - 1 <= backoff.seconds <= waited

    @pytest.mark.parametrize("asked", [0.0, -0.0])
    def test_who_asks_for_no_time_is_given_some(self, asked: float) -> None:
        """A date that has passed, a negative number: a receiver with another clock is not to be asked without pause."""
        backoff = Backoff()
        for _ in range(3):
            backoff.failed(asked)
        waits = backoff.seconds
        backoff.hurry()

        assert 1.8 < waits <= 4.0
        assert 0.0 == backoff.seconds


class TestSucceeded:
    def test_it_begins_anew(self) -> None:
        """The next failure is a first one again."""
        backoff = Backoff()
        for _ in range(5):
            backoff.failed()
        backoff.succeeded()
        after = backoff.seconds
        backoff.failed()

        assert 0.0 == after
        assert backoff.seconds <= 1.0


class TestHurry:
    def test_our_own_wait_is_cut_short(self) -> None:
        """Somebody waits for the answer."""
        backoff = Backoff()
        backoff.failed()
        backoff.hurry()

        assert 0.0 == backoff.seconds

    def test_what_the_receiver_asked_for_is_kept(self) -> None:
        """`Retry-After` is not overridden."""
        backoff = Backoff()
        backoff.failed(100)
        backoff.hurry()

        assert backoff.seconds > 90

    def test_what_it_asked_for_last_time_is_over(self) -> None:
        """Only the last answer counts."""
        backoff = Backoff()
        backoff.failed(100)
        backoff.failed()
        backoff.hurry()

        assert 0.0 == backoff.seconds
