from __future__ import annotations

import asyncio
import builtins
import sys

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

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="groups of exceptions came with Python 3.11")
    def test_a_group_is_an_error_if_one_is_in_it(self) -> None:
        """A task failed, and the others were cancelled for it: that is no cancellation of the call."""
        group = builtins.BaseExceptionGroup  # type: ignore[attr-defined,unused-ignore] # not in Python 3.10
        stopped, failed = asyncio.CancelledError(), ValueError()

        assert CANCELLED == ending_of(group("", [stopped, group("", [KeyboardInterrupt()])]))
        assert ERROR == ending_of(group("", [stopped, group("", [KeyboardInterrupt(), failed])]))
