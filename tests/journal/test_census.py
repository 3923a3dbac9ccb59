from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from orchestrace.journal.census import census, host, may_have_others
from orchestrace.journal.encoding import FORMAT
from orchestrace.journal.frames import HEADER, MAGIC, VERSION
from orchestrace.records import SpanRecord

HOLD = """
import sys
from pathlib import Path
from orchestrace.journal.journal import Journal
from orchestrace.records import SpanRecord
journal = Journal(Path(sys.argv[1]))
journal.started(SpanRecord("a" * 32, "b" * 16, None, "held", 0, 1))
print("written", flush=True)
sys.stdin.read()
"""
GONE = 2**22 + 1
"""No process has this id."""


def without_lock(path: Path) -> None:
    """Make a segment one of a platform without locks."""
    data = path.read_bytes()
    path.write_bytes(HEADER.pack(MAGIC, VERSION, 0, 0) + data[HEADER.size :])


class TestCensus:
    @pytest.mark.parametrize("make", [lambda _: None, Path.mkdir, Path.touch])
    def test_of_nothing_is_empty(self, folder: Path, make: Callable[[Path], None]) -> None:
        """No folder, an empty one, or a file."""
        make(folder)

        assert [] == census(folder)

    def test_says_who_writes_and_lives(self, folder: Path, writer: Callable[..., Any]) -> None:
        """As long as the file is open, nothing else is asked for."""
        one = writer("one").write()
        one.appender.append(b"{}")
        (found,) = census(folder)

        assert (one.header, True) == (found.header, found.lives)

    @pytest.mark.parametrize("way", ["end", "die"])
    def test_says_who_is_gone(self, folder: Path, writer: Callable[..., Any], way: str) -> None:
        """Whether it said so or not."""
        one = writer()
        one.appender.append(b"{}")
        getattr(one, way)()

        assert [False] == [found.lives for found in census(folder)]

    def test_of_another_process(self, folder: Path, launch: Callable[..., Popen[str]]) -> None:
        """It lives until it is killed."""
        process = launch(HOLD, folder)
        assert process.stdout.readline() == "written\n"
        during = census(folder)
        process.kill()
        process.wait()

        assert [(process.pid, True)] == [(found.header.pid, found.lives) for found in during]
        assert [(process.pid, False)] == [(found.header.pid, found.lives) for found in census(folder)]

    def test_is_in_order_of_time(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Segments of one process are read as they were written."""
        one = writer().write(*(span(number, attributes={"long": "x" * 9000}) for number in range(5)))
        one.end()

        assert sorted(folder.iterdir()) == [found.path for found in census(folder)]

    def test_of_one_process_id(self, folder: Path, writer: Callable[..., Any]) -> None:
        """Without a look into others' files."""
        writer().appender.append(b"{}")
        (path,) = folder.iterdir()
        path.with_name("0-77-ab.segment").write_bytes(path.read_bytes())

        assert [path] == [found.path for found in census(folder, os.getpid())]

    def test_leaves_other_formats_alone(self, folder: Path, writer: Callable[..., Any]) -> None:
        """They are for a later version."""
        writer(format=FORMAT + 1).appender.append(b"{}")

        assert [] == census(folder)

    @pytest.mark.parametrize("content", [b"", b"nothing", bytes(100), HEADER.pack(MAGIC, VERSION + 1, 0, 0), MAGIC])
    def test_leaves_other_files_alone(self, folder: Path, content: bytes) -> None:
        """Whatever has that name."""
        folder.mkdir()
        (folder / "x.segment").write_bytes(content)
        (folder / "journal.db").write_bytes(content)

        assert [] == census(folder)


class TestWithoutLocks:
    @pytest.mark.parametrize(
        ("pid", "where", "lives"),
        [
            (os.getpid(), host(), True),
            (GONE, host(), False),
            (GONE, "elsewhere", True),
            (1, host(), True),  # whoever that is: it is not ours to signal
        ],
        ids=["ours", "dead", "elsewhere", "another"],
    )
    def test_the_process_s_id_tells(
        self, folder: Path, writer: Callable[..., Any], pid: int, where: str, *, lives: bool
    ) -> None:
        """On this machine; who may live is not taken for dead."""
        one = writer(pid=pid, host=where)
        one.appender.append(b"{}")
        one.die()
        (path,) = folder.iterdir()
        without_lock(path)

        assert [lives] == [found.lives for found in census(folder)]

    def test_the_end_mark_tells(self, folder: Path, writer: Callable[..., Any]) -> None:
        """Whoever wrote it."""
        one = writer()
        one.appender.append(b"{}")
        one.end()
        (path,) = folder.iterdir()
        without_lock(path)

        assert [False] == [found.lives for found in census(folder)]


class TestHost:
    def test_is_this_machine(self) -> None:
        """As the kernel calls it."""
        assert os.uname().nodename == host()


class TestMayHaveOthers:
    def test_not_where_there_is_one_segment_of_that_process(self, folder: Path, writer: Callable[..., Any]) -> None:
        """Nor where there is none."""
        before = may_have_others(folder, os.getpid())
        writer("one").write().appender.append(b"{}")

        assert (False, False) == (before, may_have_others(folder, os.getpid()))

    def test_where_there_is_one_of_another(self, folder: Path, writer: Callable[..., Any]) -> None:
        """Its name tells."""
        writer("one").write().appender.append(b"{}")

        assert may_have_others(folder, GONE)

    def test_where_there_are_several(self, folder: Path, writer: Callable[..., Any]) -> None:
        """In containers each process may have the same id."""
        for name in ("one", "two"):
            writer(name).write().appender.append(b"{}")

        assert may_have_others(folder, os.getpid())
