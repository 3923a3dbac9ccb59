"""
Read outcomes from a file, one at a time: CSV with a header, or a JSON object a line.

A line that cannot be read is told by its number and stops nothing. However large the file is, one line is in memory.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

import orjson

from orchestrace.cli.outcome_text import typed
from orchestrace.exceptions import UsageError
from orchestrace.recording.outcomes.statement import FIELDS

__all__ = ["CSV", "JSONL", "Line", "Source"]

CSV: Final = "csv"
JSONL: Final = "jsonl"

_LONGEST: Final = 16 << 20
"""Bytes of a line: more is no line, but a file that is something else."""
_TOLD: Final = 20
"""Columns that are told: every line of JSON may have others."""
_ENDS: Final = "A line ends with a line feed, and a quotation mark inside of a cell is written twice"
_DELIMITERS: Final = ",;\t|"
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says, or why it cannot be read."""

    number: int
    fields: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


class Source:
    """
    A file that is read once. `columns` says which column holds a field, where it is called otherwise.

    `defaults` are the fields of whatever does not have them; with `text` values are texts.
    """

    def __init__(
        self,
        file: BinaryIO,
        form: str | None,
        *,
        columns: Mapping[str, str],
        defaults: Mapping[str, str],
        text: bool = False,
    ) -> None:
        self.read: int = 0
        """Bytes that were read so far."""
        self.ignored: list[str] = []
        """Columns that say nothing of an outcome, the first of them."""
        self._file = file
        self._form = form
        self._named = {column: name for name, column in columns.items()}
        self._defaults = dict(defaults)
        self._text = text
        self._number = 0

    def lines(self) -> Iterator[Line]:
        """Yield the lines with something in them. Raises UsageError for a file that is none of outcomes."""
        pieces = self._pieces()
        first = next((piece for piece in pieces if piece.strip()), None)
        if first is None:
            return
        first = first.removeprefix(_BOM)
        if (self._form or _form_of(first)) == CSV:
            yield from self._of_csv(first, pieces)
        else:
            yield from self._of_json(first, pieces)

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._file.readline(_LONGEST):
            self._number += 1
            self.read += len(piece)
            yield piece

    def _of_json(self, first: bytes, rest: Iterable[bytes]) -> Iterator[Line]:
        if first.lstrip().startswith(b"["):
            msg = "This is one JSON list: write one object a line (JSONL), as `jq -c '.[]'` makes it."
            raise UsageError(msg)
        yield self._of_object(first)
        for piece in rest:
            if piece.strip():
                yield self._of_object(piece)

    def _of_object(self, piece: bytes) -> Line:
        try:
            found = orjson.loads(piece)
        except ValueError as error:
            return Line(self._number, error=f"no JSON: {error}")
        if not isinstance(found, dict):
            return Line(self._number, error=f"a JSON {type(found).__name__}: write an object")
        fields = {name: value for one, value in found.items() if (name := self._field(one)) is not None}
        known = {name: value for name, value in fields.items() if value is not None and value != ""}
        self._ignore(one for one in found if self._field(one) is None)
        return Line(self._number, self._defaults | known)

    def _of_csv(self, first: bytes, rest: Iterable[bytes]) -> Iterator[Line]:
        header = first.decode("utf-8", "replace")
        delimiter = max(_DELIMITERS, key=header.count)
        csv.field_size_limit(_LONGEST)
        reader = csv.reader(self._texts(first, rest), delimiter=delimiter, strict=True)
        try:
            columns = [column.strip() for column in next(reader)]
        except (csv.Error, StopIteration) as error:
            msg = f"This is no CSV: {error}. {_ENDS}."
            raise UsageError(msg) from error
        self._check(columns)
        while True:
            number = self._number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                # A quotation mark that is not closed takes what follows into its cell.
                beyond = f"; it goes on to line {self._number}" if self._number > number else ""
                yield Line(number, error=f"no CSV: {error}{beyond}")
                continue
            if any(cell.strip() for cell in cells):
                yield self._of_cells(number, columns, cells)

    def _of_cells(self, number: int, columns: Sequence[str], cells: Sequence[str]) -> Line:
        if len(cells) > len(columns):
            return Line(number, error=f"{len(cells)} cells under {len(columns)} columns")
        if any(_is_broken(cell) for cell in cells):
            return Line(number, error="not UTF-8: save the file in that encoding")
        fields: dict[str, Any] = {}
        for column, cell in zip(columns, cells, strict=False):
            name = self._field(column)
            if name is not None and cell.strip():
                fields[name] = typed(cell) if name == "value" and not self._text else cell.strip()
        return Line(number, self._defaults | fields)

    def _check(self, columns: Sequence[str]) -> None:
        there = {self._field(column) for column in columns} | set(self._defaults)
        missing = [name for name in self._named.values() if name not in there]
        if "name" not in there or there.isdisjoint({"reference", "key"}) or missing:
            msg = (
                f"The header has the columns {', '.join(columns)}. An outcome needs a name (or --name), and reference "
                f"or key; --column key=COLUMN says which column is the key. It may have {', '.join(FIELDS)}."
            )
            raise UsageError(msg)
        self._ignore(column for column in columns if column and self._field(column) is None)

    def _field(self, column: str) -> str | None:
        """Return the field that a column holds."""
        if column in self._named:
            return self._named[column]
        name = column.strip().lower().replace("-", "_").replace(" ", "_")
        return name if name in FIELDS and name not in self._named.values() else None

    def _ignore(self, columns: Iterable[str]) -> None:
        for column in columns:
            if len(self.ignored) < _TOLD and column not in self.ignored:
                self.ignored.append(column)

    def _texts(self, first: bytes, rest: Iterable[bytes]) -> Iterator[str]:
        yield first.decode("utf-8", "surrogateescape")
        for piece in rest:
            yield piece.decode("utf-8", "surrogateescape")


def _form_of(first: bytes) -> str:
    return JSONL if first.lstrip()[:1] in {b"{", b"["} else CSV


def _is_broken(text: str) -> bool:
    return not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text)
