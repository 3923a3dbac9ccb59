from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.resolving import target
from orchestrace.export.signal import LOGS, METRICS, SIGNALS, TRACES, Signal
from orchestrace.export.target import Target

GENERAL = "OTEL_EXPORTER_OTLP_"


def resolved(signal: Signal = TRACES, **said: Any) -> Target:
    """Return a target for what was said, which is to be sent."""
    found = target(signal, **{"endpoint": None, "protocol": None, "headers": {}, **said})
    assert found is not None
    return found


class TestWhether:
    def test_no_endpoint_is_no_target(self) -> None:
        """Nothing is sent to localhost unasked."""
        assert target(TRACES, endpoint=None, protocol=None, headers={}) is None

    def test_none_is_no_target(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever runs the program can switch sending off, whatever its code says."""
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")

        assert target(TRACES, endpoint="http://127.0.0.1:4318", protocol=None, headers={}) is None

    @pytest.mark.parametrize("said", ["none", "console", "prometheus"])
    def test_each_signal_is_switched_off_alone(self, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is said of metrics is no matter to the others."""
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", said)
        monkeypatch.setenv(f"{GENERAL}ENDPOINT", "http://host:4318")

        assert target(METRICS, endpoint=None, protocol=None, headers={}) is None
        assert "http://host:4318/v1/logs" == resolved(LOGS).url


class TestHttpAddress:
    @pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
    @pytest.mark.parametrize(
        ("written", "url"),
        [
            ("http://host:4318", "http://host:4318{}"),
            ("http://host:4318/", "http://host:4318{}"),
            ("https://host/otlp/", "https://host/otlp{}"),
            ("http://host//", "http://host/{}"),
            ("http://host?key=1", "http://host{}?key=1"),
        ],
    )
    def test_general_variable_is_a_base(
        self, signal: Signal, written: str, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The signal's path is appended; before a query, where the stock exporter would put it behind."""
        monkeypatch.setenv(f"{GENERAL}ENDPOINT", written)

        assert url.format(signal.path) == resolved(signal).url

    @pytest.mark.parametrize("written", ["http://host", "http://host/", "http://host/v1/traces/?tenant=a"])
    def test_variable_of_the_signal_is_taken_as_it_is(self, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It names the whole address, and goes before the general one."""
        monkeypatch.setenv(f"{GENERAL}ENDPOINT", "http://elsewhere")
        monkeypatch.setenv(f"{GENERAL}TRACES_ENDPOINT", written)

        assert (written, "http://elsewhere/v1/logs") == (resolved().url, resolved(LOGS).url)

    @pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
    @pytest.mark.parametrize("written", ["", "/", "/v1/traces", "/v1/traces/"])
    def test_an_argument_may_be_a_base_or_that_of_traces(
        self, signal: Signal, written: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It goes before the variables."""
        monkeypatch.setenv(f"{GENERAL}{signal.word}_ENDPOINT", "http://elsewhere")

        assert f"http://host:4318{signal.path}" == resolved(signal, endpoint="http://host:4318" + written).url

    @pytest.mark.parametrize(
        "written",
        [
            "localhost:4318",
            "localhost",
            "ftp://host",
            "http://",
            "/v1/traces",
            "http://[",
            "http://host:99999",
            "http://host:port",
            "http://a b",
        ],
    )
    def test_no_address_is_an_error(self, written: str) -> None:
        """It says what to write instead."""
        with pytest.raises(ConfigurationError, match=r"endpoint='.*write 'http://host"):
            resolved(endpoint=written)

    @pytest.mark.parametrize("variable", [f"{GENERAL}ENDPOINT", f"{GENERAL}TRACES_ENDPOINT"])
    def test_an_error_names_the_variable(self, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who did not write it must find it."""
        monkeypatch.setenv(variable, "collector:4317")

        with pytest.raises(ConfigurationError, match=f"{variable}='collector:4317'"):
            resolved()


class TestGrpcAddress:
    @pytest.mark.parametrize(
        ("written", "said", "url", "insecure"),
        [
            ("http://host:4317", {}, "host:4317", True),
            ("http://host:4317/path", {}, "host:4317", True),
            ("https://host:4317", {}, "host:4317", False),
            ("https://host:4317", {"INSECURE": "true"}, "host:4317", False),
            ("http://host:4317", {"INSECURE": "false"}, "host:4317", False),
            ("host:4317", {}, "host:4317", False),
            ("host:4317", {"INSECURE": "True"}, "host:4317", True),
            ("host:4317", {"TRACES_INSECURE": "true", "INSECURE": "false"}, "host:4317", True),
            ("host:4317", {"INSECURE": "yes"}, "host:4317", False),
            ("unix:///run/otlp.sock", {"INSECURE": "true"}, "unix:///run/otlp.sock", True),
        ],
    )
    def test_scheme_and_variable_decide_about_tls(
        self,
        written: str,
        said: dict[str, str],
        url: str,
        insecure: bool,  # noqa: FBT001 - a parameter of the test
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """As with the stock exporter: https always means it, anything else asks the variable first."""
        for name, value in said.items():
            monkeypatch.setenv(GENERAL + name, value)
        found = resolved(endpoint=written, protocol="grpc")

        assert (url, insecure) == (found.url, found.insecure)

    @pytest.mark.parametrize("written", ["http://", "https://", "a host:4317", "http://["])
    def test_no_address_is_an_error(self, written: str) -> None:
        """It says what to write instead."""
        with pytest.raises(ConfigurationError, match=r"endpoint='.*write 'http://host"):
            resolved(endpoint=written, protocol="grpc")


class TestDestination:
    @pytest.mark.parametrize(
        ("protocol", "written", "shown"),
        [
            ("http/protobuf", "http://user:word@host:4318/x?key=1#y", "http://host:4318/x"),
            ("grpc", "https://user:word@host:4317", "https://host:4317"),
            ("grpc", "user:word@host:4317", "host:4317"),
            ("grpc", "host:4317", "host:4317"),
        ],
    )
    def test_is_the_endpoint_without_credentials(self, protocol: str, written: str, shown: str) -> None:
        """As it may stand in a log."""
        assert shown == resolved(endpoint=written, protocol=protocol).destination


class TestProtocol:
    def test_default_is_http(self) -> None:
        """OpenTelemetry's own default, in every language."""
        assert "http/protobuf" == resolved(endpoint="http://host").protocol

    def test_argument_word_own_and_general_variable_in_this_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The word for the exporter goes before the variables for the protocol."""
        monkeypatch.setenv(f"{GENERAL}PROTOCOL", "grpc")
        assert "grpc" == resolved(endpoint="http://host").protocol
        monkeypatch.setenv(f"{GENERAL}TRACES_PROTOCOL", "http/protobuf")
        assert "http/protobuf" == resolved(endpoint="http://host").protocol
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp_proto_grpc")
        assert "grpc" == resolved(endpoint="http://host").protocol
        assert "http/protobuf" == resolved(endpoint="http://host", protocol="HTTP/protobuf").protocol

    @pytest.mark.parametrize("word", ["http", "http/json", "https", "GRPC!"])
    def test_an_unknown_word_is_an_error(self, word: str) -> None:
        """It says the two words that are allowed."""
        with pytest.raises(ConfigurationError, match=rf"protocol='{word}'.*'http/protobuf' .the default. or 'grpc'"):
            resolved(endpoint="http://host", protocol=word)

    def test_an_error_names_the_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who did not write it must find it."""
        monkeypatch.setenv(f"{GENERAL}PROTOCOL", "thrift")

        with pytest.raises(ConfigurationError, match=f"{GENERAL}PROTOCOL='thrift'"):
            resolved(endpoint="http://host")


class TestHeaders:
    def test_those_of_the_signal_replace_the_general_ones(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Keys are made small, values decoded."""
        monkeypatch.setenv(f"{GENERAL}HEADERS", "x-tenant=general,x-other=1")
        monkeypatch.setenv(f"{GENERAL}TRACES_HEADERS", "X-Tenant=a%20b,authorization=Bearer t")

        assert {"x-tenant": "a b", "authorization": "Bearer t"} == resolved(endpoint="http://host").headers
        assert {"x-tenant": "general", "x-other": "1"} == resolved(LOGS, endpoint="http://host").headers

    def test_arguments_are_added(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The program's own headers join those of the environment, and win; capitals are no matter."""
        monkeypatch.setenv(f"{GENERAL}HEADERS", "authorization=Bearer t,x-tenant=general")
        found = resolved(endpoint="http://host", headers={"X-Tenant": "mine"}).headers

        assert {"x-tenant": "mine", "authorization": "Bearer t"} == found

    @pytest.mark.parametrize(
        ("protocol", "name", "value"),
        [
            ("http/protobuf", "x y", "1"),
            ("http/protobuf", "x", "line\nbreak"),
            ("http/protobuf", "x", "\u65e5"),
            ("grpc", "x", "\u00e9"),
            ("grpc", "x:y", "1"),
        ],
    )
    def test_one_that_cannot_be_sent_is_an_error(self, protocol: str, name: str, value: str) -> None:
        """It is named when the program is configured; its value never is."""
        with pytest.raises(ConfigurationError, match=f"header '{name}'.*cannot be sent over {protocol}") as caught:
            resolved(endpoint="http://host", protocol=protocol, headers={name: value})

        assert value == "1" or value not in str(caught.value)


class TestTimeout:
    def test_is_ten_seconds_by_default(self) -> None:
        """OpenTelemetry's own default."""
        assert 10.0 == resolved(endpoint="http://host").timeout

    @pytest.mark.parametrize("variable", ["TIMEOUT", "TRACES_TIMEOUT"])
    def test_variables_are_seconds(self, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """As the stock exporters for Python read them."""
        monkeypatch.setenv(GENERAL + variable, "0.3")

        assert 0.3 == resolved(endpoint="http://host").timeout

    def test_longer_than_anybody_waits_is_a_day(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No socket takes such a number, and nothing was ever sent."""
        monkeypatch.setenv(f"{GENERAL}TIMEOUT", "99999999999")

        assert 86_400.0 == resolved(endpoint="http://host").timeout

    @pytest.mark.parametrize("said", ["ten", "-1", "10s", "nan", "0", "0.0"])
    def test_no_number_is_an_error(self, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is said when the program is configured; the stock exporters differ, and some take another."""
        monkeypatch.setenv(f"{GENERAL}TIMEOUT", said)

        with pytest.raises(ConfigurationError, match=f"{GENERAL}TIMEOUT='{said}' is no number of seconds"):
            resolved(endpoint="http://host")

    @pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.word)
    def test_each_signal_has_its_own(self, signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is wrong with the variable of one is no matter to the others."""
        monkeypatch.setenv(f"{GENERAL}{signal.word}_TIMEOUT", "ten")
        for other in {TRACES, METRICS, LOGS} - {signal}:
            assert 10.0 == resolved(other, endpoint="http://host").timeout

        with pytest.raises(ConfigurationError, match=f"OTLP_{signal.word}_TIMEOUT="):
            resolved(signal, endpoint="http://host")


class TestCompression:
    @pytest.mark.parametrize(
        ("protocol", "said", "word"),
        [("grpc", "GZIP", "gzip"), ("grpc", "none", "none"), ("http/protobuf", "deflate", "deflate")],
    )
    def test_variable_is_obeyed(self, protocol: str, said: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """OpenTelemetry's own words, `none` among them."""
        monkeypatch.setenv(f"{GENERAL}COMPRESSION", said)

        assert word == resolved(endpoint="http://host", protocol=protocol).compression

    @pytest.mark.parametrize(
        ("protocol", "said", "offered"),
        [("http/protobuf", "zip", "none, gzip, deflate"), ("grpc", "deflate", "none, gzip")],
    )
    def test_an_unknown_word_is_an_error(
        self, protocol: str, said: str, offered: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It says those that are known to the protocol."""
        monkeypatch.setenv(f"{GENERAL}COMPRESSION", said)

        with pytest.raises(ConfigurationError, match=f"COMPRESSION='{said}' is not known: write one of {offered}."):
            resolved(endpoint="http://host", protocol=protocol)


class TestFiles:
    def test_each_is_resolved_for_its_signal(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The signal's variable goes before the general one."""
        files = {name: str(tmp_path / name) for name in ("ca", "own-ca", "cert", "key")}
        for file in files.values():
            Path(file).write_text("-----BEGIN CERTIFICATE-----")
        for name, file in (("CERTIFICATE", "ca"), ("TRACES_CERTIFICATE", "own-ca"), ("CLIENT_CERTIFICATE", "cert")):
            monkeypatch.setenv(GENERAL + name, files[file])
        monkeypatch.setenv(f"{GENERAL}CLIENT_KEY", files["key"])
        found, other = resolved(endpoint="https://host"), resolved(LOGS, endpoint="https://host")

        assert (files["own-ca"], files["cert"], files["key"]) == (
            found.certificate,
            found.client_certificate,
            found.client_key,
        )
        assert files["ca"] == other.certificate

    @pytest.mark.parametrize("name", ["CERTIFICATE", "TRACES_CLIENT_CERTIFICATE", "CLIENT_KEY"])
    def test_one_that_cannot_be_read_is_an_error(
        self, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """The variable and the file are named when the program is configured, not when the first span is lost."""
        monkeypatch.setenv(GENERAL + name, str(tmp_path / "missing.pem"))

        with pytest.raises(ConfigurationError, match=rf"OTLP_{name}='.*missing.pem' cannot be read \(No such file"):
            resolved(endpoint="https://host")

    @pytest.mark.parametrize("content", [b"", b"garbage", b"\x30\x82\x01\x0a"], ids=["empty", "text", "DER"])
    def test_one_that_is_no_pem_is_an_error(
        self, content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Nothing would ever arrive, and gRPC writes some lines of its own for each attempt."""
        (tmp_path / "ca.pem").write_bytes(content)
        monkeypatch.setenv(f"{GENERAL}CERTIFICATE", str(tmp_path / "ca.pem"))

        with pytest.raises(ConfigurationError, match=r"OTLP_CERTIFICATE='.*ca.pem' is no PEM file"):
            resolved(endpoint="https://host")

    def test_a_key_alone_is_an_error(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Without the certificate that it belongs to nobody would be shown anything."""
        (tmp_path / "client.key").write_text("-----BEGIN PRIVATE KEY-----")
        monkeypatch.setenv(f"{GENERAL}CLIENT_KEY", str(tmp_path / "client.key"))

        with pytest.raises(ConfigurationError, match="of no use alone: set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"):
            resolved(endpoint="https://host")


class TestCredentialProvider:
    def test_one_that_is_not_installed_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is said when the program is configured."""
        monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER", "ours")

        with pytest.raises(ConfigurationError, match="HTTP_TRACES_CREDENTIAL_PROVIDER='ours' is not installed"):
            resolved(endpoint="http://host")
        assert resolved(endpoint="http://host", protocol="grpc").credential_provider is None
