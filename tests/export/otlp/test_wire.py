from __future__ import annotations

import pytest
from google.protobuf.internal.encoder import _VarintBytes  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.export.otlp.wire import VARINT, delimited, fixed64, identity, text


class TestVarint:
    @given(st.integers(0, 2**64 - 1))
    def test_is_that_of_protobuf(self, number: int) -> None:
        """Every number is written as protobuf's own library writes it."""
        assert _VarintBytes(number) == VARINT[number]

    def test_kept_ones_are_the_short_ones(self) -> None:
        """What is not kept is made again, so that no long run of lengths fills the memory."""
        before = len(VARINT)

        assert b"\xff\xff\x03" == VARINT[65_535]
        assert before == len(VARINT)


class TestFields:
    def test_a_length_stands_before_its_content(self) -> None:
        """Tag, length, content."""
        assert b"\x0a\x03abc" == delimited(b"\x0a", b"abc")

    @pytest.mark.parametrize(
        ("time", "written"),
        [(0, b""), (-1, b""), (1, b"\x09" + b"\x01" + b"\0" * 7), (2**64, b"\x09" + b"\xff" * 8)],
    )
    def test_times_are_moved_to_their_bounds(self, time: int, written: bytes) -> None:
        """A clock that is wrong costs no span; zero is the default, which is not written."""
        assert written == fixed64(b"\x09", time)

    @pytest.mark.parametrize("digits", ["", "0a", "x" * 16, "0" * 18, "-" + "0" * 15])
    def test_a_wrong_id_is_refused(self, digits: str) -> None:
        """An id that is none raises, for its own record alone."""
        with pytest.raises(ValueError, match=r"no id of 8 bytes|hexadecimal"):
            identity(digits, 8)

    @pytest.mark.parametrize(
        ("said", "written"),
        [("é", "é"), ("a\ud800b", "a\ufffdb"), ("\ud83d\ude00", "\U0001f600"), ("\udfff\udfff", "\ufffd\ufffd")],
    )
    def test_text_is_mended(self, said: str, written: str) -> None:
        """Half a character becomes U+FFFD; halves that belong together become the character."""
        assert written == text(said).decode()
