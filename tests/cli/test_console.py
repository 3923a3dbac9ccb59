from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from rich.text import Text
from orchestrace.cli import console
console.show(Text("wörds " * 40, style="bold red"))
"""


def printed(tmp_path: Path, program: str, **environment: str) -> bytes:
    """Return what a program prints into a pipe, with no terminal anywhere near."""
    known = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=tmp_path,
        env=known | environment,
        check=True,
    )
    return done.stdout


class TestPipe:
    def test_is_plain(self, tmp_path: Path) -> None:
        """No escape code, letters as they are."""
        assert printed(tmp_path, PROGRAM, PYTHONUTF8="1").decode().split() == ["wörds"] * 40

    @pytest.mark.parametrize(("environment", "expected"), [({}, 120), ({"COLUMNS": "60"}, 60)])
    def test_lines_have_a_width(self, tmp_path: Path, environment: dict[str, str], expected: int) -> None:
        """Of 120 cells, or what `COLUMNS` says."""
        lines = printed(tmp_path, PROGRAM, PYTHONUTF8="1", **environment).decode().splitlines()

        assert expected - len("wörds ") < max(map(len, lines)) <= expected


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
class TestTerminal:
    @pytest.mark.parametrize(("environment", "expected"), [({}, True), ({"NO_COLOR": "1"}, False)])
    def test_has_colours_unless_they_are_not_wanted(self, environment: dict[str, str], *, expected: bool) -> None:
        """With `NO_COLOR` there is no escape code at all, not even for bold."""
        import pty  # noqa: PLC0415 - POSIX only

        ours, theirs = pty.openpty()
        known = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
        with subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", PROGRAM], stdin=theirs, stdout=theirs, env=known | {"TERM": "xterm"} | environment
        ):
            os.close(theirs)
            seen = b"".join(iter(lambda: _read(ours), b""))
        os.close(ours)

        assert b"w\xc3\xb6rds" in seen
        assert expected == (b"\x1b" in seen)


class TestWrite:
    def test_documents_are_utf8(self, tmp_path: Path) -> None:
        """Whatever the locale says: JSON is UTF-8."""
        program = 'from orchestrace.cli import console\nconsole.write("wörds".encode())'

        assert "wörds\n".encode() == printed(tmp_path, program, PYTHONIOENCODING="latin-1")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""
