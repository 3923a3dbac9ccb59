from __future__ import annotations

from importlib.metadata import version

from typer.testing import CliRunner

from orchestrace.cli.application import application


class TestApplication:
    def test_version(self) -> None:
        """Name and version of the package that is installed."""
        assert f"orchestrace {version('orchestrace')}\n" == CliRunner().invoke(application, ["--version"]).stdout

    def test_without_arguments_it_says_what_it_can(self) -> None:
        """The commands, each with a line."""
        said = " ".join(CliRunner().invoke(application, []).output.split())
        words = ("forget Delete runs", "list List runs", "show Show what happened", "status Say what became")

        assert [] == [one for one in words if one not in said]

    def test_unknown_commands_are_misuse(self) -> None:
        """The exit code is 2, as everywhere."""
        done = CliRunner().invoke(application, ["shwo"])

        assert done.exit_code == 2
        assert "shwo" in done.stderr
