"""
The format of a segment file, and how to read one.

    header   magic "ORCHSEG" + line feed, version u16, flags u16, reserved u32  16 bytes
    frame    CRC-32 of the payload u32, length u32, payload                     8 + length bytes
    …
    frame    with length 0: nothing more so far; with length 0xFFFFFFFF: nothing more will come

All numbers are little-endian. Payloads are JSON objects (see `encoding`). The length of a frame is written after all
else of it, so that a reader in another process finds a frame complete or not at all; the checksum covers machines that
reorder stores, and disks that forget. After the end mark the file may be cut off. A reader of version 1 leaves files of
another version alone.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

__all__ = ["END", "FRAME", "HEADER", "LOCKED", "MAGIC", "VERSION", "SegmentReader", "checksum"]

MAGIC: Final = b"ORCHSEG\n"
VERSION: Final = 1
LOCKED: Final = 1
"""Flag: the writer holds an flock on the file for as long as it lives."""
HEADER: Final = struct.Struct("<8sHHI")
FRAME: Final = struct.Struct("<II")
END: Final = 0xFFFFFFFF

_CHUNK = 5 * 1024
_NO_MORE: Final = frozenset({0, END})
_FIRST: Final = 16 << 10
_LARGEST: Final = 64 << 10
"""Bytes read in one go: a call to the system for each frame takes longer than decoding it, new memory for more too."""


def checksum(payload: bytes) -> int:
    """Return the CRC-32 of `payload`, without giving the GIL away."""
    if len(payload) <= _CHUNK:
        return zlib.crc32(payload)
    # zlib.crc32 releases the GIL above 5 KiB: with busy threads beside it that costs 5 ms each, the sum itself 1 µs.
    crc = 0
    for start in range(0, len(payload), _CHUNK):
        crc = zlib.crc32(payload[start : start + _CHUNK], crc)
    return crc


class SegmentReader:
    """
    The complete frames of a segment file, from an offset on.

    Iterate to get payloads; `offset` then stands behind the last complete frame. The file may be cut at any byte, still
    be written to, or be none of ours.
    """

    def __init__(self, file: BinaryIO, offset: int = 0) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._length = _FIRST
        file.seek(0)
        magic, version, flags, _ = HEADER.unpack(file.read(HEADER.size).ljust(HEADER.size, b"\0"))
        self.readable: bool = magic == MAGIC and version == VERSION
        """The file is a segment of this version."""
        self.locked: bool = bool(flags & LOCKED)
        """The writer holds a lock while it lives."""
        self.offset: int = max(offset, HEADER.size)
        self.ended: bool = False
        """The end mark was read."""
        self.torn: bool = False
        """Reading stopped at a frame that is incomplete or fails its checksum."""

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self.offset)
        self.ended = self.torn = False
        block, begin = b"", FRAME.size  # of a payload, in what was read of the file so far
        while self.readable:
            if len(block) < begin:
                block, begin = self._more(block[begin - FRAME.size :], FRAME.size), FRAME.size
                if len(block) < begin:
                    return
            crc, length = FRAME.unpack_from(block, begin - FRAME.size)
            if length in _NO_MORE:
                self.ended = length == END
                return
            # Compared first: a corrupt length must not make `read` allocate gigabytes.
            if len(block) < begin + length <= begin + self._size - self.offset - FRAME.size:
                block, begin = self._more(block[begin - FRAME.size :], FRAME.size + length), FRAME.size
            payload = block[begin : begin + length]
            if len(payload) < length or checksum(payload) != crc:
                self.torn = True
                return
            begin += length + FRAME.size
            self.offset += length + FRAME.size
            yield payload

    def _more(self, block: bytes, count: int) -> bytes:
        """Read on in blocks that grow, until so many bytes are there or the file ends."""
        while len(block) < count and (more := self._file.read(max(self._length, count - len(block)))):
            block += more
            self._length = min(4 * self._length, _LARGEST)
        return block
