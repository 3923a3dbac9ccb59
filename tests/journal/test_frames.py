from __future__ import annotations

import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.journal.frames import END, FRAME, HEADER, LOCKED, MAGIC, VERSION, SegmentReader, checksum

PAYLOADS = st.lists(st.binary(min_size=1, max_size=300), max_size=8)


def content(payloads: list[bytes], *, flags: int = 0, version: int = VERSION, tail: bytes = b"") -> bytes:
    """Put a segment together, byte by byte."""
    frames = [FRAME.pack(zlib.crc32(payload), len(payload)) + payload for payload in payloads]
    return HEADER.pack(MAGIC, version, flags, 0) + b"".join(frames) + tail


def read(data: bytes, offset: int = 0) -> tuple[list[bytes], SegmentReader]:
    """Return the payloads of a file with this content, and its reader."""
    with TemporaryDirectory() as place:
        path = Path(place) / "segment"
        path.write_bytes(data)
        with path.open("rb") as file:
            reader = SegmentReader(file, offset)
            return list(reader), reader


class TestChecksum:
    @given(st.binary(max_size=40_000))
    @settings(deadline=None)
    def test_is_the_crc_of_the_whole(self, payload: bytes) -> None:
        """However long, and whatever pieces it is taken in."""
        assert zlib.crc32(payload) == checksum(payload)


class TestSegmentReader:
    @given(PAYLOADS)
    @settings(deadline=None, max_examples=50)
    def test_reads_what_was_written(self, payloads: list[bytes]) -> None:
        """Every payload, in order, until the zeros that follow."""
        found, reader = read(content(payloads, tail=bytes(100)))

        assert (payloads, False, False) == (found, reader.ended, reader.torn)

    @given(PAYLOADS, st.data())
    @settings(deadline=None, max_examples=100)
    def test_cut_at_any_byte_it_reads_the_frames_before(self, payloads: list[bytes], data: st.DataObject) -> None:
        """The whole frames before the cut are there, and `offset` stands behind the last of them."""
        whole = content(payloads, tail=FRAME.pack(0, END))
        cut = data.draw(st.integers(0, len(whole)))
        found, reader = read(whole[:cut])
        ends = [len(content(payloads[: count + 1])) for count in range(len(payloads))]
        complete = sum(end <= cut for end in ends)

        assert payloads[:complete] == found
        assert ([HEADER.size, *ends][complete], cut == len(whole)) == (reader.offset, reader.ended)

    @given(PAYLOADS.filter(bool), st.data())
    @settings(deadline=None, max_examples=100)
    def test_a_changed_byte_ends_it_there(self, payloads: list[bytes], data: st.DataObject) -> None:
        """Whatever a disk makes of it: the frames before the damage are read, and nothing that was not written."""
        whole = bytearray(content(payloads, tail=bytes(50)))
        place = data.draw(st.integers(HEADER.size, len(content(payloads)) - 1))
        whole[place] ^= data.draw(st.integers(1, 255))
        found, _ = read(bytes(whole))
        before = sum(len(content(payloads[: count + 1])) <= place for count in range(len(payloads)))

        assert payloads[:before] == found

    def test_damage_is_told_from_the_end(self) -> None:
        """`torn`: a frame is there that cannot be read."""
        damaged = content([b"one", b"two"])[:-1] + b"?" + bytes(20)

        assert ([b"one"], True) == (read(damaged)[0], read(damaged)[1].torn)

    def test_a_length_beyond_the_file_is_damage(self) -> None:
        """And not a reason to ask for gigabytes."""
        found, reader = read(content([b"one"], tail=FRAME.pack(1, END - 1)))

        assert ([b"one"], True) == (found, reader.torn)

    def test_goes_on_where_it_stopped(self) -> None:
        """`offset` of one reader is where the next one begins."""
        _, reader = read(content([b"one", b"two"]))

        assert [b"three"] == read(content([b"one", b"two", b"three"]), reader.offset)[0]

    def test_says_whether_the_writer_holds_a_lock(self) -> None:
        """Where it does not, its absence tells nothing."""
        assert (True, False) == (read(content([], flags=LOCKED))[1].locked, read(content([]))[1].locked)

    @pytest.mark.parametrize("data", [b"", b"short", b"x" * 100, bytes(100), content([b"one"], version=2)])
    def test_reads_nothing_from_what_is_none_of_its_files(self, data: bytes) -> None:
        """Nor from a version that it does not know: that is for others."""
        found, reader = read(data)

        assert ([], False, False) == (found, reader.readable, reader.ended)
