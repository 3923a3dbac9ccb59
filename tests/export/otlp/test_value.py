from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from orchestrace.export.otlp.value import _BEGIN, _KNOWN, attributes, flat, nested
from orchestrace.testing.otlp_decoding import _attributes, _value


class Text(str):  # noqa: SLOT000 - what libraries define
    pass


class TestFlat:
    @pytest.mark.parametrize(
        "value",
        ["", "é", Text("t"), True, False, 0, -1, 2**63 - 1, -(2**63), 0.0, -0.5, [], ["a", ""], (1, "a", True, 0.5)],
    )
    def test_legal_values_arrive(self, value: Any) -> None:
        """Scalars, and lists of scalars, of the types that they have."""
        encoded = flat(value)
        assert encoded is not None
        read = _value(AnyValue.FromString(encoded))

        assert (list(value) if isinstance(value, tuple) else value) == read
        assert isinstance(read, type(value)) or isinstance(value, (Text, tuple))

    @pytest.mark.parametrize("value", [None, b"x", {"a": 1}, object(), 2**63, -(2**63) - 1, [None], [[1]], [1, 2**64]])
    def test_others_have_none(self, value: object) -> None:
        """A span's attribute of such a value is left out."""
        assert flat(value) is None


class TestNested:
    def test_documents_arrive(self) -> None:
        """Of any shape that JSON has."""
        document = {"a": [1, {"b": None, "c": [True, 0.5, "é"]}], "d": {}, "e": []}

        assert document == _value(AnyValue.FromString(nested(document)))


class TestAttributes:
    def test_keys_are_kept_up_to_a_number(self) -> None:
        """A program that makes up its keys does not fill the memory; its attributes arrive all the same."""
        _BEGIN.clear()  # it is the process's, and others may have filled it
        pairs = {f"made up {number}": number for number in range(6000)} | {"k" * 300: 1}
        sent = Resource.FromString(attributes(b"\x0a", pairs, flat))

        assert pairs == _attributes(sent.attributes)
        assert 1000 < len(_BEGIN) <= 4096

    def test_fields_are_kept_up_to_a_number(self) -> None:
        """Whoever makes up values does not fill the memory, and a long one is not kept; all arrive."""
        pairs = {f"k {number}": f"made up {number}" for number in range(3000)} | {"long": "x" * 48 + "é" * 300}
        sent = Resource.FromString(attributes(b"\x0a", pairs, flat))

        assert pairs == _attributes(sent.attributes)
        assert all(len(kept) <= 1024 for kept in _KNOWN[b"\x0a"])
        assert all(len(field) <= 256 for kept in _KNOWN[b"\x0a"] for field in kept.values())

    @pytest.mark.parametrize("values", [[1, True, 1.0], [0.0, -0.0, 0, False], ["a", ["a"], ("a",), Text("a")]])
    def test_values_that_are_equal_stay_apart(self, values: list[Any]) -> None:
        """What was kept of one is not taken for another of another type."""
        for value in values * 2:
            sent = Resource.FromString(attributes(b"\x0a", {"equal": value}, flat))

            assert flat(value) == sent.attributes[0].value.SerializeToString()

    def test_a_number_of_a_log_record_is_none_of_a_span(self) -> None:
        """It is too large for either: there it is no value, here no attribute, whichever came first."""
        inside, outside = (attributes(b"\x0a", {"large": 2**64}, encode) for encode in (nested, flat))

        assert (b"\x0a\x09\x0a\x05large\x12\x00", b"") == (inside, outside)
