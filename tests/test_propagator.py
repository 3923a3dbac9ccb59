from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import orchestrace
from orchestrace.pipeline.processor import Processor
from orchestrace.propagator import RunPropagator
from orchestrace.recording import lineage
from orchestrace.records import SpanRecord
from orchestrace.testing import capture

BOTH = CompositePropagator([TraceContextTextMapPropagator(), RunPropagator()])


class Kept:
    """A sink that keeps what ended."""

    def __init__(self) -> None:
        self.records: list[SpanRecord] = []

    def started(self, record: SpanRecord) -> None:
        """Take no note."""

    def ended(self, record: SpanRecord) -> None:
        """Keep it."""
        self.records.append(record)


@pytest.fixture
def headers() -> dict[str, str]:
    """Return the headers with which an agent asks another service."""
    with capture(), orchestrace.session("s-1", user="li", tenant="acme"), orchestrace.agent(name="A"):
        return orchestrace.inject({})


class TestExtract:
    def test_a_servers_own_span_says_whose_it_is(self, headers: dict[str, str]) -> None:
        """It begins before the program has a say; what stands below it does so as well."""
        kept, provider = Kept(), TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(Processor([kept]))
        span = provider.get_tracer("server").start_span("GET /", BOTH.extract(headers), SpanKind.SERVER)
        span.end()
        [record] = kept.records

        assert ("s-1", "li", "acme", "A") == tuple(
            record.attributes.get(name) for name in ("session.id", "user.id", "orchestrace.tenant", "gen_ai.agent.name")
        )
        assert headers["traceparent"].split("-")[1:3] == [record.trace_id, record.parent_id]

    @pytest.mark.parametrize(
        "carrier", [{}, {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}, {"orchestrace-run": "no"}]
    )
    def test_a_request_of_a_stranger_belongs_to_no_run(self, carrier: dict[str, str]) -> None:
        """Its trace goes on all the same."""
        assert lineage.current(BOTH.extract(carrier)) is None

    def test_a_getter_that_fails_fails_nobody(self) -> None:
        """A server answers whatever is wrong with its headers."""

        class Broken:
            def get(self, carrier: Any, key: str) -> list[str] | None:
                raise RuntimeError(key)

        assert Context() == RunPropagator().extract({}, getter=Broken())  # type: ignore[arg-type] # broken indeed


class TestInject:
    def test_nothing_is_written(self) -> None:
        """What is current here is nobody's business that a request goes to."""
        carrier: dict[str, str] = {}
        with capture(), orchestrace.session("s-1"), orchestrace.agent(name="A"):
            RunPropagator().inject(carrier)

        assert ({}, set()) == (carrier, RunPropagator().fields)


class TestName:
    def test_it_is_found_by_it(self) -> None:
        """As OTEL_PROPAGATORS names it."""
        [found] = entry_points(group="opentelemetry_propagator", name="orchestrace")

        assert RunPropagator is found.load()
