"""collector-config/backend.yaml in front of an OTLP receiver of ours, in the place of any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrace.journal.reader import Reader

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, ProgramRun

    from orchestrace.testing import OtlpReceiver

pytestmark = pytest.mark.backends


class TestBackend:
    def test_gets_all_three_signals(
        self, forwarding: Collector, backend: OtlpReceiver, run: Callable[..., ProgramRun], protocol: str
    ) -> None:
        """Every span, the metrics and the events, and with each request what it is to be let in by."""
        program_run = run(endpoint=forwarding.endpoints[protocol], protocol=protocol)
        recorded = Reader(program_run.journal).trace(program_run.trace_id)
        spans = backend.wait(len(recorded), 30)
        forwarding.wait_until(lambda: bool(backend.metrics and backend.logs), "metrics or events are missing")

        assert sorted(span.span_id for span in recorded) == sorted(span.span_id for span in spans)
        assert "orchestrace.invocations" in {point.metric for point in backend.metrics}
        assert "gen_ai.evaluation.result" in {record.name for record in backend.logs}
        assert {"Bearer of-no-use"} == {request.headers.get("authorization") for request in backend.requests}

    def test_that_is_away_gets_it_later(
        self, forwarding: Collector, backend: OtlpReceiver, run: Callable[..., ProgramRun]
    ) -> None:
        """Also when the collector was killed meanwhile: it is in its queue, metrics and events too."""
        backend.stop()
        program_run = run(endpoint=forwarding.endpoints["http/protobuf"])
        forwarding.kill()
        backend.start()
        forwarding.start()
        recorded = Reader(program_run.journal).trace(program_run.trace_id)
        spans = backend.wait(len(recorded), 30)
        forwarding.wait_until(lambda: bool(backend.metrics and backend.logs), "metrics or events are missing")

        assert {span.span_id for span in recorded} == {span.span_id for span in spans}
