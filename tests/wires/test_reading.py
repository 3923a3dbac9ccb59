from __future__ import annotations

import json
import math

import pytest

from orchestrace.messages import blob, text, uri
from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.reading import (
    Reader,
    Table,
    arguments_from,
    attributes_from,
    count_at,
    data_or_uri,
    finish_reasons,
    flag_at,
    integer_at,
    message_from,
    number_at,
    object_at,
    object_from,
    objects_at,
    rest_of,
    text_at,
    texts_at,
    unread,
    with_further,
)

VALUES: list[JSON] = [None, True, 0, 7, -1, 2**63, 0.5, math.inf, "", "a", [], ["a"], ["a", 1], {}, {"b": 1}]
TAKEN: dict[Reader, list[JSON]] = {
    text_at: ["", "a"],
    texts_at: [[""], ["a"], ["a"]],
    integer_at: [0, 7, -1],
    count_at: [0, 7],
    number_at: [0.0, 7.0, -1.0, 0.5, math.inf],
}
"""What each reader returns for those of the values that it takes."""


class TestReaders:
    @pytest.mark.parametrize("read", TAKEN, ids=lambda read: read.__name__)
    def test_take_values_of_their_type_alone(self, read: Reader) -> None:
        """A value of another type, or too big for a span, is as good as absent."""
        taken = [value for value in (read({"key": value}, "key") for value in VALUES) if value is not None]

        assert TAKEN[read] == taken
        assert {type(value) for value in TAKEN[read]} == {type(value) for value in taken}

    def test_absent_is_none(self) -> None:
        """What is not there has no value, not an empty one."""
        assert [None] * len(TAKEN) == [read({}, "key") for read in TAKEN]

    def test_a_flag_is_true_alone(self) -> None:
        """Whatever else programs take for true is no flag."""
        assert [True] == [value for value in VALUES if flag_at({"key": value}, "key")]

    def test_an_object_is_an_object(self) -> None:
        """Where another type stands, there is an empty object to read on from."""
        assert [{"b": 1}] == [found for value in VALUES if (found := object_at({"key": value}, "key"))]

    def test_objects_are_those_of_a_list(self) -> None:
        """Items that are no objects, and anything that is no list, are left out."""
        assert [{"b": 1}, {}] == objects_at({"key": [{"b": 1}, 1, None, {}]}, "key")
        assert [] == [found for value in VALUES if (found := objects_at({"key": value}, "key"))]

    def test_the_first_known_count_is_taken(self) -> None:
        """Hosts have several names for one count."""
        assert 3 == count_at({"a": None, "b": 3, "c": 4}, "a", "b", "c")


class TestSeveralValues:
    def test_the_rest_is_neither_read_nor_null(self) -> None:
        """What has been read, and what says nothing, is left out."""
        assert {"c": 0} == rest_of({"a": 1, "b": None, "c": 0}, {"a"})

    def test_attributes_are_read_by_a_table(self) -> None:
        """A value that cannot be read sets nothing; of two keys for one name the last that says anything counts."""
        table: Table = {"a": ("x", text_at), "b": ("y", integer_at), "c": ("y", integer_at), "d": ("z", integer_at)}
        body: JSONObject = {"a": "1", "b": 1, "c": 2, "d": "no"}

        assert {"x": "1", "y": 2} == attributes_from(body, table)
        assert {"y": 1} == attributes_from({"b": 1}, table)
        assert {"y": 2} == attributes_from({"c": 2, "b": 1}, table)

    @pytest.mark.parametrize(
        ("raw", "failed", "expected"),
        [
            (["end", "odd"], False, ["stop", "odd"]),
            (["end", None], False, ["stop"]),
            (["end", None], True, ["stop", "error"]),
            ([], True, ["error"]),
            ([], False, []),
        ],
    )
    def test_reasons_are_mapped(self, raw: list[str | None], *, failed: bool, expected: list[str]) -> None:
        """A word that nobody knows stays; where none came, a failure is the reason, and a cut is none."""
        assert expected == finish_reasons(raw, {"end": "stop"}, failed=failed)


class TestTexts:
    @pytest.mark.parametrize("broken", ["", "{", "[1]", "7", "[" * 100_000], ids=lambda broken: broken[:5])
    def test_what_is_no_object_is_none(self, broken: str) -> None:
        """Broken JSON, other JSON and JSON too deep to read are no objects."""
        assert object_from(broken) is None

    def test_lax_json_is_read(self) -> None:
        """Servers write what only lax parsers take: no number, half a surrogate pair."""
        assert '{"a": NaN, "b": "\\ud83d"}' == json.dumps(object_from('{"a":NaN,"b":"\\ud83d"}'))

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ('{"a": 1}', {"a": 1}),
            ({"a": 1}, {"a": 1}),
            ('{"a": ', '{"a": '),
            ('{"a": NaN}', '{"a": NaN}'),
            ("[1]", "[1]"),
            ("7", "7"),
            ("", None),
            (None, None),
        ],
        ids=repr,
    )
    def test_arguments_are_an_object_or_the_text(self, given: JSON, expected: JSON) -> None:
        """Arguments that are no object stay the text that the model wrote."""
        assert expected == arguments_from(given)


class TestParts:
    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            ("https://example.com/a.png", uri("image", "https://example.com/a.png")),
            ("data:image/png;base64,aGk=", blob("image", "aGk=", "image/png")),
            ("data:image/png;charset=x;base64,aGk=", blob("image", "aGk=", "image/png")),
            ("DATA:audio/mpeg;base64,aGk=", blob("audio", "aGk=", "audio/mpeg")),
            ("data:application/pdf;base64,aGk=", blob("document", "aGk=", "application/pdf")),
            ("data:text/plain,h%69", blob("document", "aGk=", "text/plain")),
            ("data:,hi", blob("image", "aGk=")),
            ("data:", blob("image", "")),
        ],
        ids=repr,
    )
    def test_an_address_is_a_uri_or_a_blob(self, address: str, expected: dict[str, JSON]) -> None:
        """What an address holds itself is a blob in base64, of the type that it names."""
        assert expected == data_or_uri(address, "image")

    def test_half_a_surrogate_pair_is_replaced(self) -> None:
        """A text that is no Unicode is still an address."""
        assert blob("image", "Pw==") == data_or_uri("data:,\ud83d", "image")

    def test_further_fields_stand_behind(self) -> None:
        """What a provider adds never takes the place of a part's own fields."""
        part = with_further(text("hi"), {"content": "other", "cache": True})

        assert [("type", "text"), ("content", "hi"), ("cache", True)] == [*part.items()]

    def test_messages_have_a_name_that_is_a_text(self) -> None:
        """A name of another type is none; further fields stand beside the parts."""
        assert {"role": "user", "parts": [], "x": 1} == message_from("user", [], {"name": 7, "x": 1})
        assert {"role": "user", "parts": [], "name": "anna"} == message_from("user", [], {"name": "anna"})

    @pytest.mark.parametrize(
        ("block", "expected"),
        [
            ({"type": "sticker", "id": 7, "size": None}, {"type": "sticker", "id": 7}),
            ({"type": "text"}, {"type": "unknown", "block": {"type": "text"}}),
            ({"type": 7}, {"type": "unknown", "block": {"type": 7}}),
            ("bare", {"type": "unknown", "block": "bare"}),
        ],
        ids=repr,
    )
    def test_what_nobody_reads_is_kept(self, block: JSON, expected: dict[str, JSON]) -> None:
        """A block of a new type is a part as it is; a broken one does not pass for a part of a known type."""
        assert expected == unread(block)
