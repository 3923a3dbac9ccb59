from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.sources.field import hexadecimal, integer, listed, mapping, plain, text

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None, exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=())), inner),
    max_leaves=8,
)


class TestInteger:
    @pytest.mark.parametrize(
        ("given_", "read"),
        [(7, 7), ("7", 7), ("-7", -7), (7.0, None), (True, None), ("7.5", None), ("9" * 4000, None), (2**63, None)],
    )
    def test_what_is_none_is_absent(self, given_: object, read: int | None) -> None:
        """Texts are how OTLP writes 64 bits; what is larger has no place in a column."""
        assert read == integer(given_)


class TestHexadecimal:
    @pytest.mark.parametrize(
        ("given_", "read"),
        [("A1", "00a1"), ("12345", ""), ("", ""), ("0000", ""), ("xy", ""), (None, ""), (7, "")],
    )
    def test_is_padded(self, given_: object, read: str) -> None:
        """Jaeger leaves noughts out; noughts alone are no id."""
        assert read == hexadecimal(given_, 4)


class TestShapes:
    def test_others_are_empty(self) -> None:
        """A list that is none has nothing in it."""
        assert ([], [{}], {}, "") == (listed({"a": 1}), listed([1, {}]), mapping([1]), text(7))


class TestPlain:
    @given(DOCUMENTS)
    def test_any_document_can_be_stored(self, document: object) -> None:
        """Numbers without bounds and halves of surrogate pairs become texts that every store takes."""
        orjson.dumps(plain(document))
