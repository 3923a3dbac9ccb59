from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.cli import outcome_rows
from orchestrace.cli.outcome_rows import CSV, JSONL, Line, Source
from orchestrace.exceptions import UsageError


def source(content: str | bytes, form: str | None = None, **more: Any) -> Source:
    """Return a file to read."""
    data = content if isinstance(content, bytes) else content.encode()
    return Source(BytesIO(data), form, **{"columns": {}, "defaults": {}, **more})


def lines(content: str | bytes, form: str | None = None, **more: Any) -> list[Line]:
    """Read all of a file."""
    return list(source(content, form, **more).lines())


class TestCsv:
    def test_a_line_is_an_outcome(self) -> None:
        """Empty cells say nothing; values are yes or no, numbers or texts."""
        text = "name,value,key,comment,rater\nreplied,TRUE,job-1,,ann\n\nrating,4,job-2,so nice,\n,,,,\n"

        assert [
            Line(2, {"name": "replied", "value": True, "key": "job-1", "rater": "ann"}),
            Line(4, {"name": "rating", "value": 4, "key": "job-2", "comment": "so nice"}),
        ] == lines(text)

    @pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
    def test_whatever_stands_between_cells(self, mark: str) -> None:
        """A spreadsheet's export, with its byte order mark and line ends."""
        text = "\ufeff" + f"name{mark}value{mark}key\r\nreplied{mark}true{mark}job-1\r\n"

        assert [Line(2, {"name": "replied", "value": True, "key": "job-1"})] == lines(text)

    def test_a_cell_may_have_many_lines(self) -> None:
        """The number is that of the first."""
        text = 'name,key,correction\nedited,1,"Dear Ann,\n\nhello ""you"""\nedited,2,x\n'

        assert [(2, 'Dear Ann,\n\nhello "you"'), (5, "x")] == [
            (line.number, line.fields["correction"]) for line in lines(text)
        ]

    def test_columns_have_other_names(self) -> None:
        """As they are told, or in another case; the rest is not read, and said."""
        read = source(
            "Event,job_id,Idempotency Key,city\nreplied,7,e-1,Rome\n", columns={"name": "Event", "key": "job_id"}
        )

        assert [Line(2, {"name": "replied", "key": "7", "idempotency_key": "e-1"})] == list(read.lines())
        assert ["city"] == read.ignored

    def test_what_a_line_lacks_is_told_once_for_all(self) -> None:
        """A line's own word goes before."""
        text = "name,key,value\n,1,2\nrating,2,3\n"
        said = lines(text, defaults={"name": "replied", "source": "crm"})

        assert [("replied", "crm"), ("rating", "crm")] == [(one.fields["name"], one.fields["source"]) for one in said]

    def test_values_can_be_texts(self) -> None:
        """Of codes that look like numbers."""
        assert "4" == lines("name,key,value\nn,1,4\n", text=True)[0].fields["value"]

    @pytest.mark.parametrize(
        "header", ["value,key", "name,value", "name,city", "replied,true,job-1", "name,key\x00"], ids=repr
    )
    def test_a_header_that_cannot_be_one_is_an_error(self, header: str) -> None:
        """It says what is missing, before anything is recorded."""
        with pytest.raises(UsageError, match="The header has the columns"):
            lines(f"{header}\n1,2\n")

    @pytest.mark.parametrize("content", ["name,key\rn,1\r", 'name,"key\n'])
    def test_what_is_no_csv_is_an_error(self, content: str) -> None:
        """Before anything is recorded."""
        with pytest.raises(UsageError, match="no CSV"):
            lines(content)

    def test_a_column_that_is_not_there_is_an_error(self) -> None:
        """Not silently empty."""
        with pytest.raises(UsageError, match="--column"):
            lines("name,key,v\nn,1,2\n", columns={"value": "val"})

    def test_a_wrong_line_stops_nothing(self) -> None:
        """It is told by its number."""
        content = b'name,key\nn,1\nn,2,3\nn,\xff\n"n,4\nn"x,y\nn,5\n'
        found = lines(content)

        assert [2, 3, 4, 5, 7] == [line.number for line in found]
        assert ["", "3 cells under 2 columns", "not UTF-8: save the file in that encoding"] == [
            line.error for line in found[:3]
        ]
        assert found[3].error.startswith("no CSV")
        assert found[3].error.endswith("; it goes on to line 6")
        assert {"name": "n", "key": "5"} == found[4].fields


class TestJsonl:
    def test_a_line_is_an_object(self) -> None:
        """Values are what JSON says."""
        said = [
            {"name": "n", "key": 1, "value": {"a": [1]}},
            {"name": "n", "reference": "r", "value": "4", "city": "Rome"},
        ]
        text = "\n".join(map(json.dumps, said))

        assert [Line(1, said[0]), Line(2, {"name": "n", "reference": "r", "value": "4"})] == lines(text)

    def test_a_wrong_line_stops_nothing(self) -> None:
        """Blank ones are none."""
        found = lines('{"name":"n","key":1}\n\n[1]\n{"name":\n{"name":"n","key":2}')

        assert [(1, ""), (3, "a JSON list: write an object"), (5, "")] == [
            (line.number, line.error) for line in found if not line.error.startswith("no JSON")
        ]
        assert [4] == [line.number for line in found if line.error.startswith("no JSON")]

    def test_what_is_not_read_is_told_as_far_as_it_can_be_read(self) -> None:
        """A file of a million fields fills nothing."""
        read = source("".join(f'{{"name":"n","key":1,"f{number}":2}}\n' for number in range(100)))

        assert (100, 20) == (len(list(read.lines())), len(read.ignored))

    def test_one_list_is_an_error(self) -> None:
        """It would have to be in memory as a whole; the words say how to make lines of it."""
        with pytest.raises(UsageError, match="jq"):
            lines('[{"name": "n"}]')

    def test_nothing_is_nothing(self) -> None:
        """No line, no error."""
        assert [] == lines("\n\n")


class TestSource:
    @pytest.mark.parametrize(("content", "form"), [("name,key\nn,1", None), ('{"name":"n","key":"1"}', None)])
    def test_is_known_by_how_it_looks(self, content: str, form: str | None) -> None:
        """Standard input has no name."""
        assert [{"name": "n", "key": "1"}] == [line.fields for line in lines(content, form)]

    def test_says_how_far_it_is(self) -> None:
        """In bytes, which a file has so many of."""
        content = "name,key\n" + "n,1\n" * 10
        read = source(content)
        far = [read.read for _ in read.lines()]

        assert (13, len(content), far) == (far[0], far[-1], sorted(far))

    def test_a_line_without_end_is_not_read_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file of something else does not fill the memory."""
        monkeypatch.setattr(outcome_rows, "_LONGEST", 64)
        read = source('{"name":"n","key":1}\n' + "x" * 1000)

        assert all(line.error for line in list(read.lines())[1:])

    @given(st.binary(max_size=200), st.sampled_from([CSV, JSONL, None]))
    def test_any_bytes_are_lines_or_an_error(self, content: bytes, form: str | None) -> None:
        """Nothing else comes out."""
        for start in (b"", b"name,key\n", b'{"name":"n"}\n'):
            try:
                found = lines(start + content, form)
            except UsageError:
                continue
            assert all(line.number >= 1 for line in found)
