"""
Keep a journal within its bounds: what is old goes, and of a journal that is too large what is missed least.

First goes what was delivered, or was not to be sent; then what nobody has asked for, log records and metrics that wait,
what the receiver refused; last what waits for its receiver. Of each kind the oldest goes first, as whole traces; parts
of a trace only where all that is left still runs. What runs in a process that lives is never touched.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson

from orchestrace.journal.accounts import DELIVERED, KEPT, REFUSED, WAITING, WITHHELD
from orchestrace.journal.bounds import MAX_AGE, MAX_BYTES, as_age, as_size
from orchestrace.journal.database import FILE_NAME, transaction
from orchestrace.journal.past import fold
from orchestrace.journal.removal import Removed, remove_signals, remove_spans, remove_trace
from orchestrace.journal.segment import SUFFIX

__all__ = ["journal_size", "prune"]

_SPANS_AT_ONCE: Final = 256
_TRACES_AT_ONCE: Final = 4_096
_PAGES_AT_ONCE: Final = 128
_SIGNALS_AT_ONCE: Final = 1_024
_ENOUGH: Final = 0.9
"""What is left of the bound afterwards, so that not every minute has to make room."""
_LEAST: Final = 0.5
"""What the database may have of the bound, however many segments lie beside it."""
_SPARE: Final = 64
"""Free pages that stay for what comes next."""

_CHOSEN: Final = """
    SELECT t.trace_id FROM traces AS t WHERE {traces} AND NOT EXISTS (
        SELECT 1 FROM spans AS s LEFT JOIN deliveries AS d ON d.id = s.id WHERE s.trace_id = t.trace_id
        AND (d.id IS NULL AND s.end_time IS NULL OR {stays})
    )
"""
_OLD: Final = _CHOSEN.format(traces="t.start_time < :cutoff", stays="coalesce(d.time, s.end_time) >= :cutoff")
_OVER: Final = _CHOSEN.format(traces="1", stays="d.state NOT IN (SELECT value FROM json_each(:states))")
_ONE: Final = " AND t.trace_id = :trace_id"
_OLDEST: Final = f" ORDER BY t.start_time LIMIT {_TRACES_AT_ONCE}"
_ENDED: Final = f"""
    SELECT id FROM deliveries
    ORDER BY CASE WHEN state IN ({DELIVERED}, {WITHHELD}) THEN 0 WHEN state = {KEPT} THEN 1 WHEN state = {REFUSED}
    THEN 2 ELSE 3 END, time LIMIT ?
"""  # noqa: S608 - our names
_OLD_SIGNALS: Final = f"""
    DELETE FROM signals WHERE id IN (SELECT id FROM signals WHERE time < ? ORDER BY id LIMIT {_SIGNALS_AT_ONCE})
"""  # noqa: S608 - as above
_EVER: Final = 1 << 62


def prune(
    database: sqlite3.Connection,
    folder: Path,
    *,
    max_age: int = MAX_AGE,
    max_bytes: int = MAX_BYTES,
    spare: int = _SPARE,
) -> Iterator[Removed]:
    """
    Bring a journal back within its bounds. Each step of the iterator is one short transaction, and says what went.

    `max_age` are seconds since the last span of a trace ended. `spare` free pages stay in the file. Raises
    sqlite3.Error.
    """
    cutoff = time.time_ns() - max_age * 1_000_000_000
    yield from _traces(database, _OLD, {"cutoff": cutoff}, f"older than {as_age(max_age)}", lambda: _SPANS_AT_ONCE)
    yield from _signals(database, cutoff)
    beside = journal_size(folder, FILE_NAME + "-wal", SUFFIX)
    room = max(max_bytes - beside, int(max_bytes * _LEAST))
    if _used(database) > room:
        enough = int(room * _ENOUGH)
        for removed in _least(database, f"journal over {as_size(max_bytes)}", lambda: _at_once(database, enough)):
            yield removed
            if _used(database) <= enough:
                break
    for _ in fold(database, cutoff):
        yield Removed()
    yield from _give_back(database, spare)


def journal_size(folder: Path, *endings: str) -> int:
    """Return the bytes of the files in a journal's folder whose names end so; without endings, of all."""
    size = 0
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in folder.iterdir():
            with suppress(OSError):  # it was there a moment ago
                size += path.stat().st_size if not endings or path.name.endswith(endings) else 0
    return size


def _least(database: sqlite3.Connection, reason: str, at_once: Callable[[], int]) -> Iterator[Removed]:
    sent = [DELIVERED, WITHHELD]
    yield from _over(database, sent, reason, at_once)
    yield from _over(database, [*sent, KEPT], reason, at_once)
    yield from _signals(database, _EVER)
    yield from _over(database, [*sent, KEPT, REFUSED], reason, at_once)
    yield from _over(database, [*sent, KEPT, REFUSED, WAITING], reason, at_once)
    while database.execute("SELECT 1 FROM deliveries LIMIT 1").fetchone() is not None:
        with transaction(database):
            keys = [key for (key,) in database.execute(_ENDED, (at_once(),))]
            removed = remove_spans(database, keys, reason)
        yield removed


def _over(
    database: sqlite3.Connection, states: list[int], reason: str, at_once: Callable[[], int]
) -> Iterator[Removed]:
    return _traces(database, _OVER, {"states": orjson.dumps(states).decode()}, reason, at_once)


def _traces(
    database: sqlite3.Connection, chosen: str, values: Mapping[str, object], reason: str, at_once: Callable[[], int]
) -> Iterator[Removed]:
    def is_chosen(trace_id: str) -> bool:  # asked again: it may have gone on
        return database.execute(chosen + _ONE, {**values, "trace_id": trace_id}).fetchone() is not None

    while found := [trace_id for (trace_id,) in database.execute(chosen + _OLDEST, values)]:
        found.reverse()
        while found:
            with transaction(database):
                removed = _some(database, found, is_chosen, reason, at_once())
            yield removed


def _some(
    database: sqlite3.Connection, found: list[str], is_chosen: Callable[[str], bool], reason: str, limit: int
) -> Removed:
    removed, begun = Removed(), []
    while found and removed.spans < limit:
        room, trace_id = limit - removed.spans, found[-1]
        one = remove_trace(database, trace_id, reason, room) if is_chosen(trace_id) else Removed()
        begun += [trace_id] if one.spans else []
        removed += one
        if one.spans < room:
            found.pop()
    remove_signals(database, begun)
    return removed


def _at_once(database: sqlite3.Connection, enough: int) -> int:
    """Return how many spans of middle length are a half of what is too much, or at least some hundredth of all."""
    used = _used(database)
    spans: int = database.execute("SELECT count(*) FROM deliveries").fetchone()[0]
    return max(1, min(_SPANS_AT_ONCE, max((used - enough) * spans // used // 2, spans // 64)))


def _signals(database: sqlite3.Connection, before: int) -> Iterator[Removed]:
    removed = _SIGNALS_AT_ONCE
    while removed == _SIGNALS_AT_ONCE:
        with transaction(database):
            removed = database.execute(_OLD_SIGNALS, (before,)).rowcount
        yield Removed()


def _used(database: sqlite3.Connection) -> int:
    return (_pragma(database, "page_count") - _pragma(database, "freelist_count")) * _pragma(database, "page_size")


def _give_back(database: sqlite3.Connection, spare: int) -> Iterator[Removed]:
    free = _pragma(database, "freelist_count")
    while free > spare:
        # As a script: each page is a step of the statement, and `execute` takes the first one alone.
        database.executescript(f"PRAGMA incremental_vacuum({min(free - spare, _PAGES_AT_ONCE)})")
        yield Removed()
        before, free = free, _pragma(database, "freelist_count")
        if free >= before:  # a file from before it could do this
            return


def _pragma(database: sqlite3.Connection, name: str) -> int:
    value: int = database.execute(f"PRAGMA {name}").fetchone()[0]
    return value
