from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = "from orchestrace.cli.main import main; main()"


def start(*arguments: str, before: str = "", **environment: str) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own."""
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", before + MAIN, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
    )


def run(*arguments: str, before: str = "", **environment: str) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr."""
    with start(*arguments, before=before, **environment) as process:
        out, error = process.communicate(timeout=60)
    return process.returncode, out.decode(), error.decode()


class TestMain:
    def test_commands_run(self, journal: Path) -> None:
        """The journal may be named in the environment."""
        code, out, error = run("show", ORCHESTRACE_JOURNAL=str(journal))

        assert (0, "") == (code, error)
        assert out.startswith("invoke_agent Greeter  returned  1.0 s\n")

    def test_it_is_there_without_its_script(self) -> None:
        """With the very Python of a program, in a container for example: as `python -m orchestrace`."""
        done = subprocess.run(
            [sys.executable, "-m", "orchestrace", "--version"], capture_output=True, text=True, timeout=60, check=False
        )

        assert (0, True, "") == (done.returncode, done.stdout.startswith("orchestrace "), done.stderr)

    @pytest.mark.parametrize("missing", ["typer", "rich", "jinja2", "markdown_it"])
    def test_without_the_extra_it_says_what_to_install(self, missing: str) -> None:
        """One line, exit code 2, and no traceback."""
        said = f"orchestrace: the command needs {missing}, which is not installed: pip install 'orchestrace[cli]'\n"

        assert (2, "", said) == run("list", before=f"import sys; sys.modules[{missing!r}] = None; ")

    def test_other_modules_that_are_missing_are_faults(self) -> None:
        """A broken installation is not hidden behind advice that does not help."""
        code, _, error = run("list", before="import sys; sys.modules['orjson'] = None; ")

        assert code == 1
        assert "import of orjson halted" in error

    @pytest.mark.parametrize("wanted", ["ffff", "nonsense"])
    def test_unknown_traces(self, journal: Path, wanted: str) -> None:
        """One line on stderr, exit code 1."""
        code, out, error = run("show", wanted, "--journal", str(journal))

        assert (1, "", 1) == (code, out, len(error.splitlines()))
        assert error.startswith("orchestrace: ")
        assert wanted in error

    def test_no_journal(self, tmp_path: Path) -> None:
        """Where it was looked for, and what to do."""
        code, out, error = run("list", ORCHESTRACE_JOURNAL=str(tmp_path / "missing"))

        assert (1, "", 1) == (code, out, len(error.splitlines()))
        assert "call orchestrace.configure()" in error

    def test_what_the_system_refuses(self) -> None:
        """A folder that cannot even be looked for is no traceback."""
        code, _, error = run("list", "--journal", "x" * 5000)

        assert (1, 1) == (code, len(error.splitlines()))

    @pytest.mark.parametrize("arguments", [["--full"], ["--json"]])
    def test_a_closed_pipe_is_silent(self, journal: Path, arguments: list[str]) -> None:
        """`| head` has read enough."""
        with start("show", "3c7a", "--journal", str(journal), *arguments) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            error = process.stderr.read()

        assert error == b""

    def test_terminals_without_a_letter_show_its_number(self, journal: Path) -> None:
        """An encoding that lacks it stops nothing."""
        code, out, _ = run("show", "3c7a", "--journal", str(journal), PYTHONIOENCODING="ascii", PYTHONUTF8="0")

        assert code == 0
        assert "|- iteration 1" in out
        assert "Zo\\xeb" in out
