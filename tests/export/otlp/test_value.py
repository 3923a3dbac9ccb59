from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from orchestrace.export.otlp.value import _BEGIN, attributes, flat, nested
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
        before = len(_BEGIN)
        pairs = {f"made up {number}": number for number in range(6000)} | {"k" * 300: 1}
        sent = Resource.FromString(attributes(b"\x0a", pairs, flat))

        assert pairs == _attributes(sent.attributes)
        assert before < len(_BEGIN) <= 4096
