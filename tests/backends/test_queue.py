from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrace.journal.reader import Reader

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, Jaeger, ProgramRun

pytestmark = pytest.mark.backends


class TestQueue:
    def test_outlives_jaeger_and_the_collector(
        self, own_jaeger: Jaeger, own_collector: Collector, run: Callable[..., ProgramRun]
    ) -> None:
        """What the collector took while Jaeger was away is still delivered after the collector was killed, too."""
        own_jaeger.stop()
        program_run = run(endpoint=own_collector.endpoints["http/protobuf"])
        own_collector.kill()
        own_jaeger.start()
        own_collector.start()
        sent = {span.span_id for span in Reader(program_run.journal).trace(program_run.trace_id)}
        arrived = own_jaeger.wait_for(program_run.trace_id, len(sent))

        assert "" == program_run.log
        assert sent == {span.span_id for span in arrived.spans}
