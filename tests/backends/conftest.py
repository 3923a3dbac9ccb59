"""A real collector and a real Jaeger, a program in a process of its own, and what the providers answer it."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord
from orchestrace.testing import Answer, OtlpReceiver, ReplayServer, Request, ToolCall, anthropic_message, openai_chat
from orchestrace.testing.otlp_decoding import decode_resources, decode_spans

ROOT = Path(__file__).parents[2]
BINARIES = ROOT / ".build" / "backends" / "bin"
CONFIGURATIONS = ROOT / "collector-config"
LOCALHOST = "127.0.0.1"
PATIENCE = 30.0
"""Seconds for what takes one on an idle machine."""
NO_TRACE = 404
GUESTED = """
import importlib, runpy, sys
program, _, guest = sys.argv[1:]
sys.argv = sys.argv[1:3]
module, _, name = guest.partition(":")
getattr(importlib.import_module(module), name)().instrument()
runpy.run_path(program, run_name="__main__")
"""
"""Another instrumentation first, then the program."""
COUNTS = ("otelcol_receiver_accepted_spans", "otelcol_exporter_sent_spans", "otelcol_exporter_queue_size")

TABLES: dict[str, tuple[list[str], int, list[str]]] = {
    "The record": (
        ["record", "run", "on the span", "attributes", "HTTP", "gRPC"],
        4,
        ["What the plan of a trace wants, and the span on which Jaeger gave it back, value by value."],
    ),
    "Every attribute": (
        ["attribute", "type", "on spans of", "HTTP", "gRPC"],
        3,
        [
            "Every attribute of every span of the three runs, with the type that it has in Jaeger's answer. Each value",
            "was compared with the journal's, and each text that is JSON was parsed.",
        ],
    ),
    "Searches": (
        ["question", "operation", "attributes, as typed", "accepted", "rejected", "refused"],
        3,
        [
            "Jaeger finds a run by attributes that stand together on **one** span, each equal. A run that is not",
            "*found* was looked for and did not come.",
        ],
    ),
    "Metrics": (
        ["metric", "unit", "kind", "for a Prometheus"],
        4,
        [
            "What the collector shows to a Prometheus after the three runs. Dots become `_`; a unit is added, unless",
            "it stands in braces; a counter ends in `_total`; a histogram has `_bucket`, `_sum` and `_count`.",
        ],
    ),
    "Faults": (
        ["what happens", "protocol", "lost", "spans that ended", "in Jaeger", "of these twice"],
        2,
        [
            "Spans that ended in the programs, and how many Jaeger had in the end, by span id. *Twice*: stored a",
            "second time, because the answer to the first was lost; Jaeger shows these once.",
        ],
    ),
}
"""The tables of docs/jaeger.md: columns, how many of them name a row, and what stands above."""
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

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

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

    def find(self, service: str, attributes: Mapping[str, str] = {}, **parameters: str) -> set[str]:
        """
        Search by the attributes of one span; return the ids of the traces that are found.

        The older API: that of version 3 takes no attributes over HTTP in the Jaeger that can be built from its module.
        """
        asked = {"service": service, "tags": json.dumps(attributes), "limit": "50", "lookback": "1h", **parameters}
        found = self.get("/api/traces", **asked).raise_for_status().json()
        return {trace["traceID"] for trace in found["data"]}

    def follow(self, link: str, values: Mapping[str, str], service: str) -> set[str]:
        """Fill in a link of jaeger-ui.json as the page does, and search for what it says, in one service."""
        for name, value in values.items():
            link = link.replace(f"#{{{name}}}", quote(value, safe="!~*'()"))
        (tags,) = parse_qs(urlsplit(link).query, strict_parsing=True)["tags"]
        return self.find(service, json.loads(tags))

    def wait_for(self, trace_id: str, count: int) -> StoredTrace:
        """Return a trace as it is stored, with spans that came twice, as soon as it has so many."""
        found = StoredTrace("", [], [])

        def is_whole() -> bool:
            nonlocal found
            answer = self.get(f"/api/v3/traces/{trace_id}", raw_traces="true")
            if answer.status_code != NO_TRACE:
                found = read_trace(answer.raise_for_status())
            return len(found.spans) >= count

        self.wait_until(is_whole, f"Jaeger has not got {count} spans of {trace_id}")
        return found


class Collector(Server):
    """A collector, as a file of collector-config/ sets it up; what is behind it is told by a variable."""

    def __init__(self, folder: Path, behind: Mapping[str, str], configuration: str = "local.yaml") -> None:
        ports = free_ports(f"COLLECTOR_{name}_PORT" for name in ["GRPC", "HTTP", "HEALTH", "METRICS", "PROMETHEUS"])
        place = {"COLLECTOR_HOST": LOCALHOST, "COLLECTOR_QUEUE": str(folder / "queue")}
        health = _url(ports["COLLECTOR_HEALTH_PORT"])
        super().__init__("collector", configuration, folder, health, {**place, **behind, **ports})
        self.endpoints = {
            "http/protobuf": _url(ports["COLLECTOR_HTTP_PORT"]),
            "grpc": _url(ports["COLLECTOR_GRPC_PORT"]),
        }
        self._own = f"{_url(ports['COLLECTOR_METRICS_PORT'])}/metrics"
        self._prometheus = f"{_url(ports['COLLECTOR_PROMETHEUS_PORT'])}/metrics"

    def scrape(self) -> str:
        """Return what a Prometheus fetches."""
        return httpx.get(self._prometheus, timeout=PATIENCE).raise_for_status().text

    def settle(self) -> None:
        """Wait until it has sent everything that it took since it was started, and what its queue had."""

        def has_sent() -> bool:
            counts = dict.fromkeys(COUNTS, 0.0)
            for line in httpx.get(self._own, timeout=PATIENCE).raise_for_status().text.splitlines():
                if found := re.match(r"(otelcol_\w+?)(?:_total)?\{.*\} (\S+)$", line):
                    counts[found[1]] = counts.get(found[1], 0) + float(found[2])
            return counts[COUNTS[0]] <= counts[COUNTS[1]] and counts[COUNTS[2]] == 0

        self.wait_until(has_sent, "it has not sent what it took")


@dataclass(frozen=True)
class StoredTrace:
    """What Jaeger gives back: the text of its answer, and the spans and resources in it."""

    text: str
    spans: list[SpanRecord]
    resources: list[dict[str, Any]]

    def differences(self, recorded: Iterable[SpanRecord]) -> list[str]:
        """Return in what this is not what was recorded: every field of every span, and the types of attributes."""
        ours, theirs = _fields(recorded), _fields(self.spans)
        named = sorted({*ours, *theirs})
        return [
            f"{name}: {ours.get(name)} != {theirs.get(name)}" for name in named if ours.get(name) != theirs.get(name)
        ]

    def types(self) -> Iterator[tuple[SpanRecord, str, str]]:
        """Return each span with the name and the type of each of its attributes."""
        for span in self.spans:
            for name, value in span.attributes.items():
                yield span, name, _type(value)


@dataclass(frozen=True)
class ToldStory:
    """A run, what its journal has of it, and what Jaeger gives back."""

    run: ProgramRun
    recorded: list[SpanRecord]
    stored: StoredTrace


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


class Tables:
    """
    The tables of docs/jaeger.md: a test that passes adds the row that it stands for.

    With `--tables` they are written. Otherwise each row has to be there already, but for the figures in it; and when
    the whole folder was run, no other.
    """

    def __init__(self, page: Path, *, write: bool) -> None:
        self._page = page
        self._write = write
        self._told: dict[str, dict[tuple[str, ...], dict[str, str]]] = defaultdict(dict)
        self._head, *parts = page.read_text(encoding="utf-8").split("\n## ")
        self._parts = {part.partition("\n")[0]: part for part in parts}

    def add(self, title: str, cells: Mapping[str, str], figures: Mapping[str, str] = {}) -> None:
        """Add cells by the names of their columns, to the row that the first of them name."""
        columns, keys, _ = TABLES[title]
        row = tuple(cells[column] for column in columns[:keys])
        self._told[title].setdefault(row, {}).update({**cells, **figures})
        if not self._write:
            shown = self._shown(title)
            assert [line for line in shown if cells.items() <= line.items()], f"{row} in docs/jaeger.md: `make tables`"

    def finish(self, *, whole: bool) -> None:
        """Write them, or hold the page to have no row that nobody told."""
        if self._write:
            self._parts |= {title: _table(title, rows) for title, rows in self._told.items()}
            parts = [self._parts[title] for title in TABLES if title in self._parts]
            self._page.write_text("\n## ".join([self._head, *parts]), encoding="utf-8")
        elif whole:
            for title, (columns, keys, _) in TABLES.items():
                shown = {tuple(line[column] for column in columns[:keys]) for line in self._shown(title)}
                assert shown <= self._told[title].keys(), f"{title} in docs/jaeger.md: `make tables`"

    def _shown(self, title: str) -> list[dict[str, str]]:
        lines = [line for line in self._parts.get(title, "").splitlines() if line.startswith("| ")]
        header, _, *rows = [line[2:-2].split(" | ") for line in lines] if lines else ([], [])
        return [dict(zip(header, row, strict=True)) for row in rows]


def _table(title: str, rows: Mapping[tuple[str, ...], Mapping[str, str]]) -> str:
    columns, _, words = TABLES[title]
    cells = [[row.get(column, "") for column in columns] for row in rows.values()]
    lines = [f"| {' | '.join(line)} |" for line in [columns, ["---"] * len(columns), *cells]]
    return "\n".join([title, "", *words, "", *lines, ""])


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


def _fields(spans: Iterable[SpanRecord]) -> dict[tuple[str, ...], Any]:
    """Return every field of every span by id and name; what was sampled is not sent along."""
    found: dict[tuple[str, ...], Any] = {}
    for span in spans:
        fields = {name: value for name, value in asdict(span).items() if name not in {"attributes", "sampled"}}
        found |= {(span.span_id, name): value for name, value in fields.items()}
        # 1, 1.0 and True are equal.
        found |= {(span.span_id, "attributes", name): (_type(value), value) for name, value in span.attributes.items()}
    return found


def _type(value: object) -> str:
    """Return a value's type as OTLP has it."""
    if isinstance(value, (list, tuple)):
        return f"{_type(value[0])}[]" if value else "array"
    return {str: "string", bool: "bool", int: "int", float: "double"}[type(value)]


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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Have the tables written instead of compared."""
    parser.addoption("--tables", action="store_true", help="write the tables of docs/jaeger.md")


@pytest.fixture(scope="session")
def tables(root: Path, request: pytest.FixtureRequest) -> Iterator[Tables]:
    """Return what the rows of docs/jaeger.md are told to."""
    config = request.config
    tables = Tables(root / "docs" / "jaeger.md", write=config.getoption("--tables"))
    yield tables
    narrowed = config.getoption("keyword") or request.session.testsfailed or len(config.args) > 1
    tables.finish(whole=not narrowed and Path(config.args[0]).resolve() == Path(__file__).parent)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def interface(root: Path) -> dict[str, str]:
    """Return the links of Jaeger's page by the attribute that carries them."""
    settings = json.loads((root / "collector-config" / "jaeger-ui.json").read_text(encoding="utf-8"))
    return {link["key"]: link["url"] for link in settings["linkPatterns"]}


@pytest.fixture(scope="session")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    """Run a Jaeger that all tests share."""
    yield from _running(Jaeger(tmp_path_factory.mktemp("jaeger")))


@pytest.fixture(scope="session")
def collector(tmp_path_factory: pytest.TempPathFactory, jaeger: Jaeger) -> Iterator[Collector]:
    """Run a collector in front of it."""
    yield from _running(Collector(tmp_path_factory.mktemp("collector"), {"JAEGER_OTLP": jaeger.otlp}))


@pytest.fixture
def own_jaeger(tmp_path: Path) -> Iterator[Jaeger]:
    """Run a Jaeger that this test may end."""
    yield from _running(Jaeger(tmp_path))


@pytest.fixture
def own_collector(tmp_path: Path, own_jaeger: Jaeger) -> Iterator[Collector]:
    """Run a collector in front of it that this test may end."""
    yield from _running(Collector(tmp_path, {"JAEGER_OTLP": own_jaeger.otlp}))


@pytest.fixture
def backend() -> Iterator[OtlpReceiver]:
    """Be a backend that somebody has already."""
    with OtlpReceiver() as receiver:
        yield receiver


@pytest.fixture
def forwarding(tmp_path: Path, backend: OtlpReceiver) -> Iterator[Collector]:
    """Run a collector in front of it."""
    behind = {"BACKEND_ENDPOINT": backend.endpoint, "BACKEND_AUTHORIZATION": "Bearer of-no-use"}
    yield from _running(Collector(tmp_path, behind, "backend.yaml"))


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Return this process's environment, less what it says about tracing."""
    return own_environment()


@pytest.fixture(scope="session")
def providers() -> Iterator[ReplayServer]:
    """Play OpenAI and Anthropic, at the same port for all runs."""
    with ReplayServer() as server:
        server.answer(play, times=None)
        yield server


@pytest.fixture(scope="session")
def run(providers: ReplayServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ProgramRun]:
    """
    Run the program, beside another instrumentation (module:class) if there is to be one.

    What it is told about export are OTEL_EXPORTER_OTLP_… variables, by the rest of their names.
    """

    def run_program(story: str = "accepted", guest: str = "", **export: str) -> ProgramRun:
        journal = tmp_path_factory.mktemp("journal")
        keys = {"OPENAI_API_KEY": "of-no-use", "ANTHROPIC_API_KEY": "of-no-use", "ORCHESTRACE_JOURNAL": str(journal)}
        urls = {"OPENAI_BASE_URL": f"{providers.url}/v1", "ANTHROPIC_BASE_URL": providers.url}
        told = {f"OTEL_EXPORTER_OTLP_{name.upper()}": value for name, value in export.items()}
        program = str(Path(__file__).with_name("sourcing.py"))
        how = ["-c", GUESTED, program, story, guest] if guest else ["-W", "error", program, story]
        command = [sys.executable, *how]
        variables = own_environment() | keys | urls | told
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
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
def tell(run: Callable[..., ProgramRun], collector: Collector, jaeger: Jaeger) -> Callable[..., ToldStory]:
    """Return how to run a story in front of the collector, once, and to read it back from Jaeger."""

    @cache
    def told(story: str, protocol: str, guest: str = "") -> ToldStory:
        program_run = run(story, guest, endpoint=collector.endpoints[protocol], protocol=protocol)
        recorded = Reader(program_run.journal).trace(program_run.trace_id)
        return ToldStory(program_run, recorded, jaeger.wait_for(program_run.trace_id, len(recorded)))

    return told


# -- what the providers say -------------------------------------------------------------------------------------------
PERSON = {"李雷": "accepted", "Zoë": "rejected", "Bo": "refused"}
DRAFTS = {
    "accepted": {"": "尊敬的李雷先生,特此通知。", "太正式了": "李雷你好,下周喝杯咖啡? ☕"},
    "rejected": {"": "Dear Ms. Ångström, we hereby …", "hereby": "Zoë. Job. Call.", "curt": "Zoë, " + "please! " * 90},
}
"""The next draft, by a word of the feedback that it answers."""
VERDICTS = {
    "尊敬的李雷先生": (0.4, "stiff", "太正式了 🧐"),
    "李雷你好": (0.9, "warm", "亲切又简短 👍"),
    "hereby": (0.2, "stiff", "no human says hereby"),
    "Job. Call.": (0.5, "curt", "friendlier, but curt"),
    "please!": (0.1, "begging", "begging does not help"),
}
CONTEXT_LENGTH = {"message": "This model's maximum context length is 128000 tokens.", "code": "context_length_exceeded"}
TOKENS = {
    "prompt_tokens": 212,
    "completion_tokens": 31,
    "prompt_tokens_details": {"cached_tokens": 128},
    "completion_tokens_details": {"reasoning_tokens": 7},
}


def play(request: Request) -> Answer:
    """Answer as the providers do; which story it is stands in the request."""
    asked = json.dumps(request.json(), ensure_ascii=False)
    if request.path.endswith("/messages"):
        score, label, feedback = next(verdict for words, verdict in VERDICTS.items() if words in asked)
        said = json.dumps({"score": score, "label": label, "feedback": feedback}, ensure_ascii=False)
        return anthropic_message(said, usage=(140, 22))
    if request.path.endswith("/embeddings"):
        vector = {"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}
        usage = {"prompt_tokens": 6, "total_tokens": 6}
        return Answer(body={"object": "list", "data": [vector], "model": "text-embedding-3-small", "usage": usage})
    person, story = next((person, story) for person, story in PERSON.items() if person in asked)
    model = "gpt-4o-2024-11-20"
    if "tools" in request.json():
        search = ToolCall("search_profiles", {"name": person})
        return openai_chat(None, tool_calls=[search], usage=(96, 18), model=model)
    if story == "refused":
        return Answer(400, body={"error": CONTEXT_LENGTH})
    if story == "rejected" and request.headers["x-stainless-retry-count"] == "0":
        return Answer(429, headers={"retry-after-ms": "1"}, body={"error": {"message": "Slow down."}})
    draft = [text for word, text in DRAFTS[story].items() if word in asked][-1]
    return openai_chat(draft, stream=True, usage=TOKENS, model=model)


def _running(server: ServerKind) -> Iterator[ServerKind]:
    try:
        server.start()
        yield server
    finally:
        server.stop()
