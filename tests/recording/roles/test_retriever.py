from __future__ import annotations

import pytest

import orchestrace
from orchestrace.testing import Spans


class TestRetriever:
    @pytest.mark.parametrize(
        ("result", "documents"),
        [
            ([{"id": "1", "score": 0.5}], '[{"id":"1","score":0.5}]'),
            (["a", "b"], '[{"content":"a"},{"content":"b"}]'),
            ({"id": "1"}, '[{"id":"1"}]'),
        ],
    )
    def test_the_query_and_the_documents(self, orchestrace_spans: Spans, result: object, documents: str) -> None:
        """The argument that is called so is the query; results become documents."""

        @orchestrace.retriever(name="profiles")
        def find(limit: str, query: str) -> object:
            return result if limit and query else None

        find("3", "Ada")
        span = orchestrace_spans.one("retrieval profiles")

        assert (2, "profiles", "Ada", documents) == (
            span.kind,
            span.attributes["gen_ai.data_source.id"],
            span.attributes["gen_ai.retrieval.query.text"],
            span.attributes["gen_ai.retrieval.documents"],
        )
