"""Records to send, settings to send them by, and what they look like when they have arrived."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource

from orchestrace.export.otlp import Encoded, encode_resource, encode_scope, encode_span, request, schema_url
from orchestrace.export.outbox import Record, Waiting
from orchestrace.export.receiver import resolve
from orchestrace.export.resolving import PROVIDERS
from orchestrace.export.target import Sender
from orchestrace.export.target import open as open_sender
from orchestrace.records import SpanRecord
from orchestrace.testing.certificates import Certificates
from orchestrace.testing.otlp import OtlpReceiver

PROTOCOLS = ["http/protobuf", "grpc"]


@dataclass
class Shelf:
    """An outbox in memory that shows what became of what. Keys count up over all signals; the process is 7."""

    waits: dict[int, tuple[str, Record]] = field(default_factory=dict)
    arrived: list[int] = field(default_factory=list)
    aside: dict[int, str] = field(default_factory=dict)
    discarded: list[str] = field(default_factory=list)
    keys: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, *records: Record, signal: str = "traces") -> None:
        """Have records wait."""
        with self.changed:
            for record in records:
                self.keys += 1
                self.waits[self.keys] = signal, record

    def wait(self, holds: Callable[[Shelf], bool], timeout: float = 10.0) -> bool:
        """Wait until something holds."""
        with self.changed:
            return self.changed.wait_for(lambda: holds(self), timeout)

    def waiting(self, signal: str, count: int, size: int) -> list[Waiting]:
        with self.changed:
            found = [(key, 7, record) for key, (kind, record) in self.waits.items() if kind == signal]
        return found[:count]

    def resource(self, process: int) -> Mapping[str, str]:
        return {"service.name": f"process {process}"}

    def delivered(self, signal: str, keys: Iterable[int]) -> None:
        with self.changed:
            self.arrived += [key for key in keys if self.waits.pop(key)[0] == signal]
            self.changed.notify_all()

    def refused(self, signal: str, keys: Iterable[int], reason: str) -> None:
        with self.changed:
            self.aside |= {key: reason for key in keys if self.waits.pop(key)[0] == signal}
            self.changed.notify_all()

    def discard(self, signal: str) -> None:
        with self.changed:
            self.discarded.append(signal)
            self.waits = {key: kept for key, kept in self.waits.items() if kept[0] != signal}
            self.changed.notify_all()


@pytest.fixture
def shelf() -> Shelf:
    """Return an outbox that holds nothing yet."""
    return Shelf()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what the machine's own environment says about export."""
    for name in list(os.environ):
        if name.startswith("OTEL_") or name in {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}:
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
def build() -> Iterator[Callable[..., Sender]]:
    """Open senders of a signal for what `resolve` finds, and close them after the test."""
    built: list[Sender] = []

    def one(signal: str = "traces", **arguments: object) -> Sender:
        found = resolve(**arguments)  # type: ignore[arg-type]
        assert found is not None
        built.append(open_sender(found.targets[signal]))
        return built[-1]

    yield one
    for sender in built:
        sender.close()


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    """Encode records as one request."""

    def one(*records: SpanRecord) -> bytes:
        resource = encode_resource({"service.name": "sourcing"})
        scopes = [(encode_scope(each.scope, each.scope_version), schema_url(each.scope)) for each in records]
        return request(
            Encoded(resource, *scope, encode_span(each)) for each, scope in zip(records, scopes, strict=True)
        )

    return one


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make certificates of an authority that nobody knows; where that cannot be done, what needs them is skipped."""
    try:
        return Certificates.made_in(tmp_path_factory.mktemp("certificates"))
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture
def provide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install a credential provider named `ours`, whose value is an expression with `grpc` and `requests` in it."""

    def one(expression: str) -> None:
        name = f"credentials_{abs(hash(tmp_path))}"
        (tmp_path / f"{name}.py").write_text(f"import grpc, requests\ndef give(): return {expression}\n")
        information = tmp_path / f"{name}-1.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (information / "entry_points.txt").write_text(f"[{PROVIDERS}]\nours = {name}:give\n")
        monkeypatch.syspath_prepend(tmp_path)

    return one
