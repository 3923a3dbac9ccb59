"""What the replay server says, and how: whole or piece by piece, compressed, late, or cut off."""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from orchestrace.exceptions import ConfigurationError

__all__ = ["Answer", "Cut", "Pause", "Piece", "server_sent_event"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for `seconds`, or until the event is set if that is earlier."""

    seconds: float = 10.0
    until: threading.Event | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """End the connection here, as a server that died (no last chunk), or as one that resets it (TCP RST)."""

    reset: bool = False


Piece: TypeAlias = bytes | str | Pause | Cut
"""One step of an answer that comes piece by piece: what is sent on its own, or what happens before the next."""

_WINDOW: Final = {"gzip": 31, "deflate": 15}
"""What zlib calls the two encodings: window bits."""
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One HTTP answer.

    `body` is sent in one piece: bytes and text as they are, anything else as JSON. Or `pieces` are sent one by one,
    chunked, each on its own; they are taken for server-sent events unless a content-type says otherwise. A
    `content-length` among `headers` is sent as it stands: where less follows, the connection is cut. `before` is done
    before the first byte.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    pieces: Sequence[Piece] | None = None
    encoding: Literal["gzip", "deflate"] | None = None
    before: Pause | Cut | None = None

    def __post_init__(self) -> None:
        if self.pieces is not None and self.body is not None:
            msg = "Answer(body=…, pieces=…) has two bodies: give the one or the other."
            raise ConfigurationError(msg)
        if self.encoding is not None and self.encoding not in _WINDOW:
            msg = f"Answer(encoding={self.encoding!r}) is unknown: use 'gzip', 'deflate' or None."
            raise ConfigurationError(msg)
        strange = [piece for piece in self.pieces or () if not isinstance(piece, (bytes, str, Pause, Cut))]
        if strange:
            msg = f"Answer(pieces=…) holds {strange[0]!r}: a piece is bytes, text, a Pause or a Cut."
            raise ConfigurationError(msg)
        self.content()  # what is no JSON fails here, where it was written, and not in the server's thread

    def content(self) -> bytes:
        """Return the whole body before it is compressed, as far as it is sent."""
        if self.pieces is not None:
            return b"".join(_bytes_of(piece) for piece in self._sent() if isinstance(piece, (bytes, str)))
        if self.body is None:
            return b""
        if isinstance(self.body, (bytes, str)):
            return _bytes_of(self.body)
        return json.dumps(self.body, ensure_ascii=False).encode()

    def head(self) -> dict[str, str]:
        """Return the headers as they are sent, names in lower case."""
        head = {name.lower(): value for name, value in self.headers.items()}
        kind = self._content_type()
        if kind is not None:
            head.setdefault("content-type", kind)
        if self.encoding is not None:
            head.setdefault("content-encoding", self.encoding)
        if self.pieces is None and "transfer-encoding" not in head:
            head.setdefault("content-length", str(self._size()))
        elif "content-length" not in head:
            head["transfer-encoding"] = "chunked"
        return head

    def script(self) -> Iterator[bytes | Pause | Cut]:
        """Yield what follows the head: bytes exactly as they go over the wire, and what happens between them."""
        declared = self.head().get("content-length")
        if declared is not None:
            yield from self._encoded()
            if declared != str(self._size()):
                yield Cut()
            return
        for step in self._encoded():
            yield b"%x\r\n%b\r\n" % (len(step), step) if isinstance(step, bytes) else step
            if isinstance(step, Cut):
                return
        yield b"0\r\n\r\n"

    def _content_type(self) -> str | None:
        if self.pieces is not None:
            return "text/event-stream"
        if self.body is None:
            return None
        if isinstance(self.body, bytes):
            return "application/octet-stream"
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json"

    def _sent(self) -> Iterator[Piece]:
        for piece in (self.content(),) if self.pieces is None else self.pieces:
            yield piece
            if isinstance(piece, Cut):
                return

    def _encoded(self) -> Iterator[bytes | Pause | Cut]:
        """Yield the pieces compressed, each so that it can be read at once. None is empty: that would end the body."""
        packer = None if self.encoding is None else zlib.compressobj(wbits=_WINDOW[self.encoding])
        for piece in self._sent():
            if isinstance(piece, (Pause, Cut)):
                yield piece
            elif data := _bytes_of(piece):
                yield data if packer is None else packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
            if isinstance(piece, Cut):
                return
        if packer is not None:
            yield packer.flush()

    def _size(self) -> int:
        return sum(len(step) for step in self._encoded() if isinstance(step, bytes))


def server_sent_event(data: object, name: str | None = None) -> str:
    """Write one server-sent event; text stands as it is, anything else as JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(text))
    return f"event: {name}\n{lines}\n" if name else f"{lines}\n"


def _bytes_of(piece: bytes | str) -> bytes:
    return piece.encode() if isinstance(piece, str) else piece
