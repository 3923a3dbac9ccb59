from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orchestrace.export.console import Printing
from orchestrace.export.readable import readable
from orchestrace.records import SpanRecord


class TestPrinting:
    def test_what_is_exported_is_printed(
        self, record: Callable[..., SpanRecord], resource: Resource, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As the SDK prints it."""
        exporter = Printing()
        done = exporter.export([readable(record(), resource)])
        exporter.shutdown()

        assert SpanExportResult.SUCCESS is done
        assert "span 1" == json.loads(capsys.readouterr().out)["name"]

    def test_it_is_passed_on(self, record: Callable[..., SpanRecord], resource: Resource) -> None:
        """And what becomes of it there is what became of it."""
        inner = InMemorySpanExporter()
        exporter = Printing(inner)
        first = exporter.export([readable(record(), resource)])
        exporter.shutdown()
        second = exporter.export([readable(record(), resource)])

        assert (SpanExportResult.SUCCESS, SpanExportResult.FAILURE) == (first, second)
        assert ["span 1"] == [span.name for span in inner.get_finished_spans()]
