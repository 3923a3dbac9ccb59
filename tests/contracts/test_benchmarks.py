from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


def printed(script: str, *arguments: str, fails: bool = False) -> str:
    """Return what a benchmark prints that is asked for little; with `fails` it may say that a promise is broken."""
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - ours
    assert fails or 0 == done.returncode, done.stderr
    return done.stdout


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of all tables by their first cell, without what makes it bold."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return {first.strip(" *"): [cell.strip() for cell in rest] for first, *rest in lines}


@pytest.fixture
def modules_of_benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the scripts importable for as long as a test lasts."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in set(sys.modules) - before:
        if (BENCHMARKS / f"{name}.py").exists():
            del sys.modules[name]


@pytest.fixture
def everything(modules_of_benchmarks: None) -> ModuleType:
    """Return the module that runs all of them."""
    return importlib.import_module("everything")


@pytest.fixture
def contenders(modules_of_benchmarks: None) -> ModuleType:
    """Return the module that says who is compared."""
    return importlib.import_module("contenders")


@pytest.mark.slow
class TestScripts:
    def test_contenders_do_every_kind_of_work_over_both_transports(self, tmp_path: Path) -> None:
        """Costs over both, bytes and memory are told of each of them, and drawn in a panel for each kind of work."""
        plot = tmp_path / "plot.svg"
        told = printed("calls.py", "--tiny", "--rounds", "1", "--here", "--only", "whole, with", "--plot", str(plot))
        found = rows(told)

        assert 2 + 1 == told.count("| bare client, nothing recorded | ") == told.count("| **orchestrace, whole, with ")
        assert float(found["orchestrace, whole, with metrics"][0]) > 3
        assert 3 == len(ET.parse(plot).getroot().findall("{*}rect"))  # noqa: S314 - made above

    def test_import_and_start_are_told(self) -> None:
        """Both have a figure, and the first one a promise."""
        found = rows(printed("import_cost.py", "1", "--here", "--only", "orchestrace"))

        assert 2 == len([cell for cell in found["orchestrace"] if float(cell.split()[0]) > 0])
        assert "import orchestrace, over opentelemetry-api" in found

    def test_a_dead_endpoint_is_set_beside_one_that_answers(self) -> None:
        """Calls are made with both, and the seconds to leave are told."""
        found = rows(printed("dead_endpoint.py", "--rounds", "1", "--calls", "2", "--only", "refused"))

        assert ["2", "2"] == [found["one that answers"][0], found["refused"][0]]
        assert {"a call's latency, refused", "exit, refused"} <= set(found)

    def test_all_that_waits_is_forwarded_over_both_protocols(self) -> None:
        """The throughput benchmark delivers as many spans as were written."""
        found = rows(printed("throughput.py", "20"))

        assert [["20", "0"]] * 2 == [found[way][:2] for way in ("OTLP/HTTP", "OTLP/gRPC")]

    def test_what_a_killed_process_left_is_all_found(self) -> None:
        """The recovery benchmark finds as many spans as were written."""
        assert "50" == rows(printed("recovery.py", "50"))["50"][0]

    def test_runs_are_weighed_with_content_and_without(self) -> None:
        """One run has 16 spans either way."""
        found = rows(printed("disk_use.py", "1"))

        assert [["1", "16"]] * 2 == [found[f'content="{content}"'][:2] for content in ("full", "off")]

    def test_a_soak_counts_two_spans_for_each_call(self) -> None:
        """From threads and tasks, with streams that are left, so many arrive. Of memory, few calls say nothing."""
        told = printed("soak.py", "--calls", "40", fails=True)
        found = rows(told)

        assert "40 calls in" in told
        assert "80 arrived, 0 twice" in told
        assert "yes" == found["spans that arrived and those expected, difference"][-1]
        assert "yes" == found["calls that there was no time for"][-1]


class TestEverything:
    def test_promises_of_all_scripts_come_first(self, everything: ModuleType) -> None:
        """Their tables are taken out of what was printed; other tables stay."""
        tables = sys.modules["tables"]
        kept = tables.promises([tables.Promise("a", 2, 1, "ms"), tables.Promise("b", 1, 1)])
        other = tables.table(["x", "y"], [[1, 2]])

        text, found = everything.parted(f"before\n\n{kept}\n\n{other}\n\nafter")

        assert [["a", "2 ms", "1 ms", "**no**"], ["b", "1", "1", "yes"]] == found
        assert other in text
        assert "promised" not in text


class TestPromises:
    @pytest.mark.parametrize(
        ("measured", "spread", "verdict"),
        [
            (1, 0, "yes"),
            (2, 0, "**no**"),
            (2, 3, "**no** (noise)"),
            (0, 3, "yes (noise)"),
            (2, float("inf"), "**no** (noise)"),
        ],
    )
    def test_a_spread_over_the_limit_is_said(
        self, everything: ModuleType, measured: float, spread: float, verdict: str
    ) -> None:
        """A verdict that the noise could have turned says so."""
        promise = sys.modules["tables"].Promise("a", measured, 1, spread=spread)

        assert verdict == promise.verdict


class TestEnvironments:
    def test_everybody_has_one(self, contenders: ModuleType) -> None:
        """Each contender that is not ours has a list of what to install, with its package; no list is left over."""
        listed = {path.stem: path.read_text(encoding="utf-8") for path in (BENCHMARKS / "environments").glob("*.txt")}
        wanted = {one.environment: one.package for one in contenders.CONTENDERS if one.environment != "orchestrace"}

        assert set(wanted) == set(listed)
        assert [] == [name for name, package in wanted.items() if package not in listed[name]]
