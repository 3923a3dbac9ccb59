"""Programs that Python runs itself, watched from before they begin, as under `opentelemetry-instrument`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import orchestrace
from orchestrace.declared.script import watch

SITE = """
import sys
names = []
def look(module):
    names.append([name for name in ("craft", "Crafter", "late") if name in vars(module)])
from orchestrace.declared import script
script.watch(look)
sys.names = names
"""
PROGRAM = '''\
"""Says what it sees."""
from __future__ import annotations
import json, sys
if "x" not in sys.argv:
    def craft(job: Unknown) -> None: ...
try:
    class Crafter:
        def run(self): ...
finally:
    pass
def show():
    own = {name: repr(globals().get(name)) for name in ("__doc__", "__file__", "__name__", "__package__")}
    found = {"argv": sys.argv, "path": sys.path[0], "line": sys._getframe().f_lineno}
    hooks = [str(one) for one in [*sys.path_hooks, *sys.meta_path] if "script" in str(one)]
    loaded = {"loader": type(__loader__).__name__, "spec": getattr(__spec__, "name", None)}
    seen = {**loaded, "names": getattr(sys, "names", None), "hooks": hooks}
    print(json.dumps(own | found | seen))
show()
def late(): ...
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a program, which is also a package's, and what Python loads before it."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    for path in ("app.py", "package/app.py", "package/__main__.py"):
        (tmp_path / path).write_text(PROGRAM, encoding="utf-8")
    return tmp_path


def execute(folder: Path, *command: str, watched: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program."""
    source = str(Path(str(orchestrace.__file__)).parents[1])
    paths = [*([str(folder / "site")] if watched else []), source]
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, *command],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )


def shown(folder: Path, *command: str, watched: bool = True) -> dict[str, Any]:
    """Run the program; return what it sees."""
    done = execute(folder, *command, watched=watched)
    assert (0, "") == (done.returncode, done.stderr)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


class TestWatch:
    @pytest.mark.parametrize(
        "command",
        [["app.py"], ["./package/app.py", "y"], ["-m", "app"], ["-m", "package.app", "y"], ["-m", "package"]],
        ids=" ".join,
    )
    def test_a_program_is_looked_at_while_it_runs(self, folder: Path, command: list[str]) -> None:
        """After each definition; and it finds itself as it would without us, line by line."""
        watched, alone = (shown(folder, *command, watched=one) for one in (True, False))
        defined = [["craft"], ["craft", "Crafter"], ["craft", "Crafter"]]

        assert defined == watched.pop("names")
        assert alone.pop("names") is None
        assert alone == watched

    @pytest.mark.parametrize(
        ("program", "words"),
        [
            ("def x(:\n", "SyntaxError"),
            ("1/0", "ZeroDivisionError"),
            ("import sys; sys.exit(3)", ""),
            # Before 3.11 Python reads a script up to the zero byte, and a module not at all.
            *([("\0", "Error")] if sys.version_info >= (3, 11) else []),
        ],
    )
    def test_a_program_fails_as_ever(self, folder: Path, program: str, words: str) -> None:
        """With its own error, and its own exit code."""
        (folder / "app.py").write_text(program, encoding="utf-8")
        watched, alone = (execute(folder, "app.py", watched=one) for one in (True, False))

        assert alone.returncode == watched.returncode != 0
        assert words in watched.stderr
        kinds = [[line.partition(":")[0] for line in one.stderr.splitlines()[-1:]] for one in (alone, watched)]
        assert kinds[0] == kinds[1]

    def test_its_encoding_is_its_own(self, folder: Path) -> None:
        """As Python reads it."""
        text = "# -*- coding: latin-1 -*-\nprint(ascii('ä'))\n"
        (folder / "app.py").write_bytes(text.encode("latin-1"))

        assert "'\\xe4'\n" == execute(folder, "app.py").stdout

    @pytest.mark.parametrize("command", [["-c", "print(1)"], ["-m", "json.tool", "--help"], ["site"]], ids=" ".join)
    def test_what_is_no_such_program_is_left_alone(self, folder: Path, command: list[str]) -> None:
        """Words on the command line, modules without source of this kind, folders and archives."""
        (folder / "site" / "__main__.py").write_text("print(1)", encoding="utf-8")
        watched, alone = (execute(folder, *command, watched=one) for one in (True, False))

        assert (0, alone.stdout, "") == (watched.returncode, watched.stdout, watched.stderr)

    def test_other_processes_find_what_it_defines(self, folder: Path) -> None:
        """Those that multiprocessing spawns run it anew."""
        program = """
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        def craft(job): return job + 1
        if __name__ == "__main__":
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                print(pool.submit(craft, 1).result())
        """
        (folder / "app.py").write_text(textwrap.dedent(program), encoding="utf-8")
        done = execute(folder, "app.py")

        assert ("2\n", "") == (done.stdout, done.stderr)

    def test_a_program_that_has_begun_is_too_late(self) -> None:
        """Nothing is prepared for it."""
        before = [*sys.path_hooks], [*sys.meta_path]
        watch(lambda _: None)

        assert before == ([*sys.path_hooks], [*sys.meta_path])
