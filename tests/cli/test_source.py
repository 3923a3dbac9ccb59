from __future__ import annotations

import base64
import json
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typer.testing import CliRunner, Result

from orchestrace.cli.application import application
from orchestrace.cli.source import Asking, open_source
from orchestrace.exceptions import JournalError, SourceError
from orchestrace.export.otlp import Encoded, encode_resource, encode_scope, encode_span, request
from orchestrace.records import SpanRecord
from orchestrace.testing import Answer, ReplayServer

CASES = Path(__file__).with_name("cases")
IDS = {"traceId", "spanId", "parentSpanId"}
TRACE = "0" * 31 + "1"


def with_hex_ids(value: Any) -> Any:
    """Return protobuf's JSON as OTLP wants it."""
    if isinstance(value, list):
        return [with_hex_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: base64.b64decode(one).hex() if name in IDS else with_hex_ids(one) for name, one in value.items()}


def as_otlp(spans: list[SpanRecord]) -> dict[str, Any]:
    """Return spans as they are sent, in JSON."""
    sent = [Encoded(encode_resource({}), encode_scope(span.scope), "", encode_span(span)) for span in spans]
    message = ExportTraceServiceRequest.FromString(request(sent))
    read: dict[str, Any] = with_hex_ids(MessageToDict(message, use_integers_for_enums=True))
    return read


def as_jaeger(spans: list[SpanRecord]) -> dict[str, Any]:
    """Return spans as Jaeger's older API and its page do."""
    return {"traceID": TRACE, "spans": [_as_jaeger(span) for span in spans], "processes": {}}


def _as_jaeger(span: SpanRecord) -> dict[str, Any]:
    special = {"span.kind": ("internal", "server", "client")[span.kind], "otel.scope.name": span.scope}
    if span.status != "UNSET":
        special |= {"otel.status_code": span.status, "otel.status_description": span.status_message or ""}
    events = [(event.time, {"event": event.name, **event.attributes}) for event in span.events]
    parent = [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": span.parent_id}] if span.parent_id else []
    return {
        "traceID": TRACE,
        "spanID": span.span_id,
        "operationName": span.name,
        "references": parent,
        "startTime": span.start // 1000,
        "duration": ((span.end or 0) - span.start) // 1000,
        "tags": _tags({**span.attributes, **special}),
        "logs": [{"timestamp": time // 1000, "fields": _tags(fields)} for time, fields in events],
    }


def _tags(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {bool: "bool", int: "int64", float: "float64"}
    return [
        {
            "key": name,
            "type": kinds.get(type(value), "string"),
            "value": json.dumps(value) if isinstance(value, (list, tuple)) else value,
        }
        for name, value in attributes.items()
    ]


def run(*arguments: str, **options: Any) -> Result:
    """Run a command."""
    return CliRunner().invoke(application, list(arguments), env={"COLUMNS": "100"}, **options)


@pytest.fixture
def told() -> str:
    """Return the story as a reader sees it."""
    return (CASES / "story.txt").read_text(encoding="utf-8")


class TestStory:
    @pytest.mark.parametrize("write", [as_otlp, as_jaeger])
    def test_is_the_same_from_a_file(
        self, tmp_path: Path, story: list[SpanRecord], told: str, write: Callable[[list[SpanRecord]], Any]
    ) -> None:
        """Of OTLP JSON, and as it was saved from Jaeger's page."""
        file = tmp_path / "trace.json"
        file.write_text(json.dumps(write(story)), encoding="utf-8")
        done = run("show", "--from", str(file))

        assert (0, told) == (done.exit_code, done.stdout)

    @pytest.mark.parametrize("version", [1, 2])
    def test_is_the_same_from_jaeger(self, story: list[SpanRecord], told: str, version: int) -> None:
        """Of either version, by an address as the browser shows it, with the header that a proxy before it wants."""
        with ReplayServer() as server:
            newer = Answer(body={"result": as_otlp(story)}) if version > 1 else Answer(404, body="404 page not found")
            server.answer(newer, path=f"/jaeger/api/v3/traces/{TRACE}", method="GET")
            if version == 1:
                answer = Answer(body={"data": [as_jaeger(story)]})
                server.answer(answer, path=f"/jaeger/api/traces/{TRACE}", method="GET")
            address = f"{server.url}/jaeger/trace/1?uiFind=draft"
            done = run("show", "--from", address, "--header", "Authorization: Bearer k:ey")

        assert (0, told) == (done.exit_code, done.stdout)
        assert "Bearer k:ey" == server.requests[0].headers["authorization"]

    def test_is_the_same_from_stdin(self, story: list[SpanRecord], told: str) -> None:
        """What another command prints."""
        done = run("show", "--from", "-", input=json.dumps(as_otlp(story)))

        assert (0, told) == (done.exit_code, done.stdout)

    def test_may_be_in_several_files(self, tmp_path: Path, story: list[SpanRecord], told: str) -> None:
        """A collector begins a new one now and then."""
        files = [tmp_path / "a.json", tmp_path / "b.json"]
        for file, part in zip(files, (story[:5], story[5:]), strict=True):
            lines = [json.dumps(as_otlp([span])) for span in part]
            file.write_text("\n".join(lines), encoding="utf-8")
        done = run("show", "last", "--from", str(files[0]), "--from", str(files[1]))

        assert (0, told) == (done.exit_code, done.stdout)

    def test_is_the_same_from_what_show_printed(self, journal: Path, tmp_path: Path) -> None:
        """`--json` is kept, and shown later."""
        file = tmp_path / "kept.json"
        file.write_text(run("show", "3c7a", "--journal", str(journal), "--json").stdout, encoding="utf-8")

        assert run("show", "3c7a", "--journal", str(journal)).stdout == run("show", "--from", str(file)).stdout

    def test_is_listed(self, tmp_path: Path, story: list[SpanRecord]) -> None:
        """As a journal's runs are."""
        file = tmp_path / "trace.json"
        file.write_text(json.dumps(as_otlp(story)), encoding="utf-8")

        assert "welder-17" in run("list", "--from", str(file)).stdout


class TestErrors:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (["nowhere.json"], r"nowhere\.json cannot be read: No such file or directory\.$"),
            (["jaeger:16686"], r"cannot be read: .* An address begins with http:// or https://\."),
            (["http://a", "http://b"], "takes one address, or any number of files"),
            (["http://[::1"], "is no address"),
        ],
    )
    def test_what_is_not_there(self, given: list[str], message: str) -> None:
        """It says what was taken for what."""
        with pytest.raises(SourceError, match=message):
            open_source(None, given, Asking())

    def test_two_places_contradict(self, tmp_path: Path) -> None:
        """A journal is one, --from another."""
        with pytest.raises(SourceError, match="name two places"):
            open_source(tmp_path, ["-"], Asking())

    @pytest.mark.parametrize("header", ["secret", ": secret", "a: secret\nb: c"])
    def test_a_header_has_a_name_and_a_value(self, header: str) -> None:
        """The message does not repeat it: it may be a key."""
        with pytest.raises(SourceError, match="NAME: VALUE") as raised:
            open_source(None, ["http://a"], Asking([header]))

        assert "secret" not in str(raised.value)

    def test_an_empty_stdin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing came."""
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO()))
        with pytest.raises(SourceError, match="stdin is empty"):
            open_source(None, ["-"], Asking())

    def test_a_trace_that_is_not_there(self, tmp_path: Path, story: list[SpanRecord]) -> None:
        """The file is named, and what is in it."""
        file = tmp_path / "trace.json"
        file.write_text(json.dumps(as_otlp(story)), encoding="utf-8")
        with pytest.raises(JournalError, match=r"no trace ffff in .*trace\.json\. The newest runs: 0+1"):
            open_source(None, [str(file)], Asking()).catalogue.trace("ffff")
