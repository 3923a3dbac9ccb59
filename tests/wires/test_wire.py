"""What holds for every wire: its cases, whatever else comes in, and the shape of what comes out."""

from __future__ import annotations

import copy
import json
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrace.messages import Failure, ModelRequest, ModelResponse
from orchestrace.wires.table import WIRES, Match, recognise
from orchestrace.wires.wire import Wire

CASES = Path(__file__).parent / "cases"
WIRE = {wire.name: wire for wire in WIRES.values()}
GIVEN = ("request", "response", "stream", "failure")
REQUIRED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "text": {"content": str},
    "reasoning": {"content": str},
    "tool_call": {"name": str},
    "tool_call_response": {"response": object},
    "server_tool_call": {"name": str, "server_tool_call": dict},
    "server_tool_call_response": {"server_tool_call_response": dict},
    "blob": {"modality": str, "content": str},
    "file": {"modality": str, "file_id": str},
    "uri": {"modality": str, "uri": str},
}
"""What a part of each type must have: the schemas take a part that lacks it for one of an unknown type."""

Schemas = dict[str, jsonschema.Draft202012Validator]


@cache
def cases(wire: str) -> dict[str, Any]:
    """Return the cases of a wire by their name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((CASES / wire).glob("*.json"))}


def body_of(stream: list[str]) -> bytes:
    """Return the bytes of a stream that a case writes line by line."""
    return "".join(f"{line}\n" for line in stream).encode()


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether there is a wire for a recording."""
    return match_of(recording) is not None


def match_of(recording: dict[str, Any]) -> Match | None:
    """Return what the table says of a recorded request."""
    address = urlsplit(recording["request"]["url"])
    return recognise(recording["request"]["method"], address.hostname or "", address.path)


def wire_of(recording: dict[str, Any]) -> Wire:
    """Return the wire of a recording that has one."""
    match = match_of(recording)
    assert match is not None
    return match.wire


def given_by(recording: dict[str, Any]) -> dict[str, Any]:
    """Return what a recording gives a wire to read."""
    answer = recording["response"]
    said = answer["body"].encode() if answer["body_kind"] == "text" else answer["body"]
    what = "failure" if answer["status"] >= 400 else "stream" if answer["body_kind"] == "text" else "response"
    return {"request": recording["request"]["body"], what: said}


def read(wire: Wire, what: str, said: Any) -> ModelRequest | ModelResponse | Failure | None:  # noqa: ANN401 - any JSON
    """Read what a case gives, or what a recording holds, as the caller of a wire does."""
    if what == "stream":
        return wire.read_stream(said if isinstance(said, bytes) else body_of(said))
    readers = {"request": wire.read_request, "response": wire.read_response, "failure": wire.read_failure}
    return readers[what](said)


def told(record: object) -> Any:  # noqa: ANN401 - any JSON
    """Return a record as JSON that holds only what differs from its defaults."""
    if not is_dataclass(record):
        return record
    default = {
        field.name: field.default_factory() if field.default_factory is not MISSING else field.default
        for field in fields(record)
    }
    values = {name: getattr(record, name) for name in default}
    return {name: told(value) for name, value in values.items() if value != default[name]}


def faults(record: ModelRequest | ModelResponse, schemas: Schemas) -> list[str]:
    """Return where a record breaks the conventions: their schemas, or what a part of its type must have."""
    system, tools = (record.system, record.tools) if isinstance(record, ModelRequest) else ([], [])
    messages = "input-messages" if isinstance(record, ModelRequest) else "output-messages"
    values = {messages: record.messages, "system-instructions": system, "tool-definitions": tools}
    found = [error.message for name, value in values.items() for error in schemas[name].iter_errors(value)]
    for part in [*system, *(part for message in record.messages for part in message["parts"])]:
        required = REQUIRED.get(str(part["type"]), {})
        found += [f"{part}: {key}" for key, kind in required.items() if not isinstance(part.get(key, MISSING), kind)]
        found += [f"{part}: {key}" for key in required if key not in part]
    return found


def words(response: ModelResponse) -> list[str]:
    """Return the text and the reasoning of each message."""
    kinds = {"text", "reasoning"}
    return [
        "".join(str(part["content"]) for part in message["parts"] if part["type"] in kinds)
        for message in response.messages
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a `case` once for each case of each wire."""
    if "case" in metafunc.fixturenames:
        every = {(wire, name): case for wire in WIRE for name, case in cases(wire).items()}
        values = [(WIRE[wire], case) for (wire, _), case in every.items()]
        metafunc.parametrize(("wire", "case"), values, ids=["/".join(place) for place in every])
    elif "wire" in metafunc.fixturenames:
        metafunc.parametrize("wire", WIRE.values(), ids=list(WIRE))


class TestCases:
    def test_every_wire_has_a_folder(self) -> None:
        """A wire is one file and one folder of cases."""
        assert sorted(WIRE) == sorted(path.name for path in CASES.iterdir() if path.is_dir())

    def test_are_read_as_expected(self, wire: Wire, case: dict[str, Any]) -> None:
        """What a case gives is read as it says, field by field; a field that it does not name stays at its default."""
        read_as = {"stream": "response"}
        actual = {read_as.get(what, what): told(read(wire, what, case[what])) for what in GIVEN if what in case}

        assert case["expected"] == actual

    def test_come_out_in_the_shape_of_the_conventions(
        self, wire: Wire, case: dict[str, Any], schemas: Schemas
    ) -> None:
        """Messages, instructions and definitions pass the schemas, and each part has what its type must have."""
        records = [read(wire, what, case[what]) for what in GIVEN if what in case and what != "failure"]

        assert [] == [fault for record in records for fault in faults(record, schemas)]

    def test_a_cut_stream_is_the_beginning_of_the_stream(self, wire: Wire, case: dict[str, Any]) -> None:
        """Whichever byte a stream is cut at, the words that came are the beginning of all its words."""
        body = body_of(case.get("stream", []))
        whole = words(wire.read_stream(body))
        cut = [words(wire.read_stream(body[:end])) for end in range(len(body))]

        assert [] == [some for some in cut if not all(map(str.startswith, whole, some)) or len(some) > len(whole)]


class TestRecordings:
    def test_come_out_in_the_shape_of_the_conventions(self, recording: dict[str, Any], schemas: Schemas) -> None:
        """Messages, instructions and definitions of real traffic pass the schemas, and each part has what it must."""
        wire, given = wire_of(recording), given_by(recording)
        records = [read(wire, what, said) for what, said in given.items() if what != "failure"]

        assert [] == [fault for record in records for fault in faults(record, schemas)]

    def test_a_cut_stream_is_the_beginning_of_the_stream(self, recording: dict[str, Any]) -> None:
        """At a hundred places of a real stream, the words that came are the beginning of all its words."""
        wire, body = wire_of(recording), given_by(recording).get("stream", b"")
        whole = words(wire.read_stream(body))
        cut = [words(wire.read_stream(body[: len(body) * share // 100])) for share in range(100)]

        assert [] == [some for some in cut if not all(map(str.startswith, whole, some)) or len(some) > len(whole)]


# -- whatever comes in ------------------------------------------------------------------------------------------------
def chunks(stream: list[str]) -> list[Any]:
    """Return the JSON of a stream's events."""
    return [json.loads(line[6:]) for line in stream if line.startswith("data: {") and line.endswith("}")]


@cache
def bodies(wire: str) -> list[Any]:
    """Return every JSON body in the cases of a wire."""
    found = [case[what] for case in cases(wire).values() for what in ("request", "response", "failure") if what in case]
    return found + [chunk for case in cases(wire).values() for chunk in chunks(case.get("stream", []))]


def vocabulary(value: Any) -> tuple[set[str], set[str]]:  # noqa: ANN401 - any JSON
    """Return the keys and the texts in a body."""
    if isinstance(value, str):
        return set(), {value}
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    inner = [vocabulary(item) for item in items]
    keys = set(value) if isinstance(value, dict) else set()
    return keys.union(*(keys for keys, _ in inner)), set().union(*(texts for _, texts in inner))


@cache
def any_json(wire: str) -> st.SearchStrategy[Any]:
    """Return JSON of any shape, in the words of a wire."""
    keys, texts = vocabulary(bodies(wire))
    word = st.sampled_from(sorted(texts)) | st.text(max_size=5)
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | word
    key = st.sampled_from(sorted(keys)) | st.text(max_size=3)
    return st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=5))


@st.composite
def altered(draw: st.DrawFn, wire: str) -> Any:  # noqa: ANN401 - any JSON
    """Return a body of a case in which some places hold something else, or nothing."""
    body = copy.deepcopy(draw(st.sampled_from(bodies(wire))))
    for _ in range(draw(st.integers(0, 4))):
        place = body
        while place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if isinstance(place[key], (dict, list)) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            place[key] = draw(any_json(wire))
            break
    return body


def any_object(wire: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return JSON objects that a wire may meet, from nearly right to nonsense."""
    return altered(wire) | any_json(wire).filter(lambda value: isinstance(value, dict))


def any_stream(wire: str) -> st.SearchStrategy[bytes]:
    """Return bodies of streams that a wire may meet, cut anywhere."""
    event = any_object(wire).map(lambda chunk: f"data: {json.dumps(chunk)}\n\n".encode())
    stream = st.lists(event | st.binary(max_size=20), max_size=8).map(b"".join)
    return st.binary() | st.builds(lambda body, cut: body[: len(body) - cut], stream, st.integers(0, 30))


relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck))


class TestTotality:
    @relaxed
    @given(data=st.data())
    def test_any_object_is_read(self, wire: Wire, schemas: Schemas, data: st.DataObject) -> None:
        """Whatever object comes in, nothing is raised, nothing of it is changed, and the shape of what comes out holds."""
        body = data.draw(any_object(wire.name))
        before = repr(body)
        records = [wire.read_request(body), wire.read_response(body)]

        assert isinstance(wire.is_call(body), bool)
        assert isinstance(wire.read_failure(body), (Failure, type(None)))
        assert [] == [fault for record in records for fault in faults(record, schemas)]
        assert before == repr(body)

    @relaxed
    @given(data=st.data())
    def test_any_bytes_are_read(self, wire: Wire, schemas: Schemas, data: st.DataObject) -> None:
        """Whatever bytes come as a stream, nothing is raised, and the shape of what comes out holds."""
        assert [] == faults(wire.read_stream(data.draw(any_stream(wire.name))), schemas)
