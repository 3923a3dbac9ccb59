"""What an SRE types into Jaeger's search, and which runs it finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.backends.conftest import Jaeger, Tables, ToldStory

pytestmark = pytest.mark.backends

ACCEPTED, REJECTED, REFUSED = STORIES = ("accepted", "rejected", "refused")
PROTOCOLS = ("http/protobuf", "grpc")
AGENT = "invoke_agent SourcingEmailCrafterAgent"
RUN = {"gen_ai.operation.name": "invoke_agent"}
ELSEWHERE = {"orchestrace.ending=interrupted", "orchestrace.role=marker", "error=true"}
"""What test_faults.py searches for; and what this Jaeger, 2.13, takes for something else, as the page says."""


@dataclass(frozen=True)
class Search:
    """A question, the operation ("" for any) and attributes of one span, and the runs that have such a span."""

    question: str
    operation: str
    attributes: dict[str, str]
    finds: tuple[str, ...]

    def __str__(self) -> str:
        return self.question

    @property
    def typed(self) -> str:
        """The attributes, as they are typed into the search form."""
        quoted = {name: f'"{value}"' if " " in value else value for name, value in self.attributes.items()}
        return " ".join(f"{name}={value}" for name, value in quoted.items())


SEARCHES = [
    Search("every run of an agent", "", {"gen_ai.agent.name": "SourcingEmailCrafterAgent"}, STORIES),
    Search(
        "every run of its version",
        "",
        {"gen_ai.agent.name": "SourcingEmailCrafterAgent", "gen_ai.agent.version": "1.4"},
        STORIES,
    ),
    Search("every run with a key", "", {"orchestrace.key": "job-418"}, (REJECTED,)),
    Search("every run with a key that is no ASCII", "", {"orchestrace.key": "job-417/上海"}, (ACCEPTED,)),
    Search("a session", "", {"session.id": "job-419"}, (REFUSED,)),
    Search("a conversation", "", {"gen_ai.conversation.id": "job-417/上海"}, (ACCEPTED,)),
    Search("a user", "", {"user.id": "Zoë Ångström"}, (REJECTED,)),
    Search("a user with an emoji", "", {"user.id": "李雷 🧑‍💻"}, (ACCEPTED,)),
    Search("a tenant", "", {"orchestrace.tenant": "tenant of job-418"}, (REJECTED,)),
    Search("a tag", "", {"orchestrace.tag.trial": "true"}, STORIES),
    Search("a variant of an experiment", "", {"orchestrace.experiment.greeting": "short"}, STORIES),
    Search("runs of which something came", "", {"orchestrace.outcome.name": "email.replied"}, STORIES[:2]),
    Search(
        "what a prompt's version led to",
        "",
        {
            "orchestrace.outcome.name": "email.replied",
            "orchestrace.outcome.value": "true",
            "orchestrace.prompts.generator": "sourcing/draft@3",
        },
        (ACCEPTED,),
    ),
    Search("every run of any agent", "", RUN, STORIES),
    Search("runs whose output nobody accepted", "", RUN | {"orchestrace.accepted": "false"}, (REJECTED, REFUSED)),
    Search("the same, of one agent", AGENT, {"orchestrace.accepted": "false"}, (REJECTED, REFUSED)),
    Search("runs with a draft that was not accepted", "", {"orchestrace.accepted": "false"}, STORIES),
    Search("runs that used up their iterations", "", {"orchestrace.stop_reason": "limit"}, (REJECTED,)),
    Search("runs that ended in an error", "", RUN | {"orchestrace.ending": "error"}, (REFUSED,)),
    Search("runs in which anything failed", "", {"orchestrace.ending": "error"}, (ACCEPTED, REFUSED)),
    Search("runs of three iterations", "", {"orchestrace.iterations": "3"}, (REJECTED,)),
    Search("runs of two iterations", "", {"orchestrace.iterations": "2"}, (ACCEPTED,)),
    Search("runs with a third draft", "", {"orchestrace.iteration.index": "3"}, (REJECTED,)),
    Search("what a prompt's version drafted", "", {"orchestrace.prompts.generator": "sourcing/draft@3"}, STORIES),
    Search(
        "the same, and it used up its iterations",
        "",
        {"orchestrace.prompts.generator": "sourcing/draft@3", "orchestrace.stop_reason": "limit"},
        (REJECTED,),
    ),
    Search(
        "calls with a prompt's version",
        "",
        {"gen_ai.prompt.name": "sourcing/tone", "gen_ai.prompt.version": "2"},
        STORIES[:2],
    ),
    Search("a verdict", "", {"gen_ai.evaluation.name": "tone", "orchestrace.evaluation.passed": "false"}, STORIES[:2]),
    Search("a verdict's label", "", {"gen_ai.evaluation.score.label": "begging"}, (REJECTED,)),
    Search(
        "a verdict's score", "", {"gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.value": "0.4"}, (ACCEPTED,)
    ),
    Search("calls of a model", "", {"gen_ai.request.model": "gpt-4o"}, STORIES),
    Search("calls of a provider", "", {"gen_ai.provider.name": "anthropic"}, STORIES[:2]),
    Search("calls that were tried again", "", {"orchestrace.attempts": "2"}, (REJECTED,)),
    Search("calls that a provider refused", "", {"http.response.status_code": "400"}, (REFUSED,)),
    Search("calls that were too long", "", {"error.type": "context_length_exceeded"}, (REFUSED,)),
    Search("streams that were left", "", {"orchestrace.ending": "abandoned"}, (REJECTED,)),
    Search("what was cancelled", "", {"orchestrace.ending": "cancelled"}, (REJECTED,)),
    Search("a tool that failed", "", {"gen_ai.tool.name": "send", "error.type": "TimeoutError"}, (ACCEPTED,)),
    Search("another library's span, by the run's key", "SELECT profiles", {"orchestrace.key": "job-418"}, (REJECTED,)),
    Search("a key that no run has", "", {"orchestrace.key": "job-420"}, ()),
    Search(
        "what stands on two spans, not on one", "", {"error.type": "TimeoutError", "orchestrace.iterations": "2"}, ()
    ),
]


@pytest.fixture(scope="module")
def runs(tell: Callable[..., ToldStory]) -> dict[str, str]:
    """Run every story over both protocols; return by trace id which story it is."""
    return {tell(story, protocol).run.trace_id: story for story in STORIES for protocol in PROTOCOLS}


class TestSearch:
    @pytest.mark.parametrize("search", SEARCHES, ids=str)
    def test_finds_these_runs_and_no_other(
        self, search: Search, runs: dict[str, str], jaeger: Jaeger, tables: Tables
    ) -> None:
        """What is found is what has a span with all of it."""
        wanted = {trace_id for trace_id, story in runs.items() if story in search.finds}
        operation = {"operation": search.operation} if search.operation else {}

        assert wanted == jaeger.find("sourcing", search.attributes, **operation) & runs.keys()
        found = {story: "found" if story in search.finds else "" for story in STORIES}
        row = {"question": search.question, "operation": search.operation, "attributes, as typed": f"`{search.typed}`"}
        tables.add("Searches", row | found)

    def test_finds_the_service(self, runs: dict[str, str], jaeger: Jaeger) -> None:
        """The service is in the list, with the operations to choose from."""
        assert "sourcing" in jaeger.get("/api/v3/services").raise_for_status().json()["services"]
        operations = jaeger.get("/api/v3/operations", service="sourcing").raise_for_status().json()["operations"]
        assert AGENT in {operation["name"] for operation in operations}

    def test_finds_what_took_long(self, runs: dict[str, str], jaeger: Jaeger) -> None:
        """Every run took more than a millisecond, and none an hour."""
        assert runs.keys() <= jaeger.find("sourcing", operation=AGENT, minDuration="1ms")
        assert not runs.keys() & jaeger.find("sourcing", operation=AGENT, minDuration="1h")


class TestPage:
    def test_names_no_search_that_is_not_tried(self, root: Path) -> None:
        """What docs/bad-runs.md gives to type is in the table, but for what each reader fills in."""
        page = (root / "docs" / "bad-runs.md").read_text(encoding="utf-8")
        named = re.findall(r"(?:^    |`)((?:[\w.]+=(?:\"[^\"]*\"|[^\s`\"]+) ?)+)(?:`|$)", page, re.MULTILINE)
        tried = {search.typed for search in SEARCHES} | ELSEWHERE

        assert len(named) > 20
        assert [] == [typed for typed in named if typed not in tried and "…" not in typed]


class TestLinks:
    @pytest.mark.parametrize("key", ["orchestrace.key", "gen_ai.conversation.id", "gen_ai.agent.name"])
    def test_lead_to_a_search_that_finds_the_run(
        self, key: str, tell: Callable[..., ToldStory], jaeger: Jaeger, interface: dict[str, str]
    ) -> None:
        """The link on an attribute, filled in as Jaeger's page does, is a search that finds the run it stands in."""
        told = tell(ACCEPTED, "http/protobuf")
        (value,) = {span.attributes[key] for span in told.recorded if key in span.attributes}
        found = jaeger.follow(interface[key], {key: str(value)}, "sourcing")

        assert told.run.trace_id in found
