from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from orchestrace.exceptions import OrchestraceError
from orchestrace.records import SpanRecord
from orchestrace.sources.inquiry import Inquiry
from orchestrace.sources.jaeger import Address, Jaeger, address_of
from orchestrace.testing import Answer, ReplayServer

TRACE = "0af7651916cd43dd8448eb211c80319c"
NO_TRACE = Answer(404, body={"data": None, "errors": [{"code": 404, "msg": "trace not found"}]})
NO_PATH = Answer(404, body="404 page not found\n")


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """Run a server."""
    with ReplayServer() as running:
        yield running


def ask(server: ReplayServer, service: str | None = None) -> Jaeger:
    """Return whoever asks it."""
    return Jaeger(server.url, Inquiry(timeout=5), service)


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "found"),
        [
            ("http://j:16686", Address("http://j:16686")),
            ("http://j:16686/", Address("http://j:16686")),
            ("https://ops.example/jaeger/search?service=a&limit=20", Address("https://ops.example/jaeger")),
            (f"http://j/trace/{TRACE}?uiFind=chat#x", Address("http://j", TRACE)),
            ("http://j/jaeger/trace/AB/", Address("http://j/jaeger", "ab".zfill(32))),
            (f" http://j/api/traces/{TRACE}", Address("http://j", TRACE)),
            (f"http://j/api/v3/traces/{TRACE}", Address("http://j", TRACE)),
            ("http://j/api/services", Address("http://j")),
            ("http://u:p@j/trace/ab", Address("http://u:p@j", "ab".zfill(32))),
        ],
    )
    def test_any_address_of_its_page_will_do(self, url: str, found: Address) -> None:
        """What the browser shows is what one has at hand."""
        assert found == address_of(url)


class TestTrace:
    def test_is_asked_for_by_its_id(self, server: ReplayServer, otlp: dict[str, Any], record: SpanRecord) -> None:
        """Of the newer API, which knows nanoseconds and types; a reference names it as well."""
        server.answer(Answer(body={"result": otlp}), path=f"/api/v3/traces/{TRACE}", times=2, method="GET")

        assert [record] == ask(server).trace(TRACE) == ask(server).trace(f"{TRACE}-{record.span_id}-1")

    def test_older_jaegers_have_the_older_api(
        self, server: ReplayServer, jaeger: dict[str, Any], record: SpanRecord
    ) -> None:
        """The same story."""
        server.answer(NO_PATH, path=f"/api/v3/traces/{TRACE}", method="GET")
        server.answer(Answer(body={"data": [jaeger]}), path=f"/api/traces/{TRACE}", method="GET")

        assert [record] == ask(server).trace(TRACE)

    @pytest.mark.parametrize(
        ("answer", "message"),
        [(NO_TRACE, rf"There is no trace {TRACE} in the Jaeger at http"), (NO_PATH, "There is no Jaeger at http")],
    )
    def test_what_is_missing_is_told_apart(self, server: ReplayServer, answer: Answer, message: str) -> None:
        """A trace that is not there, and a server that is something else."""
        server.answer(answer, times=2, method="GET")
        with pytest.raises(OrchestraceError, match=message):
            ask(server).trace(TRACE)


class TestSearch:
    @pytest.mark.parametrize(
        ("typed", "tags"), [("last", None), ("key=job-7/上海", {"orchestrace.key": "job-7/上海"}), ("0af7", None)]
    )
    def test_finds_the_trace_and_fetches_it_whole(
        self,
        server: ReplayServer,
        otlp: dict[str, Any],
        jaeger: dict[str, Any],
        typed: str,
        tags: dict[str, str] | None,
    ) -> None:
        """In every service but Jaeger's own, by tags where there are some."""
        jaeger["spans"][0]["tags"].append({"key": "orchestrace.key", "type": "string", "value": "job-7/上海"})
        server.answer(Answer(body={"data": ["shop", "jaeger"]}), path="/api/services", method="GET")
        server.answer(Answer(body={"data": [jaeger], "errors": None}), path="/api/traces", method="GET")
        server.answer(Answer(body={"result": otlp}), path=f"/api/v3/traces/{TRACE}", method="GET")
        (found,) = ask(server).trace(typed)
        asked = parse_qs(server.requests[1].query)

        assert (TRACE, ["stop"]) == (found.trace_id, found.attributes["gen_ai.response.finish_reasons"])
        assert (["shop"], tags) == (asked["service"], json.loads(asked["tags"][0]) if tags else asked.get("tags"))

    def test_one_service_may_be_named(self, server: ReplayServer, jaeger: dict[str, Any]) -> None:
        """Then only it is searched."""
        server.answer(Answer(body={"data": [jaeger]}), path="/api/traces", method="GET")

        assert [TRACE] == [run.trace_id for run in ask(server, "shop").runs(5)]
        assert ["5"] == parse_qs(server.requests[0].query)["limit"]

    @pytest.mark.parametrize("names", [[], None, ["jaeger"]])
    def test_an_empty_jaeger(self, server: ReplayServer, names: list[str] | None) -> None:
        """Has no runs, and no last one."""
        server.answer(Answer(body={"data": names}), path="/api/services", times=2, method="GET")

        assert [] == ask(server).runs()
        with pytest.raises(OrchestraceError, match=r"the Jaeger at .* holds none"):
            ask(server).trace("last")

    def test_many_services_are_not_searched(self, server: ReplayServer) -> None:
        """One has to be named."""
        server.answer(Answer(body={"data": [f"s{number}" for number in range(21)]}), path="/api/services", method="GET")
        with pytest.raises(OrchestraceError, match="has 21 services: name one with --service"):
            ask(server).trace("last")

    @pytest.mark.parametrize("answer", [NO_PATH, Answer(body={"status": "ok"}), Answer(body=[1])])
    def test_another_server(self, server: ReplayServer, answer: Answer) -> None:
        """Is told from an empty Jaeger."""
        server.answer(answer, path="/api/services", method="GET")
        with pytest.raises(OrchestraceError, match=r"There is no Jaeger at .*: it names no services"):
            ask(server).trace("last")
