"""Hand records to an exporter, and keep account of what arrived."""

from __future__ import annotations

import threading
from collections.abc import Callable

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from orchestrace.export.batch import batches
from orchestrace.export.loss import Losses
from orchestrace.export.readable import readable, sendable
from orchestrace.export.stock_log import overhear
from orchestrace.recording.guard import guarded, report
from orchestrace.records import SpanRecord

__all__ = ["Delivery"]


class Delivery:
    """
    One process's way to a receiver, used by one thread and given up by another.

    Every record that it takes is counted once, as sent or as lost.
    """

    def __init__(self, connect: Callable[[], SpanExporter], resource: Resource, destination: str) -> None:
        self.destination = destination
        self.losses: Losses = Losses(destination)
        self.sent: int = 0
        self.given_up: bool = False
        self._connect = connect
        self._resource = sendable(resource)
        self._exporter: SpanExporter | None = None
        self._batch: list[SpanRecord] = []
        self._on_the_way = 0
        self._accounting = threading.Lock()

    def connect(self) -> None:
        """Make the exporter, if there is none; whatever it says of its settings is raised."""
        if self._exporter is None:
            self._exporter = self._connect()

    def take(self, record: SpanRecord) -> int:
        """Add a record to the next batch; return how many are in it."""
        with self._accounting:
            if self.given_up:
                self.losses.add(1, "after shutdown")
            else:
                self._batch.append(record)
                self._on_the_way += 1
        return len(self._batch)

    def send(self) -> None:
        """Send the batch, in as many requests as its size takes. Never raises."""
        records, self._batch = self._batch, []
        for spans in batches(self._spans(records)):
            self._settle(len(spans), self._refusal(spans))

    def give_up(self, waiting: int, reason: str) -> None:
        """Count what waits and what is on its way as lost, and end what the exporter attempts."""
        with self._accounting:
            self.given_up = True
            self.losses.add(waiting + self._on_the_way, reason)
        self.close()
        self.losses.say(now=True)

    @guarded("export", None)
    def close(self) -> None:
        """Close the exporter."""
        if self._exporter is not None:
            with overhear():
                self._exporter.shutdown()

    def _spans(self, records: list[SpanRecord]) -> list[ReadableSpan]:
        spans = []
        with overhear():
            for record in records:
                try:
                    spans.append(readable(record, self._resource))
                except Exception as error:  # noqa: BLE001 - one odd span must not cost the others
                    report("export", error)
                    self._settle(1, f"{type(error).__name__}: {error}")
        return spans

    def _refusal(self, spans: list[ReadableSpan]) -> str | None:
        if self.given_up:
            return "after shutdown"
        with overhear() as said:
            try:
                self.connect()
                if self._exporter is not None and self._exporter.export(spans) is SpanExportResult.SUCCESS:
                    return None
            except Exception as error:  # noqa: BLE001 - an exporter may be anybody's
                said.append(f"{type(error).__name__}: {error}")
        return said[-1] if said else "no reason given"

    def _settle(self, count: int, refusal: str | None) -> None:
        with self._accounting:
            if self.given_up:  # counted as lost when it was, whatever became of it
                return
            self._on_the_way -= count
            if refusal is None:
                self.sent += count
            else:
                self.losses.add(count, refusal)
