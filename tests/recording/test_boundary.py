from __future__ import annotations

import pytest

from orchestrace.messages import ModelRequest
from orchestrace.recording.boundary import Boundary, current_boundary, open_boundary
from orchestrace.recording.ending import ERROR, RETURNED, End
from orchestrace.recording.model_call import Callee, ModelCall
from orchestrace.testing import Spans


class TestBoundary:
    def test_is_found_inside_while_it_is_open(self) -> None:
        """And nowhere else."""
        boundary = Boundary()
        with boundary.scope:
            inside = current_boundary()
            boundary.end(End(RETURNED, 0))
            after = current_boundary()

        assert [boundary, None, None] == [inside, after, current_boundary()]

    @pytest.mark.parametrize(
        ("streaming", "end", "ended"),
        [
            (None, End(RETURNED, 9), True),
            (object(), End(RETURNED, 9), False),
            (object(), End(ERROR, 9, error=ValueError()), True),
        ],
    )
    def test_ends_its_call_unless_a_stream_goes_on(
        self, orchestrace_spans: Spans, streaming: object, end: End, *, ended: bool
    ) -> None:
        """An error ends it in any case."""
        boundary = Boundary()
        boundary.call = ModelCall(Callee("chat"), ModelRequest("m"))
        boundary.streaming = streaming
        boundary.end(end)

        assert (not ended, int(ended)) == (boundary.call.is_open, len(orchestrace_spans))


class TestOpenBoundary:
    def test_only_where_something_can_be_recorded(
        self, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It makes no span."""
        opened = open_boundary((), {})
        monkeypatch.setattr("orchestrace.recording.boundary.is_silent", lambda: True)

        assert (True, None, 0) == (isinstance(opened, Boundary), open_boundary((), {}), len(orchestrace_spans))
