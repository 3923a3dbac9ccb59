from __future__ import annotations

import asyncio

import pytest

from orchestrace.recording.ending import CANCELLED, ERROR, ending_of


class TestEndingOf:
    @pytest.mark.parametrize("error", [ValueError(), TimeoutError(), StopIteration()], ids=repr)
    def test_an_exception_is_an_error(self, error: BaseException) -> None:
        """Something went wrong."""
        assert ERROR == ending_of(error)

    @pytest.mark.parametrize(
        "error", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(0), GeneratorExit()], ids=repr
    )
    def test_what_stops_work_from_outside_is_a_cancellation(self, error: BaseException) -> None:
        """Nothing went wrong with the call."""
        assert CANCELLED == ending_of(error)
