"""
What no recorder of these calls could do without, as cheaply as Python does it: the floor under all contenders.

A request and its answer are copied as they come into memory that is a file's, for that is where they must be before the
call goes on. With a receiver a thread then reads them as JSON, writes what was said as the conventions have it, keeps
each call in one row of SQLite, and sends all of them together. More there is not: no call is inside of another, nothing
is masked, measured, priced or tried again, streams and errors are passed over, and no other process is thought of.
"""

from __future__ import annotations

import http.client
import mmap
import random
import sqlite3
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

__all__ = ["sent", "written"]

_SIZE = 16 << 20
_HEAD = struct.Struct("<IIQQQ")
_PAUSE = 0.2
_TOGETHER = 512
_TABLE = "CREATE TABLE spans (id INTEGER PRIMARY KEY, trace TEXT, span TEXT, start INTEGER, document BLOB)"
_ROW = "INSERT INTO spans (trace, span, start, document) VALUES (?, ?, ?, ?)"


class _Call(NamedTuple):
    trace: int
    span: int
    begun: int
    request: bytes
    ended: int
    answer: bytes


class _Memory:
    """A file in memory, written from its begin again when it is full."""

    def __init__(self) -> None:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        file.truncate(_SIZE)
        self._map = mmap.mmap(file.fileno(), _SIZE)
        self._map.write(bytes(_SIZE))
        self._at = 0

    def append(self, trace: int, span: int, at: int, body: bytes) -> None:
        """Copy a body, behind whose it is and its checksum."""
        begin = self._at + _HEAD.size
        end = begin + len(body)
        if end > _SIZE:
            self._at, begin, end = 0, _HEAD.size, _HEAD.size + len(body)
        self._map[begin:end] = body
        _HEAD.pack_into(self._map, self._at, len(body), zlib.crc32(body), trace & 0xFFFF, span, at)
        self._at = end


def written(_: str) -> Callable[[], None]:
    """Copy what is sent and answered, and do nothing with it."""
    _follow(lambda _: None)
    return lambda: None


def sent(endpoint: str) -> Callable[[], None]:
    """Copy what is sent and answered; read it, keep it and send it in a thread."""
    calls: list[_Call] = []
    alone = threading.Lock()
    database = sqlite3.connect(f"{tempfile.mkdtemp()}/calls.db", check_same_thread=False, isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", _TABLE):
        database.execute(statement)
    receiver = http.client.HTTPConnection(urlsplit(endpoint).netloc)

    def settle() -> None:
        with alone:
            while some := calls[:_TOGETHER]:
                del calls[: len(some)]
                _settle(some, database, receiver)

    def work() -> None:
        while True:
            time.sleep(_PAUSE)
            settle()

    threading.Thread(target=work, daemon=True).start()
    _follow(calls.append)
    return settle


def _follow(take: Callable[[_Call], object]) -> None:
    import httpx2  # noqa: PLC0415 - in the process of this contender alone

    memory, number, now, send = _Memory(), random.getrandbits, time.time_ns, httpx2.Client.send

    def followed(client: httpx2.Client, request: httpx2.Request, **rest: Any) -> httpx2.Response:  # noqa: ANN401 - as it is
        trace, span, begun = number(128), number(64), now()
        memory.append(trace, span, begun, request.content)
        response = send(client, request, **rest)
        if response.is_closed:
            ended = now()
            memory.append(trace, span, ended, response.content)
            take(_Call(trace, span, begun, request.content, ended, response.content))
        return response

    httpx2.Client.send = followed  # type: ignore[method-assign]


def _settle(calls: list[_Call], database: sqlite3.Connection, receiver: http.client.HTTPConnection) -> None:
    import orjson  # noqa: PLC0415 - as above

    spans = [_span(one) for one in calls]
    rows = [
        (span["traceId"], span["spanId"], one.begun, orjson.dumps(span)) for one, span in zip(calls, spans, strict=True)
    ]
    database.execute("BEGIN")
    database.executemany(_ROW, rows)
    database.execute("COMMIT")
    documents = [orjson.Fragment(document) for *_, document in rows]
    body = orjson.dumps({"resourceSpans": [{"scopeSpans": [{"scope": {"name": "floor"}, "spans": documents}]}]})
    receiver.request("POST", "/v1/traces", body, {"content-type": "application/json"})
    receiver.getresponse().read()


def _span(call: _Call) -> dict[str, Any]:
    import orjson  # noqa: PLC0415 - as above

    asked, answer = orjson.loads(call.request), orjson.loads(call.answer)
    choice, usage = answer["choices"][0], answer["usage"]
    texts = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": asked["model"],
        "gen_ai.response.model": answer["model"],
        "gen_ai.response.id": answer["id"],
        "gen_ai.response.finish_reasons": choice["finish_reason"],
        "gen_ai.input.messages": orjson.dumps([_message(one) for one in asked["messages"]]).decode(),
        "gen_ai.output.messages": orjson.dumps([_message(choice["message"])]).decode(),
    }
    figures = {"input": usage["prompt_tokens"], "output": usage["completion_tokens"]}
    return {
        "traceId": f"{call.trace:032x}",
        "spanId": f"{call.span:016x}",
        "name": f"chat {asked['model']}",
        "kind": 3,
        "startTimeUnixNano": call.begun,
        "endTimeUnixNano": call.ended,
        "attributes": [
            *({"key": name, "value": {"stringValue": text}} for name, text in texts.items()),
            *({"key": f"gen_ai.usage.{kind}_tokens", "value": {"intValue": size}} for kind, size in figures.items()),
        ],
    }


def _message(said: dict[str, Any]) -> dict[str, Any]:
    return {"role": said["role"], "parts": [{"type": "text", "content": said["content"]}]}
