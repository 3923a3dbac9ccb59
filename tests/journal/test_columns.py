from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from orchestrace.journal import columns

OF_EVERY_VIEW = columns.SPAN
OWN = [columns.INVOCATION, columns.ITERATION, columns.CALL, columns.EVALUATION, columns.OUTCOME]


class TestAttribute:
    def test_reads_a_name_with_dots(self) -> None:
        """Of a column, or of an object inside of one."""
        select = f"SELECT {columns.attribute('a.b', 'x')}, {columns.attribute('a.b', 'x', '$.c')}"
        with closing(sqlite3.connect(":memory:")) as database:
            found = database.execute(f"""{select} FROM (SELECT '{{"a.b": 1, "c": {{"a.b": 2}}}}' AS x)""").fetchone()

        assert (1, 2) == found


class TestColumns:
    @pytest.mark.parametrize("own", OWN)
    def test_none_hides_another(self, own: dict[str, str]) -> None:
        """What every view has means the same in each."""
        assert set() == set(own) & set(OF_EVERY_VIEW)

    def test_a_verdict_has_the_same_columns_wherever_it_stands(self) -> None:
        """In the attributes of a span, or in an event."""
        assert list(columns.EVALUATION) == list(columns.JUDGED)
