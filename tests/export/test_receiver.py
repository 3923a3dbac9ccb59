from __future__ import annotations

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.receiver import Receiver, resolve
from orchestrace.export.signal import TRACES

HOST = "http://host:4318"


def found(**said: object) -> Receiver:
    """Return the receiver for what was said, to which something is to be sent."""
    receiver = resolve(**said)  # type: ignore[arg-type]
    assert receiver is not None
    return receiver


class TestResolve:
    def test_all_signals_go_to_one_endpoint(self) -> None:
        """Each to its own path."""
        assert {name: f"{HOST}/v1/{name}" for name in ("traces", "metrics", "logs")} == {
            name: target.url for name, target in found(endpoint=HOST).targets.items()
        }

    def test_nothing_to_send_is_no_receiver(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No endpoint, or nothing that wants to go there."""
        assert resolve() is None
        for word in ("TRACES", "METRICS", "LOGS"):
            monkeypatch.setenv(f"OTEL_{word}_EXPORTER", "none")

        assert resolve(endpoint=HOST) is None

    def test_a_signal_without_endpoint_is_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where only one has a variable, only one is sent."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", f"{HOST}/logs")
        receiver = found()

        assert (["logs"], f"{HOST}/logs") == (list(receiver.targets), receiver.destination)

    def test_others_may_be_somebody_elses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of signals that are not ours to send the variables are not even looked at."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "thrift")

        assert ["traces"] == list(found(endpoint=HOST, signals=[TRACES]).targets)
        with pytest.raises(ConfigurationError, match="LOGS_PROTOCOL"):
            resolve(endpoint=HOST)

    def test_destination_shows_no_credentials(self) -> None:
        """It stands in logs and in the journal."""
        assert HOST == found(endpoint="http://user:word@host:4318?key=1").destination


class TestId:
    def test_is_that_of_all_who_send_alike(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whether an argument says it or a variable; what concerns only how it is sent is no matter."""
        said = found(endpoint=HOST, headers={"X-Tenant": "a"})
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", HOST)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")

        assert said.id == found().id
        assert 16 == len(f"{int(said.id, 16):016x}")

    @pytest.mark.parametrize(
        "other",
        [
            {"endpoint": "http://host:4319"},
            {"endpoint": HOST, "protocol": "grpc"},
            {"endpoint": HOST, "headers": {"authorization": "b"}},
        ],
    )
    def test_tells_receivers_apart(self, other: dict[str, object]) -> None:
        """Another address, protocol or key is another receiver."""
        assert found(endpoint=HOST, headers={"authorization": "a"}).id != found(**other).id

    def test_has_no_secret_in_it(self) -> None:
        """It is a hash, and the receiver does not show what it was made of."""
        assert "s3cr3t" not in repr(found(endpoint=HOST, headers={"authorization": "s3cr3t"}))
