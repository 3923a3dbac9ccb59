"""A real collector and a real Jaeger, a program in a process of its own, and what the providers answer it."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from orchestrace.records import SpanRecord
from orchestrace.testing import OtlpReceiver, ReplayServer, ToolCall, anthropic_message, openai_chat
from orchestrace.testing.otlp_decoding import decode_resources, decode_spans

ROOT = Path(__file__).parents[2]
BINARIES = ROOT / ".build" / "backends" / "bin"
CONFIGURATIONS = ROOT / "collector-config"
LOCALHOST = "127.0.0.1"
PATIENCE = 30.0
"""Seconds for what takes one on an idle machine."""
NO_TRACE = 404

ServerKind = TypeVar("ServerKind", bound="Server")


class Server:
    """A backend in a process of its own, with ports and folders of its own, told to it by variables only."""

    def __init__(self, name: str, configuration: str, folder: Path, health: str, settings: Mapping[str, str]) -> None:
        binary = BINARIES / name
        if not binary.is_file():
            pytest.fail(f"{binary} is missing: `make backends` builds it, `make test-backends` does that first.")
        self._command = [str(binary), f"--config={CONFIGURATIONS / configuration}"]
        self._environment = own_environment() | settings
        self._health = health
        self._log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it says that it is healthy."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)  # noqa: S603
        with httpx.Client() as client:
            self.wait_until(lambda: _is_healthy(client, self._health), "it is not healthy")

    def wait_until(self, done: Callable[[], bool], complaint: str) -> None:
        """Ask again and again, while it runs, until the answer is yes. Fails with its log when that takes too long."""
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE
        while not done():
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.05)
            if self.process.returncode is not None or time.monotonic() > deadline:
                pytest.fail(f"{complaint}\n{self._log.read_text(errors='replace')[-4000:]}")

    def stop(self) -> None:
        """End it as an administrator does."""
        if self.process is not None:
            self.process.terminate()
            self.process.send_signal(signal.SIGCONT)  # in case it is frozen
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()

    def freeze(self) -> None:
        """Let it do nothing more: its ports take connections and nobody answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it at once: it has no time to put anything in order."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)


class Jaeger(Server):
    """Jaeger, as collector-config/jaeger.yaml sets it up."""

    def __init__(self, folder: Path) -> None:
        names = ["OTLP_GRPC", "OTLP_HTTP", "QUERY", "QUERY_GRPC", "HEALTH"]
        ports = free_ports(f"JAEGER_{name}_PORT" for name in names)
        settings = {"JAEGER_HOST": LOCALHOST, "JAEGER_UI": str(CONFIGURATIONS / "jaeger-ui.json"), **ports}
        super().__init__("jaeger", "jaeger.yaml", folder, f"{_url(ports['JAEGER_HEALTH_PORT'])}/status", settings)
        self.otlp = f"{LOCALHOST}:{ports['JAEGER_OTLP_GRPC_PORT']}"
        self.url = _url(ports["JAEGER_QUERY_PORT"])

    def get(self, path: str, **parameters: str) -> httpx.Response:
        """Ask the query API."""
        return httpx.get(self.url + path, params=parameters, timeout=PATIENCE)

    def find(self, **parameters: str) -> set[str]:
        """Search as the search page does; return the ids of the traces that it lists."""
        found = self.get("/api/traces", limit="20", lookback="1h", **parameters).raise_for_status().json()
        return {trace["traceID"] for trace in found["data"]}

    def wait_for(self, trace_id: str, count: int) -> StoredTrace:
        """Return a trace as soon as it has so many spans."""
        found = StoredTrace("", [], [])

        def is_whole() -> bool:
            nonlocal found
            answer = self.get(f"/api/v3/traces/{trace_id}")
            if answer.status_code != NO_TRACE:
                found = read_trace(answer.raise_for_status())
            return len(found.spans) >= count

        self.wait_until(is_whole, f"Jaeger has not got {count} spans of {trace_id}")
        return found


class Collector(Server):
    """A collector in front of a Jaeger, as collector-config/local.yaml sets it up."""

    def __init__(self, folder: Path, jaeger: Jaeger) -> None:
        ports = free_ports(f"COLLECTOR_{name}_PORT" for name in ["GRPC", "HTTP", "HEALTH", "METRICS"])
        place = {"COLLECTOR_HOST": LOCALHOST, "COLLECTOR_QUEUE": str(folder / "queue"), "JAEGER_OTLP": jaeger.otlp}
        super().__init__("collector", "local.yaml", folder, _url(ports["COLLECTOR_HEALTH_PORT"]), {**place, **ports})
        self.endpoints = {
            "http/protobuf": _url(ports["COLLECTOR_HTTP_PORT"]),
            "grpc": _url(ports["COLLECTOR_GRPC_PORT"]),
        }


@dataclass(frozen=True)
class StoredTrace:
    """What Jaeger gives back: the text of its answer, and the spans and resources in it."""

    text: str
    spans: list[SpanRecord]
    resources: list[dict[str, Any]]


@dataclass(frozen=True)
class ProgramRun:
    """
    A run of `sourcing.py`: the reference that it printed, what it logged, and where its journal is.

    `seconds` is how long the agents took, `leaving` how long the process took to end when they were done.
    """

    reference: str
    seconds: float
    leaving: float
    log: str
    journal: Path

    @property
    def trace_id(self) -> str:
        """The trace that it made."""
        return self.reference.partition("-")[0]


def own_environment() -> dict[str, str]:
    """Return this process's environment, less what it says about tracing."""
    ours = ("OTEL_", "ORCHESTRACE_", "COLLECTOR_", "JAEGER_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def free_ports(names: Iterable[str]) -> dict[str, str]:
    """Give each name a port of this machine on which nobody listens."""
    ports = {}
    with ExitStack() as held:
        for name in names:
            listener = held.enter_context(socket.create_server((LOCALHOST, 0)))
            ports[name] = str(listener.getsockname()[1])
    return ports


def read_trace(answer: httpx.Response) -> StoredTrace:
    """Read Jaeger's answer, which is OTLP as JSON; that writes ids in hex, where protobuf expects base64."""
    message = ParseDict(_with_base64_ids(answer.json()["result"]), ExportTraceServiceRequest())
    return StoredTrace(answer.text, decode_spans(message), decode_resources(message))


def _with_base64_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    ids = {key for key in value if key in {"traceId", "spanId", "parentSpanId"}}
    encoded = {key: base64.b64encode(bytes.fromhex(value[key])).decode() for key in ids}
    return {key: _with_base64_ids(item) for key, item in value.items()} | encoded


def _url(port: str) -> str:
    return f"http://{LOCALHOST}:{port}"


def _is_healthy(client: httpx.Client, url: str) -> bool:
    with suppress(httpx.TransportError):
        return client.get(url).is_success
    return False


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    """Run a Jaeger that all tests share."""
    yield from _running(Jaeger(tmp_path_factory.mktemp("jaeger")))


@pytest.fixture(scope="session")
def collector(tmp_path_factory: pytest.TempPathFactory, jaeger: Jaeger) -> Iterator[Collector]:
    """Run a collector in front of it."""
    yield from _running(Collector(tmp_path_factory.mktemp("collector"), jaeger))


@pytest.fixture
def own_jaeger(tmp_path: Path) -> Iterator[Jaeger]:
    """Run a Jaeger that this test may end."""
    yield from _running(Jaeger(tmp_path))


@pytest.fixture
def own_collector(tmp_path: Path, own_jaeger: Jaeger) -> Iterator[Collector]:
    """Run a collector in front of it that this test may end."""
    yield from _running(Collector(tmp_path, own_jaeger))


@pytest.fixture(scope="session")
def providers() -> Iterator[ReplayServer]:
    """Play OpenAI and Anthropic, at the same port for all runs."""
    with ReplayServer() as server:
        yield server


@pytest.fixture(scope="session")
def run(providers: ReplayServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ProgramRun]:
    """Run the program; what it is told about export are OTEL_EXPORTER_OTLP_… variables, by the rest of their names."""

    def run_program(**export: str) -> ProgramRun:
        answer_once(providers)
        journal = tmp_path_factory.mktemp("journal")
        keys = {"OPENAI_API_KEY": "of-no-use", "ANTHROPIC_API_KEY": "of-no-use", "ORCHESTRACE_JOURNAL": str(journal)}
        urls = {"OPENAI_BASE_URL": f"{providers.url}/v1", "ANTHROPIC_BASE_URL": providers.url}
        told = {f"OTEL_EXPORTER_OTLP_{name.upper()}": value for name, value in export.items()}
        command = [sys.executable, "-W", "error", str(Path(__file__).with_name("sourcing.py"))]
        environment = own_environment() | keys | urls | told
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
        now = time.time()
        assert 0 == done.returncode, done.stderr
        reference, seconds, ended = done.stdout.split()
        return ProgramRun(reference, float(seconds), now - float(ended), done.stderr, journal)

    return run_program


@pytest.fixture(scope="session", params=["http/protobuf", "grpc"])
def protocol(request: pytest.FixtureRequest) -> str:
    """Send over each protocol."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def received(run: Callable[..., ProgramRun], protocol: str) -> list[SpanRecord]:
    """Return the spans of a run as a receiver of ours gets them, from the program itself."""
    with OtlpReceiver(protocol) as receiver:
        run(endpoint=receiver.endpoint, protocol=protocol)
        return receiver.spans


@pytest.fixture(scope="session")
def program_run(run: Callable[..., ProgramRun], protocol: str, collector: Collector) -> ProgramRun:
    """Run the program in front of the collector."""
    return run(endpoint=collector.endpoints[protocol], protocol=protocol)


@pytest.fixture(scope="session")
def stored(program_run: ProgramRun, jaeger: Jaeger, received: list[SpanRecord]) -> StoredTrace:
    """Return the trace of that run as Jaeger has it."""
    return jaeger.wait_for(program_run.trace_id, len(received))


def answer_once(server: ReplayServer) -> None:
    """Queue what the providers answer to one run: a tool call, then a draft that fails and one that passes."""
    openai, anthropic, model = "/v1/chat/completions", "/v1/messages", "gpt-4o-2024-11-20"
    search = ToolCall("search_profiles", {"name": "李雷"})
    server.answer(openai_chat(None, tool_calls=[search], usage=(96, 18), model=model), path=openai)
    server.answer(openai_chat("尊敬的李雷先生,特此通知。", stream=True, usage=(212, 31), model=model), path=openai)
    server.answer(openai_chat("李雷你好,下周喝杯咖啡? ☕", stream=True, usage=(229, 29), model=model), path=openai)
    server.answer(anthropic_message('{"score": 0.4, "feedback": "太正式了 🧐"}', usage=(140, 22)), path=anthropic)
    server.answer(anthropic_message('{"score": 0.9, "feedback": "亲切又简短 👍"}', usage=(138, 16)), path=anthropic)


def _running(server: ServerKind) -> Iterator[ServerKind]:
    try:
        server.start()
        yield server
    finally:
        server.stop()
