from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from contextvars import copy_context

import pytest
from opentelemetry.context import Context, get_current

from orchestrace.exceptions import ConfigurationError
from orchestrace.recording.content import (
    LEVELS,
    VARIABLE,
    content,
    is_recorded,
    is_said,
    on_events,
    said_within,
    use,
    within,
)


@pytest.fixture(autouse=True)
def _default(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin with nothing set."""
    monkeypatch.delenv(VARIABLE, raising=False)
    yield
    use(None)


class TestVariable:
    @pytest.mark.parametrize("value", ["span_only", "SPAN_AND_EVENT", "true", "True", " true ", ""])
    def test_content_on_spans_is_recorded(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        """In any case, and where it is empty."""
        monkeypatch.setenv(VARIABLE, value)

        assert is_recorded()

    @pytest.mark.parametrize("value", ["no_content", "EVENT_ONLY", "false", "FALSE", "0", "nonsense"])
    def test_anything_else_switches_it_off(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        """What nobody understands must not leak."""
        monkeypatch.setenv(VARIABLE, value)

        assert not is_recorded()

    def test_without_it_content_is_recorded(self) -> None:
        """It is what this package is for."""
        assert is_recorded()


class TestOnEvents:
    @pytest.mark.parametrize(
        ("value", "on_spans", "wanted"),
        [
            ("NO_CONTENT", False, False),
            ("SPAN_ONLY", True, False),
            ("EVENT_ONLY", False, True),
            ("Span_And_Event", True, True),
            ("true", True, True),
            ("false", False, False),
            ("", True, False),
            ("nonsense", False, False),
        ],
    )
    def test_variable_says_where_content_stands(
        self, monkeypatch: pytest.MonkeyPatch, value: str, *, on_spans: bool, wanted: bool
    ) -> None:
        """Its four values, and the two of old."""
        monkeypatch.setenv(VARIABLE, value)

        assert (on_spans, wanted) == (is_recorded(), on_events())

    def test_the_program_can_forbid_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever the variable says."""
        monkeypatch.setenv(VARIABLE, "SPAN_AND_EVENT")
        with content("off"):
            assert not on_events()
        use("off")

        assert not on_events()

    def test_the_program_alone_does_not_put_it_there(self) -> None:
        """Full content is content on spans: a second copy is for those who ask for it."""
        with content("full"):
            assert not on_events()


class TestUse:
    @pytest.mark.parametrize("level", LEVELS)
    def test_it_stands_above_the_variable(self, monkeypatch: pytest.MonkeyPatch, level: str) -> None:
        """What the program says itself counts more."""
        monkeypatch.setenv(VARIABLE, "false" if level == "full" else "true")
        use(level)

        assert (level == "full") == is_recorded()

    def test_none_leaves_it_to_the_variable_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As before the first call."""
        monkeypatch.setenv(VARIABLE, "false")
        use("full")
        use(None)

        assert not is_recorded()

    def test_an_unknown_level_is_an_error(self) -> None:
        """It names those that exist, and changes nothing."""
        with pytest.raises(ConfigurationError, match="'none' is no level: use one of 'full', 'off'"):
            use("none")

        assert is_recorded()


class TestContent:
    def test_holds_inside_the_block_alone(self) -> None:
        """Afterwards, and after an exception, what was there before is back."""
        before, inside = get_current(), []
        with suppress(ZeroDivisionError), content("off"):
            inside.append(is_recorded())
            raise ZeroDivisionError

        assert ([False], True) == (inside, is_recorded())
        assert before == get_current()

    def test_the_inner_block_counts(self) -> None:
        """One call inside of a silent run can be shown."""
        with content("off"), content("full"):
            assert is_recorded()

    def test_stands_above_what_the_process_uses(self) -> None:
        """The nearest word counts."""
        use("off")
        with content("full"):
            assert is_recorded()

    def test_reaches_tasks_and_copied_contexts(self) -> None:
        """Whatever carries OpenTelemetry's context carries this."""

        async def ask() -> bool:
            return await asyncio.create_task(asyncio.to_thread(is_recorded))

        with content("off"):
            assert [False, False] == [asyncio.run(ask()), copy_context().run(is_recorded)]

    def test_another_context_can_be_asked_about(self) -> None:
        """A span that starts elsewhere has its own level."""
        with content("off"):
            assert is_recorded(Context())

    def test_an_unknown_level_is_an_error(self) -> None:
        """At the latest when the block is entered."""
        with pytest.raises(ConfigurationError), content("some"):
            pass


class TestIsSaid:
    def test_of_opentelemetrys_variable_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever it says."""
        with content("off"):
            before = is_said()
        monkeypatch.setenv(VARIABLE, "false")

        assert (False, True) == (before, is_said())


class TestWithin:
    def test_is_a_value(self) -> None:
        """Nothing is current that was not before."""
        off = within(Context(), "off")

        assert ("off", None) == (said_within(off), said_within(Context()))
        assert (False, True) == (is_recorded(off), is_recorded())
