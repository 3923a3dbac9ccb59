from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrace import conventions as names
from orchestrace.cli.details import details
from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.span_tree import Branch

Make = Callable[..., SpanRecord]
TRACE = "0" * 31 + "1"


def rows(
    span: SpanRecord, *below: SpanRecord, above: SpanRecord | None = None, full: bool = False
) -> list[tuple[str, str]]:
    """Return labels and texts."""
    branch = Branch(span, [Branch(one) for one in below])
    return [(row.label, row.text) for row in details(branch, above=above, full=full)]


def inside(make: Make, *below: SpanRecord, full: bool = False, **fields: object) -> list[tuple[str, str]]:
    """Return the rows of a span that has a parent."""
    return rows(make(**fields), *below, above=make(), full=full)


def raised(kind: str = "provider.Busy", message: str = "429") -> EventRecord:
    """Return the event of an exception."""
    known = {names.EXCEPTION_TYPE: kind, names.EXCEPTION_MESSAGE: message, names.EXCEPTION_STACKTRACE: "Traceback"}
    return EventRecord("exception", 0, known)


class TestTop:
    def test_says_when_and_which(self, make: Make) -> None:
        """What is needed to find the same minute, and the same trace, in other tools."""
        assert [("started", "1970-01-01 00:00:00 UTC"), ("trace", TRACE)] == rows(make())

    def test_the_others_do_not(self, make: Make) -> None:
        """Once is enough."""
        assert [] == inside(make)


class TestIdentity:
    SAID = {names.KEY: "job-17", names.SESSION_ID: "s", names.CONVERSATION_ID: "s", f"{names.TAG_PREFIX}trial": True}  # noqa: RUF012

    def test_stands_where_it_comes_from(self, make: Make) -> None:
        """A conversation that is the session is not said twice."""
        found = inside(make, attributes=self.SAID | {f"{names.EXPERIMENT_PREFIX}tone": "warm"})

        assert [("key", "job-17"), ("session", "s"), ("tags", "trial"), ("experiments", "tone: warm")] == found

    def test_is_not_repeated_below(self, make: Make) -> None:
        """What a span has from its parent says nothing new."""
        assert [("key", "job-18")] == rows(make(self.SAID | {names.KEY: "job-18"}), above=make(self.SAID))


class TestErrors:
    def test_have_the_providers_words(self, make: Make) -> None:
        """Type, HTTP status, message."""
        said = {names.ERROR_TYPE: "rate_limit_exceeded", names.HTTP_STATUS: 429, names.RESPONSE_BODY: "{}"}

        assert [("error", "rate_limit_exceeded (HTTP 429): Slow down.")] == inside(
            make, status="ERROR", status_message="Slow down.", attributes=said
        )

    def test_without_words_the_body_is_shown(self, make: Make) -> None:
        """A gateway's answer has no message that a wire could read."""
        said = {names.HTTP_STATUS: 502, names.RESPONSE_BODY: "<html>Bad gateway"}

        assert [("error", "(HTTP 502)"), ("body", "<html>Bad gateway")] == inside(make, status="ERROR", attributes=said)

    def test_may_be_known_from_the_event_alone(self, make: Make) -> None:
        """Other libraries record the exception and no type."""
        assert [("error", "provider.Busy: 429")] == inside(make, status="ERROR", events=[raised()])

    def test_may_say_nothing(self, make: Make) -> None:
        """It is an error all the same."""
        assert [("error", "unknown")] == inside(make, status="ERROR")

    def test_stand_where_they_come_from(self, make: Make) -> None:
        """A span whose error came out of a call inside does not repeat it; the top does."""
        cause = make(status="ERROR", status_message="Slow down.")
        words = "Error code: 429 - Slow down."
        failed = make(status="ERROR", status_message=words)

        assert [] == rows(failed, cause, above=make())
        assert ("error", words) in rows(failed, cause)

    def test_of_their_own_are_not_lost(self, make: Make) -> None:
        """A call inside may have failed for another reason."""
        other = make(status="ERROR", status_message="Not found.")

        assert [("error", "Slow down.")] == inside(make, other, status="ERROR", status_message="Slow down.")

    def test_without_words_hide_none(self, make: Make) -> None:
        """A call inside that failed silently explains nothing."""
        silent = make(status="ERROR")

        assert [("error", "Slow down.")] == inside(make, silent, status="ERROR", status_message="Slow down.")
        assert [] == inside(make, silent, status="ERROR")

    def test_full_has_the_stack_once(self, make: Make) -> None:
        """Of the innermost span that the exception went through: it is the longest way down."""
        cause = make(status="ERROR", events=[raised()])

        assert ("stack", "Traceback") in rows(cause, above=make(), full=True)
        assert "stack" not in dict(rows(make(status="ERROR", events=[raised()]), cause, full=True))


class TestRuns:
    def test_say_in_a_line_what_became_of_them(self, make: Make) -> None:
        """The summary of the run, and why it was stopped."""
        said = {names.ROLE: "agent", names.SUMMARY: "2 iterations, stopped", names.STOP_DETAIL: "no budget"}

        assert [("summary", "2 iterations, stopped"), ("stopped", "no budget")] == inside(make, attributes=said)

    def test_iterations_have_it_in_full_only(self, make: Make) -> None:
        """The roles inside say the same."""
        said = {names.ROLE: "iteration", names.SUMMARY: "tone 0.4"}

        assert [] == inside(make, attributes=said)
        assert ("summary", "tone 0.4") in inside(make, attributes=said, full=True)

    def test_configuration(self, make: Make) -> None:
        """Its hash, to compare runs by, then what it says."""
        said = {names.AGENT_CONFIG_HASH: "8a5f", names.AGENT_CONFIG: '{"model":"gpt-4o","rounds":2}'}

        assert [("config", 'hash 8a5f, model: "gpt-4o", rounds: 2')] == inside(make, attributes=said)

    def test_configuration_without_content(self, make: Make) -> None:
        """The hash alone."""
        assert [("config", "hash 8a5f")] == inside(make, attributes={names.AGENT_CONFIG_HASH: "8a5f"})

    def test_prompts_by_the_part_that_used_them(self, make: Make) -> None:
        """Each stands under its role as well, so that it can be searched for; that is not shown."""
        used = {"generator": "a@1", "draft": "a@1", "evaluator": "b@2", "tone": "b@2"}
        said = {names.PROMPTS_PREFIX + part: identity for part, identity in used.items()}

        assert [("prompts", "draft a@1, tone b@2")] == inside(make, attributes=said)

    def test_prompts_by_role_where_nothing_else_is_known(self, make: Make) -> None:
        """Rather that than nothing."""
        assert [("prompts", "generator a@1")] == inside(make, attributes={f"{names.PROMPTS_PREFIX}generator": "a@1"})


class TestVerdicts:
    def test_feedback_of_one(self, make: Make) -> None:
        """Its score is in the heading."""
        said = {names.EVALUATION_SCORE: 0.4, names.EVALUATION_EXPLANATION: "too formal"}

        assert [("feedback", "too formal")] == inside(make, attributes=said)

    def test_several(self, make: Make) -> None:
        """A row each, with score and feedback."""
        listed = '[{"name":"tone","score":0.4,"passed":false,"feedback":"stiff"},{"name":"facts","passed":true}]'

        assert [("tone", "0.4 failed: stiff"), ("facts", "passed")] == inside(
            make, attributes={names.EVALUATIONS: listed}
        )


class TestOutcomes:
    def test_say_what_came_of_the_run(self, make: Make) -> None:
        """Whatever the heading has no room for."""
        said = {names.OUTCOME_NAME: "email.replied", names.OUTCOME_VALUE: True, names.OUTCOME_SOURCE: "crm"}

        assert [("comment", "at once")] == inside(make, attributes=said | {names.OUTCOME_COMMENT: "at once"})

    def test_a_long_value_is_whole(self, make: Make) -> None:
        """A heading is one line."""
        said = {names.OUTCOME_NAME: "feedback", names.OUTCOME_VALUE: "too long " * 20}

        assert ["value"] == [label for label, _ in inside(make, attributes=said)]

    def test_do_not_repeat_how_the_run_was_set_up(self, make: Make) -> None:
        """The run around them says it; an outcome that is alone says it itself."""
        said = {names.ROLE: "outcome", names.OUTCOME_NAME: "replied", names.AGENT_CONFIG_HASH: "7f"}

        assert ([], ("config", "hash 7f")) == (inside(make, attributes=said), rows(make(said))[-1])

    def test_stand_at_the_run_too(self, make: Make) -> None:
        """They are below the whole story; what was corrected is left out."""
        first = make({names.ROLE: "outcome", names.OUTCOME_NAME: "rating", names.OUTCOME_VALUE: 2})
        told = {names.OUTCOME_NAME: "rating", names.OUTCOME_VALUE: 4, names.OUTCOME_CORRECTS: first.span_id}
        replied = {names.ROLE: "outcome", names.OUTCOME_NAME: "email.replied", names.OUTCOME_VALUE: True}
        below = [first, make({names.ROLE: "outcome"} | told), make(replied)]

        assert [("outcomes", "rating 4, email.replied true")] == inside(make, *below)


class TestFull:
    def test_shows_what_other_libraries_say(self, make: Make) -> None:
        """Attributes, events and links that we have no name for, and who wrote them."""
        found = inside(
            make,
            full=True,
            span_id="f" * 16,
            scope="httpx",
            scope_version="0.1",
            attributes={"url.full": "https://host/", names.SCHEMA: "1", names.RESPONSE_ID: "r-1"},
            events=[EventRecord("retry", 0, {"after": 2}), EventRecord("wait", 0)],
            links=[LinkRecord("a" * 32, "b" * 16)],
        )

        assert [
            ("span", "f" * 16),
            ("written by", "httpx 0.1"),
            ("attributes", f"url.full: https://host/\n{names.RESPONSE_ID}: r-1"),
            ("event", "retry\nafter: 2"),
            ("event", "wait"),
            ("link", f"span {'b' * 16} of trace {'a' * 32}"),
        ] == found

    @pytest.mark.parametrize("scope", ["", "orchestrace"])
    def test_does_not_name_ourselves(self, make: Make, scope: str) -> None:
        """Only what is unusual is said."""
        assert [("span", "f" * 16)] == inside(make, full=True, span_id="f" * 16, scope=scope)


class TestDraft:
    @pytest.mark.parametrize(("draft", "shown"), [("Dear Ada", []), ("Dear Bo", [("output", "Dear Bo")])])
    def test_of_an_iteration_is_read_at_its_generator(
        self, draft: str, shown: list[tuple[str, str]], make: Make
    ) -> None:
        """It stands on both; one that nobody generated, because it was taken from elsewhere, is shown."""
        generated = make({names.ROLE: "generator", names.OUTPUT_VALUE: "Dear Ada"})
        said = {names.ROLE: "iteration", names.OUTPUT_VALUE: draft}

        assert shown == inside(make, generated, attributes=said)
        assert ("output", draft) in inside(make, generated, attributes=said, full=True)
