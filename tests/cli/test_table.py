from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from orchestrace.cli.table import table
from orchestrace.journal.reader import Run

Read = Callable[..., str]
SECOND = 1_000_000_000
RUN = Run(
    trace_id="3c7a" + "0" * 28,
    span_id="1" * 16,
    kind="agent",
    name="Crafter",
    version="1.4",
    key="job-17",
    start=1_767_225_600 * SECOND,
    end=1_767_225_606 * SECOND,
    iterations=2,
    accepted=False,
    stop_reason="limit",
    input_tokens=2718,
    output_tokens=134,
    ending="returned",
    status="UNSET",
    error=None,
    summary="2 iterations, limit; tone 0.4 'too formal'; 2,852 tokens",
)


def summary_of(run: Run, read: Read) -> str:
    """Return what stands in the last column."""
    titles, line = read(table([run]), 200).splitlines()
    return line[titles.index("summary") :]


class TestTable:
    def test_a_run_is_a_line(self, read: Read) -> None:
        """When, who, about what, how it ended, what it took, and the digits to show it by."""
        assert read(table([RUN]), 115) == (
            "started              agent        key     turns  ended  tokens   took  trace     summary\n"
            "2026-01-01 00:00:00  Crafter 1.4  job-17      2  limit   2,852  6.0 s  3c7a0000  tone 0.4 'too formal'\n"
        )

    def test_columns_without_values_are_left_out(self, read: Read) -> None:
        """Whoever uses no keys and no iterations has more room for the rest."""
        plain = replace(RUN, key=None, iterations=None, version=None, input_tokens=None, output_tokens=None)

        assert (
            "started              agent    ended   took  trace     summary" == read(table([plain]), 115).splitlines()[0]
        )

    def test_unknown_is_absent(self, read: Read) -> None:
        """A run without tokens has none there, not 0; one that runs has no duration."""
        running = replace(
            RUN, end=None, ending="running", stop_reason=None, summary=None, input_tokens=None, output_tokens=None
        )

        assert (
            "2026-01-01 00:00:00  Crafter 1.4  job-17      2  running                 3c7a0000"
            == read(table([running, RUN]), 115).splitlines()[1]
        )

    @pytest.mark.parametrize("width", [75, 80, 100, 120, 160, 200])
    def test_fits_the_terminal(self, read: Read, width: int) -> None:
        """Name and key give way; no line ends in blanks."""
        long = replace(
            RUN, name="SourcingEmailCrafterAgent", key="k" * 40, summary="x" * 300, cost=0.0042, scores=(0.4, 0.9)
        )
        lines = read(table([RUN, long]), width).splitlines()

        assert [] == [line for line in lines if cell_len(line) > width or line != line.rstrip()]

    def test_narrow_terminals_have_the_summary_below(self, read: Read) -> None:
        """It is what one wants to read."""
        assert read(table([RUN]), 90) == (
            "started              agent        key     turns  ended  tokens   took  trace\n"
            "2026-01-01 00:00:00  Crafter 1.4  job-17      2  limit   2,852  6.0 s  3c7a0000\n"
            "  2 iterations, limit; tone 0.4 'too formal'; 2,852 tokens\n"
        )

    def test_the_narrowest_lack_what_the_summary_tells(self, read: Read) -> None:
        """Iterations and tokens."""
        assert read(table([RUN]), 70) == (
            "started              agent        key     ended   took  trace\n"
            "2026-01-01 00:00:00  Crafter 1.4  job-17  limit  6.0 s  3c7a0000\n"
            "  2 iterations, limit; tone 0.4 'too formal'; 2,852 tokens\n"
        )

    def test_score_and_cost_have_columns(self, read: Read) -> None:
        """The score is that of the last iteration; there is a plus where some calls have no price."""
        runs = [replace(RUN, cost=0.0042, scores=(0.4, 0.9)), replace(RUN, cost=1.5, unpriced=2)]
        titles, priced, partly = read(table(runs), 150).splitlines()

        assert "ended  score  tokens     cost   took" in titles
        assert "limit    0.9   2,852  $0.0042  6.0 s" in priced
        assert "limit          2,852   $1.50+  6.0 s" in partly

    @pytest.mark.parametrize("cost", [float("nan"), float("inf")])
    def test_a_cost_that_is_no_number_is_none(self, read: Read, cost: float) -> None:
        """Any program can write an attribute of that name."""
        assert read(table([replace(RUN, cost=cost)]), 115) == read(table([RUN]), 115)


class TestSummary:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, "tone 0.4 'too formal'"),
            ({"summary": "2 iterations, limit; a; b; 2,852 tokens"}, "a; b"),
            ({"summary": "returned", "stop_reason": "returned", "iterations": None}, ""),
            ({"summary": "returned; 2,852 tokens", "stop_reason": "returned", "iterations": None}, ""),
            ({"summary": "1 iteration, accepted", "stop_reason": "accepted", "iterations": 1}, ""),
            ({"summary": None}, ""),
            ({"summary": "something else"}, "something else"),
            ({"status": "ERROR", "error": "Slow\ndown. \x1b[2J"}, "Slow down. ␛[2J"),
            ({"status": "ERROR", "error": None}, "tone 0.4 'too formal'"),
        ],
    )
    def test_says_what_the_other_columns_do_not(self, read: Read, changes: dict[str, object], expected: str) -> None:
        """Verdicts, or the error; iterations, stop reason and tokens have columns."""
        assert expected == summary_of(replace(RUN, **changes), read)  # type: ignore[arg-type]
