from __future__ import annotations

from orchestrace.export.secrecy import Secrets
from orchestrace.export.signal import TRACES
from orchestrace.export.target import Target


class TestSecrets:
    def test_nothing_that_was_given_in_confidence_is_said(self) -> None:
        """Values of headers and the address's credentials and query: receivers repeat the key that they refuse."""
        headers = {"authorization": "Bearer abc-def", "x-tenant": "mine"}
        url = "http://user:p%40ssword@host:4318/v1/traces?token=q-u-e-r-y"
        secrets = Secrets(Target(TRACES, "http/protobuf", url, "http://host:4318", headers))
        said = secrets.hide("Bearer abc-def abc-def mine user:p@ssword p%40ssword q-u-e-r-y at host")

        assert "*** *** *** ***:*** *** *** at host" == said

    def test_short_values_are_no_secrets(self) -> None:
        """A tenant `1` does not take every 1 out of a text."""
        secrets = Secrets(Target(TRACES, "grpc", "host:4317", "host:4317", {"x-tenant": "1"}))

        assert "HTTP 401" == secrets.hide("HTTP 401")

    def test_a_target_does_not_show_its_headers(self) -> None:
        """Nor its address as it was written: not in a traceback, either."""
        target = Target(TRACES, "http/protobuf", "http://abc@host", "http://host", {"authorization": "abc"})

        assert "abc" not in repr(target)
