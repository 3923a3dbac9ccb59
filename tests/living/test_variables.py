"""OpenTelemetry's variables, each in a real program. What `docs/settings.md` says of them points here, among others."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from orchestrace.testing import OtlpReceiver

AGENT = "invoke_agent A"
SIGNALS = ("TRACES", "METRICS", "LOGS")


class TestResource:
    def test_it_says_who_runs_where(self, run: Callable[..., Any]) -> None:
        """Name, attributes and detectors come from the variables; the program's own words go before them."""
        with OtlpReceiver() as receiver:
            run(
                'orchestrace.configure(resource_attributes={"team": "code"}); craft("x"); say(done=True)',
                {
                    "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
                    "OTEL_SERVICE_NAME": "sourcing",
                    "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,team=variable,deployment.environment.name=test",
                    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "otel,process",
                },
            )
            receiver.wait(2)
            resource = receiver.resources[0]

        expected = {"service.name": "sourcing", "team": "code", "deployment.environment.name": "test"}
        assert expected.items() <= resource.items()
        assert {"process.pid", "process.runtime.version", "telemetry.sdk.version"} <= resource.keys()


class _Requests(BaseHTTPRequestHandler):
    """Take every request, and keep its path and its headers."""

    seen: ClassVar[dict[str, Message]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.seen[self.path] = self.headers
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


@pytest.fixture
def requests() -> Iterator[tuple[str, dict[str, Message]]]:
    """Listen at an address; what came is found by its path."""
    seen: dict[str, Message] = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Requests,), {"seen": seen})) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
        thread.join()


class TestSignals:
    def test_each_has_variables_of_its_own(
        self, run: Callable[..., Any], requests: tuple[str, dict[str, Message]]
    ) -> None:
        """Address, headers and compression of one signal go before the general ones; the others keep those."""
        address, seen = requests
        done = run(
            """
orchestrace.configure()
with orchestrace.llm_call("m", "o") as call:
    call.response("x")
try:
    with orchestrace.llm_call("m", "o"):
        raise ValueError("no")
except ValueError:
    pass
say(flushed=bool(orchestrace.flush()))
""",
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"{address}/base",
                "OTEL_EXPORTER_OTLP_HEADERS": "x-for=all",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                **{f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL": "http/protobuf" for signal in SIGNALS},
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{address}/numbers",
                "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "x-for=metrics",
                "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION": "gzip",
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{address}/words",
                "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "x-for=logs",
            },
        )

        assert {"flushed": True} == done.said, done.log
        assert {"/base/v1/traces": "all", "/numbers": "metrics", "/words": "logs"} == {
            path: headers["x-for"] for path, headers in seen.items()
        }
        assert ["/numbers"] == [path for path, headers in seen.items() if headers["content-encoding"] == "gzip"]


class TestExporter:
    def test_console_prints_spans(self, run: Callable[..., Any]) -> None:
        """And sends nothing; `none` prints nothing either, and the journal has the run all the same."""
        printed = run(
            'orchestrace.configure(); craft("x"); orchestrace.shutdown(); say(done=True)',
            {"OTEL_TRACES_EXPORTER": "console"},
        )
        silent = run(
            'orchestrace.configure(export=True); craft("x"); say(sent=orchestrace.status().destination)',
            {
                **{f"OTEL_{signal}_EXPORTER": "none" for signal in SIGNALS},
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
            },
        )

        assert AGENT in printed.output
        assert ({"sent": None}, "") == (silent.said, silent.log)
        assert ["inner", "inner", AGENT, AGENT] == silent.recorded


class TestLimits:
    def test_documents_stay_documents(self, run: Callable[..., Any]) -> None:
        """What a value may be long at most is kept, and what stands there can be read; the span says what was cut."""
        done = run(
            'orchestrace.configure(); craft({"text": "x" * 5000, "list": [1, 2]}); say(done=True)',
            {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "400"},
        )
        attributes = done.span(AGENT).attributes
        values = [attributes["input.value"], attributes["output.value"]]

        assert all(len(value) <= 400 for value in attributes.values() if isinstance(value, str))
        assert [True, True] == ["xxx" in str(json.loads(value)) for value in values]
        assert {"input.value", "output.value"} <= set(attributes["orchestrace.truncated"])

    def test_attributes_are_counted_where_that_is_asked_for(self, run: Callable[..., Any]) -> None:
        """By default a span has as many as it needs: the SDK would drop the oldest, and those are the messages."""
        program = """
orchestrace.configure()
@orchestrace.tool
def many():
    span = trace.get_current_span()
    for number in range(200):
        span.set_attribute(f"n{number}", number)
many(); say(done=True)
"""
        done = run(program, {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "50"})

        assert 50 == len(done.span("execute_tool many").attributes)


class TestIgnored:
    def test_names_do_not_depend_on_the_opt_in(self, run: Callable[..., Any]) -> None:
        """The newest names stand on our spans whatever other instrumentations are asked for."""
        program = 'orchestrace.configure(); craft("x"); say(done=True)'
        spans = [
            run(program, {"OTEL_SEMCONV_STABILITY_OPT_IN": said}).spans
            for said in ("", "gen_ai_latest_experimental,http/dup")
        ]
        names = [sorted(span.attributes) for span in spans[-1] if span.name == AGENT]

        assert (2, 1) == (len(names), len({tuple(one) for one in names}))


class TestContext:
    def test_the_context_that_is_named_is_used(self, run: Callable[..., Any]) -> None:
        """OpenTelemetry's only one, by its name; parents are right."""
        done = run(
            'orchestrace.configure(); craft("x"); say(done=True)', {"OTEL_PYTHON_CONTEXT": "contextvars_context"}
        )

        assert done.span(AGENT).span_id == done.span("inner").parent_id

    def test_our_carriers_are_w3cs_whatever_others_propagate(self, run: Callable[..., Any]) -> None:
        """OTEL_PROPAGATORS is for the program's own requests; a process of ours reads what another one wrote."""
        done = run(
            "from opentelemetry import propagate\n"
            "orchestrace.configure()\n"
            '@orchestrace.agent(name="B")\n'
            "def send():\n"
            "    theirs = {}\n"
            "    propagate.inject(theirs)\n"
            "    return sorted(theirs), sorted(orchestrace.inject({}))\n"
            "theirs, ours = send()\n"
            "say(theirs=theirs, ours=ours)",
            {"OTEL_PROPAGATORS": "baggage"},
        )

        assert [] == done.said["theirs"]
        assert "traceparent" in done.said["ours"]
