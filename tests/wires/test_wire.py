"""What holds for every wire: its cases, whatever else comes in, and the shape of what comes out."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrace import wires
from orchestrace.messages import Failure, ModelRequest, ModelResponse
from orchestrace.wires.table import FETCHES, WIRES, Match, recognise
from orchestrace.wires.wire import Wire

CASES = Path(__file__).parent / "cases"
WIRE = {wire.name: wire for wire in (*WIRES.values(), *FETCHES.values())}
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
    """Tell whether there is a wire for a recording; where several formats have one path, whether it reads the body."""
    match = match_of(recording)
    return match is not None and (not match.wire.shares_paths or match.wire.is_call(request_of(recording)))


def request_of(recording: dict[str, Any]) -> Any:
    """Return the body of a recorded request; an empty one if it is a form, or none."""
    return recording["request"]["body"] if recording["request"]["body_kind"] == "json" else {}


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
    if answer["body_kind"] == "base64":
        what = "stream" if "eventstream" in answer["headers"]["content-type"] else "other"
        return {"request": request_of(recording), what: base64.b64decode(answer["body_base64"])}
    said = answer["body"].encode() if answer["body_kind"] == "text" else answer["body"]
    what = "failure" if answer["status"] >= 400 else "stream" if answer["body_kind"] == "text" else "response"
    return {"request": request_of(recording), what: said}


def read(wire: Wire, what: str, said: Any) -> ModelRequest | ModelResponse | Failure | None:
    """Read what a case gives, or what a recording holds, as the caller of a wire does."""
    if what == "stream":
        return wire.read_stream(said if isinstance(said, bytes) else body_of(said))
    if what == "other":
        assert wire.read_other is not None
        return wire.read_other(said, "")
    readers = {"request": wire.read_request, "response": wire.read_response, "failure": wire.read_failure}
    return readers[what](said)


def told(record: object) -> Any:
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
    return found + lacks(record)


def lacks(record: ModelRequest | ModelResponse) -> list[str]:
    """Return the parts that lack what their type must have."""
    system = record.system if isinstance(record, ModelRequest) else []
    return [
        f"{part}: {key}"
        for part in [*system, *(part for message in record.messages for part in message["parts"])]
        for key, kind in REQUIRED.get(str(part["type"]), {}).items()
        if key not in part or not isinstance(part[key], kind)
    ]


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


class TestWires:
    def test_know_nothing_of_each_other(self) -> None:
        """A wire imports what all wires share, and modules that begin with its own name."""
        shared = {"aws_event_stream", "reading", "sampling", "server_sent_events", "wire"}
        shared |= {"anthropic_error", "openai_error", "openai_finish_reasons", "openai_input", "openai_usage"}
        folder = Path(wires.__file__).parent
        imports = {
            path.stem: set(
                re.findall(r"^from orchestrace\.wires\.(\w+) import", path.read_text(encoding="utf-8"), re.MULTILINE)
            )
            for path in folder.glob("*.py")
            if path.stem != "table"
        }

        assert {} == {
            module: foreign
            for module, names in imports.items()
            if (foreign := {name for name in names - shared if not name.startswith(module)})
        }

    def test_every_wire_has_a_folder(self) -> None:
        """A wire is one file and one folder of cases."""
        assert sorted(WIRE) == sorted(path.name for path in CASES.iterdir() if path.is_dir())


class TestCases:
    def test_are_read_as_expected(self, wire: Wire, case: dict[str, Any]) -> None:
        """What a case gives is read as it says, field by field; a field that it does not name stays at its default."""
        read_as = {"stream": "response"}
        actual = {read_as.get(what, what): told(read(wire, what, case[what])) for what in GIVEN if what in case}

        assert case["expected"] == actual

    def test_come_out_in_the_shape_of_the_conventions(self, wire: Wire, case: dict[str, Any], schemas: Schemas) -> None:
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
WRONG: list[Any] = [None, True, -7, 0.5, "", "x", [], ["x"], [[]], [{}], {}, {"type": []}, {"x": {"type": "text"}}]
"""What may stand where a wire expects something else."""


def chunks(stream: list[str]) -> list[Any]:
    """Return the JSON of a stream's events."""
    return [json.loads(line[6:]) for line in stream if line.startswith("data: {") and line.endswith("}")]


def sent(chunks: list[Any]) -> bytes:
    """Return a stream of events."""
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks)


def spoilt(given: Any) -> Iterator[Any]:
    """Return JSON again and again, each time with one place of it holding one wrong value."""
    open_places = [given]
    while open_places:
        place = open_places.pop()
        for key in list(place if isinstance(place, dict) else range(len(place))):
            right = place[key]
            for wrong in WRONG:
                place[key] = copy.deepcopy(wrong)
                yield given
            place[key] = right
            open_places += [right] if isinstance(right, (dict, list)) else []


@cache
def words_of(wire: str) -> tuple[list[str], list[str]]:
    """Return the keys and the texts in all that the cases of a wire give."""
    keys, texts = set(), set()
    places: list[Any] = [
        case[what] for case in cases(wire).values() for what in ("request", "response") if what in case
    ]
    places += [chunks(case["stream"]) for case in cases(wire).values() if "stream" in case]
    while places:
        place = places.pop()
        if isinstance(place, str):
            texts.add(place)
        elif isinstance(place, (dict, list)):
            keys |= set(place if isinstance(place, dict) else ())
            places += place.values() if isinstance(place, dict) else place
    return sorted(keys), sorted(texts)


@cache
def nonsense(wire: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects of any shape, in the words of a wire."""
    keys, texts = words_of(wire)
    word = st.sampled_from(texts) | st.text(max_size=5)
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | word
    key = st.sampled_from(keys) | st.text(max_size=3)
    inner = st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=5))
    return st.dictionaries(key, inner, max_size=8)


# With so many wires, some inputs of nonsense for each are many.
relaxed = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


class TestTotality:
    def test_a_wrong_value_at_any_place_is_read_around(self, wire: Wire, case: dict[str, Any]) -> None:
        """Wherever a case holds a value of another type, or none, nothing is raised and no part is half a part."""
        given = {what: chunks(case[what]) if what == "stream" else case[what] for what in GIVEN if what in case}
        records = [
            read(wire, what, sent(wrong) if what == "stream" else wrong)
            for what, right in given.items()
            for wrong in spoilt(copy.deepcopy(right))
        ]

        assert [] == [
            lack for record in records if record and not isinstance(record, Failure) for lack in lacks(record)
        ]

    @relaxed
    @given(data=st.data())
    def test_any_object_is_read(self, wire: Wire, schemas: Schemas, data: st.DataObject) -> None:
        """Whatever object comes in, nothing is raised, it is left as it is, and the shape of what comes out holds."""
        body = data.draw(nonsense(wire.name))
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
        events = st.lists(nonsense(wire.name).map(lambda event: sent([event])) | st.binary(max_size=20), max_size=5)
        body = data.draw(st.binary() | events.map(b"".join))

        assert [] == faults(wire.read_stream(body), schemas)
