from __future__ import annotations

import sqlite3

import pytest

from orchestrace.journal.bulk import Insert

PAIR = Insert("INSERT INTO t (a, b)", "(?, ?)", "ON CONFLICT (a) DO UPDATE SET b = b || excluded.b", 2)


@pytest.fixture
def table() -> sqlite3.Connection:
    """Return a database with a table of pairs."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
    return connection


class TestInsert:
    @pytest.mark.parametrize("count", [0, 1, 3, 4, 63, 64, 65, 150])
    def test_puts_in_all_rows(self, table: sqlite3.Connection, count: int) -> None:
        """However many they are."""
        rows = [(number, str(number)) for number in range(count)]
        PAIR.run(table, rows)

        assert rows == table.execute("SELECT a, b FROM t ORDER BY a").fetchall()

    def test_keeps_their_order(self, table: sqlite3.Connection) -> None:
        """So that the last one of those that conflict is the last."""
        PAIR.run(table, [(1, str(number % 10)) for number in range(70)])

        assert ("0123456789" * 7,) == table.execute("SELECT b FROM t").fetchone()

    def test_takes_few_steps(self, table: sqlite3.Connection) -> None:
        """Each may have to wait for the program's threads."""
        asked: list[str] = []
        table.set_trace_callback(asked.append)
        PAIR.run(table, [(number, "") for number in range(150)])

        assert len(asked) < 10

    def test_no_statement_has_more_variables_than_older_sqlites_take(self, table: sqlite3.Connection) -> None:
        """However wide its rows are."""
        wide = Insert("INSERT INTO w", f"({', '.join('?' * 99)})", "", 99)
        table.execute(f"CREATE TABLE w ({', '.join(f'c{number}' for number in range(99))})")
        if hasattr(table, "setlimit"):
            table.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
        wide.run(table, [range(99)] * 70)

        assert (70,) == table.execute("SELECT count(*) FROM w").fetchone()
