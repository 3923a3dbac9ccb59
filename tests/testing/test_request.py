from __future__ import annotations

from orchestrace.testing import Request


class TestRequest:
    def test_json_is_the_parsed_body(self) -> None:
        """A test reads what its program sent without parsing it."""
        assert {"model": "m"} == Request("POST", "/v1", body=b'{"model": "m"}').json()

    def test_shows_neither_headers_nor_body(self) -> None:
        """A key in a header does not end in the report of a failed test."""
        request = Request("POST", "/v1", "a=b", {"authorization": "Bearer secret"}, b"secret")

        assert "Request(method='POST', path='/v1', query='a=b')" == repr(request)

    def test_reads_as_method_and_path(self) -> None:
        """Messages name a request briefly."""
        assert "GET /v1/models" == str(Request("GET", "/v1/models"))
