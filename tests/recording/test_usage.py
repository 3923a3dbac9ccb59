from __future__ import annotations

import threading

import pytest

from orchestrace.messages import Usage
from orchestrace.recording.pricing.cost import Cost
from orchestrace.recording.usage import INFERENCE_CALL, TOOL_CALL, Totals, Used


class TestTotals:
    def test_without_a_call_nothing_is_said(self) -> None:
        """A part that asked no model has no sums."""
        assert ({}, 0, None) == (Totals().attributes(), Totals().calls, Totals().total)

    def test_calls_are_summed_under_our_own_names(self) -> None:
        """Nobody who sums the calls of a trace counts a sum, too."""
        totals = Totals()
        totals.add(Used(Usage(10, 2, cache_read=4, cache_write=1, reasoning=1)))
        totals.add(Used(Usage(1, 3, cache_read=1, cache_write=2, reasoning=2)))

        assert {
            "orchestrace.usage.calls": 2,
            "orchestrace.usage.duration": 0.0,
            "orchestrace.usage.input_tokens": 11,
            "orchestrace.usage.output_tokens": 5,
            "orchestrace.usage.cache_read.input_tokens": 5,
            "orchestrace.usage.cache_write.input_tokens": 3,
            "orchestrace.usage.reasoning.output_tokens": 3,
        } == totals.attributes()
        assert 16 == totals.total

    def test_a_call_that_is_told_twice_is_counted_once(self) -> None:
        """It ends in another thread while what is around ends, too: told so far by the one, whole by the other."""
        totals = Totals()
        totals.add(Used(Usage(10, 1), call=7))
        totals.add(Used(Usage(1, 1), call=8))
        totals.add(Used(Usage(10, 2), call=7))

        assert (2, 14) == (totals.calls, totals.total)
        assert 11 == totals.attributes()["orchestrace.usage.input_tokens"]

    @pytest.mark.parametrize("usage", [None, Usage()])
    def test_what_no_call_reported_is_absent(self, usage: Usage | None) -> None:
        """Unknown is not 0; that there was a call is known."""
        totals = Totals()
        totals.add(Used(usage))

        assert ({"orchestrace.usage.calls": 1, "orchestrace.usage.duration": 0.0}, None) == (
            totals.attributes(),
            totals.total,
        )

    def test_times_add_up_and_never_go_back(self) -> None:
        """A clock that was set back in the middle of a call makes it no less than nothing."""
        totals = Totals()
        for started, ended in ((10**9, 3 * 10**9), (5, 0), (0, 5 * 10**8)):
            totals.add(Used(None, started, ended))

        assert 2.5 == totals.attributes()["orchestrace.usage.duration"]

    def test_money_adds_up_without_noise(self) -> None:
        """Ten times ten cents are a dollar; what is not known is counted, with at most three reasons."""
        totals = Totals()
        for _ in range(10):
            totals.add(Used(None, cost=Cost(0.1)))
        for reason in ("d", "a", "b", "c", "a"):
            totals.add(Used(None, cost=Cost(reason=reason)))

        said = totals.attributes()
        assert (1.0, 5, "a; b; c") == tuple(
            said[f"orchestrace.usage.cost.{n}"] for n in ("usd", "unknown_calls", "reason")
        )

    def test_the_cost_until_a_moment_is_of_the_calls_that_had_begun(self) -> None:
        """None where nothing is known of any."""
        totals = Totals()
        for started, cost in ((1, Cost(0.1)), (2, Cost(0.2)), (3, Cost(reason="x")), (4, None), (5, Cost(0.4))):
            totals.add(Used(None, started, cost=cost))

        assert [None, 0.1, 0.3, 0.3, 0.7] == [totals.cost_until(at) for at in (0, 1, 2, 4, 9)]

    def test_0_is_known(self) -> None:
        """A provider that says 0 has said it."""
        totals = Totals()
        totals.add(Used(Usage(input_tokens=0)))

        assert (0, 0) == (totals.attributes()["orchestrace.usage.input_tokens"], totals.total)

    def test_one_kind_alone_is_a_total(self) -> None:
        """Embeddings have no output."""
        totals = Totals()
        totals.add(Used(Usage(input_tokens=7)))

        assert 7 == totals.total

    def test_an_agent_s_own_calls_are_counted_apart(self) -> None:
        """They are no part of the sums."""
        totals = Totals()
        totals.add_own(TOOL_CALL)

        assert (1, 0, {}) == (totals.own(TOOL_CALL), totals.own(INFERENCE_CALL), totals.attributes())

    def test_calls_at_once_are_all_counted(self) -> None:
        """Generators in a pool add to the run around them at the same time."""
        totals = Totals()
        start = threading.Barrier(8)

        def add() -> None:
            start.wait()
            for _ in range(500):
                totals.add(Used(Usage(1, 1)))

        threads = [threading.Thread(target=add) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (4000, 8000) == (totals.calls, totals.total)
