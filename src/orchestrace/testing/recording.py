"""Recorded provider traffic: one HTTP interaction per file."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from orchestrace.exceptions import ConfigurationError
from orchestrace.testing.answer import Answer
from orchestrace.testing.request import Request

__all__ = ["VARIABLE", "Recording", "recordings"]

VARIABLE: Final = "ORCHESTRACE_RECORDINGS"
"""Names the folder in which recordings are looked for."""

_EVENT_END: Final = re.compile(rb"(?<=\n\n)|(?<=\n\r\n)")
_LINE_END: Final = re.compile(rb"(?<=\n)")
_SET_ANEW: Final = frozenset({"connection", "content-encoding", "content-length", "transfer-encoding"})
"""Headers about how the bytes travelled then, not about what they say."""


@dataclass(frozen=True, slots=True)
class Recording:
    """
    One request to a provider, and its answer.

    `name` is "provider/file" without the ending; `url` the address that was asked; `body` the answer's exact bytes,
    decompressed; `features` what the file shows.
    """

    name: str
    provider: str
    operation: str
    streaming: bool
    features: frozenset[str]
    url: str
    request: Request
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """Read a file."""
        path = Path(path)
        document = json.loads(path.read_text(encoding="utf-8"))
        asked, answered = document["request"], document["response"]
        target = urlsplit(asked["url"])
        return cls(
            name=f"{path.parent.name}/{path.stem}",
            provider=document["provider"],
            operation=document["operation"],
            streaming=document["streaming"],
            features=frozenset(document.get("features", ())),
            url=asked["url"],
            request=Request(asked["method"], target.path, target.query, asked.get("headers", {}), _body(asked)),
            status=answered["status"],
            headers=answered.get("headers", {}),
            body=_body(answered),
        )

    def answer(self, *, whole: bool = False, encoding: Literal["gzip", "deflate"] | None = None) -> Answer:
        """Return the recorded answer: a stream event by event, unless it shall come `whole`."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _SET_ANEW}
        pieces = [] if whole else list(self._pieces())
        if pieces:
            return Answer(self.status, headers, pieces=pieces, encoding=encoding)
        return Answer(self.status, headers, self.body, encoding=encoding)

    def __str__(self) -> str:
        return self.name

    def _pieces(self) -> Iterator[bytes]:
        kind = self.headers.get("content-type", "")
        if "event-stream" in kind:
            yield from filter(None, _EVENT_END.split(self.body))
        elif "amazon.eventstream" in kind:
            yield from _messages(self.body)
        elif "ndjson" in kind or "stream+json" in kind:
            yield from filter(None, _LINE_END.split(self.body))


def recordings(
    provider: str | None = None, operation: str | None = None, *, folder: str | os.PathLike[str] | None = None
) -> list[Recording]:
    """
    Load the recordings of a provider and an operation (None: of all) that stand below `folder`, in order of name.

    The environment's ORCHESTRACE_RECORDINGS names the folder where none is given. Raises ConfigurationError if there is
    no such folder.
    """
    place = folder or os.environ.get(VARIABLE)
    if not place or not Path(place).is_dir():
        msg = f"recordings(folder={place!r}): no such folder. Give one, or set {VARIABLE} to it."
        raise ConfigurationError(msg)
    loaded = map(Recording.load, sorted(Path(place).glob("*/*.json")))
    return [one for one in loaded if provider in {None, one.provider} and operation in {None, one.operation}]


def _body(side: Mapping[str, Any]) -> bytes:
    kind = side["body_kind"]
    if kind == "json":
        return json.dumps(side["body"], ensure_ascii=False).encode()
    if kind == "text":
        return str(side["body"]).encode()
    return base64.b64decode(side["body_base64"]) if kind == "base64" else b""


def _messages(stream: bytes) -> Iterator[bytes]:
    """Cut an AWS event stream: each message begins with its own length in four bytes."""
    while stream:
        length = max(int.from_bytes(stream[:4], "big"), 4)
        yield stream[:length]
        stream = stream[length:]
