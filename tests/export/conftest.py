"""Records to send, settings to send them by, and what they look like when they have arrived."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.sdk.resources import Resource

from orchestrace.export.endpoint import build_sender
from orchestrace.export.sender import Sender
from orchestrace.records import SpanRecord
from orchestrace.testing.otlp import OtlpReceiver

PROTOCOLS = ["http/protobuf", "grpc"]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what the machine's own environment says about export."""
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def record() -> Callable[..., SpanRecord]:
    """Make an ended span whose id is the given number."""

    def make(number: int = 1, **fields: object) -> SpanRecord:
        span = SpanRecord("0af7651916cd43dd8448eb211c80319c", f"{number:016x}", None, f"span {number}", 0, 1_000, 2_000)
        for name, value in fields.items():
            setattr(span, name, value)
        return span

    return make


@pytest.fixture
def resource() -> Resource:
    """Return a resource with a name."""
    return Resource({"service.name": "sourcing"})


@pytest.fixture(params=PROTOCOLS)
def receiver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[OtlpReceiver]:
    """Receive over each protocol; the protocol stands in the environment, the endpoint does not."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", request.param)
    with OtlpReceiver(request.param) as receiver:
        yield receiver


@pytest.fixture
def build(resource: Resource) -> Iterator[Callable[..., Sender]]:
    """Build senders as `build_sender` does, and stop them after the test without waiting."""
    built: list[Sender] = []

    def one(**arguments: object) -> Sender:
        sender = build_sender(resource, **arguments)  # type: ignore[arg-type]
        assert sender is not None
        built.append(sender)
        return sender

    yield one
    for sender in built:
        sender.shutdown(0)
