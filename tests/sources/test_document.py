from __future__ import annotations

import gzip
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.exceptions import SourceError
from orchestrace.records import SpanRecord
from orchestrace.sources.document import spans_in


def written(*documents: object, between: str = "\n") -> bytes:
    """Return documents as a file of them."""
    return between.join(json.dumps(one, ensure_ascii=False) for one in documents).encode()


class TestForms:
    def test_each_is_told_by_its_looks(self, otlp: dict[str, Any], jaeger: dict[str, Any], record: SpanRecord) -> None:
        """A request, Jaeger's answers of both versions, a download, a list of them."""
        forms = [otlp, {"result": otlp}, jaeger, {"data": [jaeger], "errors": None}, [otlp]]

        assert [[record]] * 5 == [spans_in(written(form), "f") for form in forms]

    @pytest.mark.parametrize("between", ["\n", "", "\n\n \r\n"])
    def test_several_follow_each_other(self, otlp: dict[str, Any], record: SpanRecord, between: str) -> None:
        """One a line, as the collector writes them, or one after the other; other signals are passed over."""
        data = written(otlp, {"resourceMetrics": []}, {"result": otlp}, between=between)

        assert [record, record] == spans_in(data, "f")

    def test_documents_may_be_indented(self, otlp: dict[str, Any], record: SpanRecord) -> None:
        """As a person has saved them, with a mark of the encoding before."""
        data = "\ufeff" + json.dumps(otlp, indent=2) + "\n" + json.dumps(otlp, indent=2)

        assert [record, record] == spans_in(data.encode(), "f")

    def test_a_line_that_is_being_written_is_left_out(self, otlp: dict[str, Any], record: SpanRecord) -> None:
        """What is complete is shown."""
        assert [record] == spans_in(written(otlp) + b"\n" + written(otlp)[:99], "f")

    def test_nothing_is_nothing(self) -> None:
        """A search that found no trace is an answer, too."""
        assert [] == spans_in(b'{"data": [], "errors": null}', "f") == spans_in(b'{"data": null}', "f")


class TestErrors:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b" \n", "f is empty"),
            (b"<!doctype html><html>", r"f is a page \(HTML or XML\), not JSON"),
            (gzip.compress(b"{}", mtime=0), "compressed with gzip: unpack it first"),
            (b"\x28\xb5\x2f\xfd....", "zstd -d"),
            (b"SQLite format 3\0", "--journal"),
            (b"started: yes", "f is not JSON: it is to be OTLP JSON"),
            (b'{"name": "something"}', "f is JSON, but holds no traces"),
            (b"7", "f is JSON, but holds no traces"),
            (b"[" * 100_000, "f is not JSON"),
        ],
    )
    def test_say_what_it_is_instead(self, data: bytes, message: str) -> None:
        """And what it is to be."""
        with pytest.raises(SourceError, match=message):
            spans_in(data, "f")

    @given(st.binary())
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        """With an error of ours."""
        with suppress(SourceError):
            spans_in(data, "f")
