from __future__ import annotations

import pytest
from opentelemetry.context import get_current
from opentelemetry.trace import SpanContext

import orchestrace
from orchestrace.recording import lineage
from orchestrace.recording.carrier import RUN, read, write
from orchestrace.recording.reference import is_reference, parts_of, reference_of
from orchestrace.recording.remote import Remote
from orchestrace.testing import Spans

REFERENCE = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-6925a000"


class TestReferenceOf:
    def test_is_that_of_the_run_around(self, orchestrace_spans: Spans) -> None:
        """Its trace, its span, when it began."""
        with orchestrace.agent(name="A"), orchestrace.generator(name="draft"):
            found = reference_of(lineage.current())

        run = orchestrace_spans.one("invoke_agent A")
        assert f"{run.trace_id}-{run.span_id}-{run.start // 10**9:08x}" == found
        assert is_reference(found)

    def test_outside_there_is_none(self) -> None:
        """Nothing to find again."""
        assert "" == reference_of(None)

    def test_reaches_another_process(self, orchestrace_spans: Spans) -> None:
        """A worker that sends the e-mail can say which run wrote it."""
        with orchestrace.agent(name="A") as run, orchestrace.generator(name="draft"):
            here = lineage.current(read(write(get_current())))

        assert run.reference == reference_of(here) != ""

    def test_a_run_without_a_span_has_none(self) -> None:
        """There is nothing that it would lead to."""
        assert "" == reference_of(Remote(SpanContext(0, 0, is_remote=True), {}))


class TestIsReference:
    @pytest.mark.parametrize("found", [None, 1, "", "x", REFERENCE + "0", REFERENCE.upper()])
    def test_only_of_the_form(self, found: object) -> None:
        """What a carrier says is not believed."""
        assert not is_reference(found)
        assert lineage.current(read({RUN: f'{{"reference":"{found}"}}'})) is None

    def test_of_one(self) -> None:
        """As it was written."""
        here = lineage.current(read({RUN: f'{{"reference":"{REFERENCE}"}}'}))

        assert is_reference(REFERENCE)
        assert REFERENCE == reference_of(here)


class TestPartsOf:
    def test_are_ids_and_the_second(self) -> None:
        """In nanoseconds since the epoch; whoever stored it may have changed its case, or left a blank."""
        parts = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 0x6925A000 * 10**9)

        assert [parts, parts] == [parts_of(REFERENCE), parts_of(f" {REFERENCE.upper()}\n")]

    @pytest.mark.parametrize("text", ["", "last", REFERENCE[1:], REFERENCE + "0", f"{'0' * 32}-{REFERENCE[33:]}"])
    def test_anything_else_has_none(self, text: str) -> None:
        """A trace or span without an id is none."""
        assert parts_of(text) is None
