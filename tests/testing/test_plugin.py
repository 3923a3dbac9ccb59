from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

JOURNAL = "ORCHESTRACE_JOURNAL"
ELSEWHERE = "/elsewhere/journal"
OTHERS = ("-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:langsmith_plugin")
"""Plugins that cost a second in every inner run, for nothing."""
HEAVY = ["anthropic", "asyncio", "http.server", "httpx", "openai", "opentelemetry.sdk", "sqlite3", "wrapt"]
LOOK = """
import json, sys
import pytest, orchestrace.testing.plugin
print(json.dumps(sorted(sys.modules)))
"""
REMEMBER = """
import os, pathlib
HERE = pathlib.Path(__file__).parent
(HERE / "{name}").write_text(os.environ.get("ORCHESTRACE_JOURNAL", "unset"))
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the inner run start as a user's would: it inherits neither our journal nor our options."""
    for name in (JOURNAL, "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        monkeypatch.delenv(name, raising=False)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run pytest in a process of its own; a warning fails it."""
    return pytester.runpytest_subprocess("-W", "error", *OTHERS, *options)


class TestJournal:
    def seen(self, pytester: pytest.Pytester, *options: str) -> list[str]:
        """Return where conftest and a test of an inner run find the journal."""
        pytester.makeconftest(REMEMBER.format(name="conftest.seen"))
        pytester.makepyfile("def test_it():\n" + "".join(f"    {line}\n" for line in self.remembering("test.seen")))
        run(pytester, *options).assert_outcomes(passed=1)
        return [(pytester.path / name).read_text(encoding="utf-8") for name in ("conftest.seen", "test.seen")]

    def remembering(self, name: str) -> list[str]:
        """Return the lines of a test that does as the conftest does."""
        return REMEMBER.format(name=name).strip().splitlines()

    def test_is_temporary(self, pytester: pytest.Pytester) -> None:
        """From the first conftest on the journal is in a folder that is gone afterwards."""
        first, second = self.seen(pytester)

        assert (second, True) == (first, Path(first).is_relative_to(tempfile.gettempdir()))
        assert not Path(first).exists()

    def test_of_the_user_is_not_written(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        """A journal that is named elsewhere is not used in tests."""
        monkeypatch.setenv(JOURNAL, ELSEWHERE)

        assert Path(self.seen(pytester)[1]).is_relative_to(tempfile.gettempdir())

    def test_in_the_temporary_folder_is_kept(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run that was given a temporary journal, as a worker of another run is, uses that one."""
        folder = str(Path(tempfile.gettempdir()) / "journal of another run")
        monkeypatch.setenv(JOURNAL, folder)

        assert [folder, folder] == self.seen(pytester)

    def test_is_shared_by_workers(self, pytester: pytest.Pytester) -> None:
        """Workers of a parallel run write where the run does."""
        in_test = [f"    {line}" for line in self.remembering("{worker}.seen")]
        body = [line.replace('"{worker}.seen"', 'f"{worker}.seen"') for line in in_test]
        pytester.makeconftest(REMEMBER.format(name="conftest.seen"))
        pytester.makepyfile("\n".join(["def test_it(worker_id):", "    worker = worker_id", *body]))
        run(pytester, "-n", "1").assert_outcomes(passed=1)
        seen = {path.name: path.read_text(encoding="utf-8") for path in pytester.path.glob("*.seen")}

        assert seen["gw0.seen"] == seen["conftest.seen"] != "unset"

    @pytest.mark.parametrize("before", [None, ELSEWHERE])
    def test_is_put_back(self, pytester: pytest.Pytester, before: str | None) -> None:
        """A program that runs pytest inside itself finds its environment as it was."""
        program = pytester.makepyfile(
            program="""
            import os, pytest, sys
            assert pytest.main(["-q", *sys.argv[1:], "test_it.py"]) == 0
            print("after:", os.environ.get("ORCHESTRACE_JOURNAL"))
            """,
            test_it="""
            import os
            def test_it():
                assert os.environ["ORCHESTRACE_JOURNAL"] != "/elsewhere/journal"
            """,
        )
        environment = {name: value for name, value in os.environ.items() if name != JOURNAL}
        environment |= {} if before is None else {JOURNAL: before}
        done = subprocess.run(  # noqa: S603 - the program above
            [sys.executable, str(program), *OTHERS], env=environment, capture_output=True, text=True, check=True
        )

        assert f"after: {before}" == done.stdout.splitlines()[-1]

    def test_stays_without_the_plugin(self, pytester: pytest.Pytester) -> None:
        """Who switches the plugin off has nothing changed, and nothing broken."""
        assert ["unset", "unset"] == self.seen(pytester, "-p", "no:orchestrace")


class TestFixtures:
    def test_spans_are_those_of_the_test(self, pytester: pytest.Pytester) -> None:
        """Each test sees its own spans, numbered from 1."""
        pytester.makepyfile(
            """
            import pytest
            from orchestrace.recording.tracer import tracer

            @pytest.mark.parametrize("name", ["a", "b"])
            def test_it(name, orchestrace_spans):
                tracer().start_span(name).end()

                assert orchestrace_spans.tree() == name
                assert orchestrace_spans[0].span_id == "0000000000000001"
            """
        )

        run(pytester).assert_outcomes(passed=2)

    def test_server_answers(self, pytester: pytest.Pytester) -> None:
        """The server is there for the test; a request that it did not expect is an error of that test."""
        pytester.makepyfile(
            """
            import urllib.request
            from orchestrace.testing import Answer

            def test_expected(orchestrace_server):
                orchestrace_server.answer(Answer(body="Hello"), method="GET")

                assert urllib.request.urlopen(orchestrace_server.url).read() == b"Hello"

            def test_unexpected(orchestrace_server):
                try:
                    urllib.request.urlopen(orchestrace_server.url)
                except urllib.error.HTTPError as error:
                    error.close()
            """
        )
        done = run(pytester)
        done.assert_outcomes(passed=2, errors=1)

        done.stdout.fnmatch_lines(["*UnexpectedRequestError: GET /: no answer is queued; queued are: none"])

    def test_are_listed(self, pytester: pytest.Pytester) -> None:
        """`pytest --fixtures` says what each is for."""
        done = run(pytester, "--fixtures")

        done.stdout.fnmatch_lines(
            ["orchestrace_spans -- *", "    Capture the spans*", "orchestrace_server -- *", "    Serve the answers*"]
        )


class TestLoading:
    def test_imports_nothing_heavy(self) -> None:
        """Every pytest run of whoever has the package installed loads the plugin: it costs next to nothing."""
        done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)  # noqa: S603
        bare = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", LOOK.replace(", orchestrace.testing.plugin", "")],
            capture_output=True,
            text=True,
            check=True,
        )
        added = set(json.loads(done.stdout)) - set(json.loads(bare.stdout))

        assert [] == [name for name in HEAVY if name in added]
        assert {"orchestrace", "orchestrace.testing", "orchestrace.testing.plugin"} == {
            name for name in added if name == "orchestrace" or name.startswith("orchestrace.testing")
        }
