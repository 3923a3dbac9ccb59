from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.endpoint import LOGS, METRICS, TRACES, Signal, build_sender, connection
from orchestrace.export.sender import Pace, Sender
from orchestrace.records import SpanRecord
from orchestrace.testing.otlp import OtlpReceiver, Received, Reply

Make = Callable[..., SpanRecord]
Build = Callable[..., Sender]

LONG = 20.0


class Relay:
    """A line to a receiver that counts the bytes which pass to it."""

    def __init__(self, endpoint: str) -> None:
        self.passed = 0
        self._target = ("127.0.0.1", int(endpoint.rpartition(":")[2]))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: list[socket.socket] = [self._listening]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Close every socket, also under the thread that waits for one."""
        for one in self._open:
            with closing(one), suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        near, _ = self._listening.accept()
        far = socket.create_connection(self._target)
        self._open += [near, far]
        self._threads.append(threading.Thread(target=self._copy, args=(far, near, 0), daemon=True))
        self._threads[1].start()
        self._copy(near, far, 1)

    def _copy(self, source: socket.socket, target: socket.socket, counted: int) -> None:
        try:
            while chunk := source.recv(65536):
                target.sendall(chunk)
                self.passed += counted * len(chunk)
        except OSError:  # the test is over
            return


@pytest.fixture
def send(receiver: OtlpReceiver, build: Build, record: Make) -> Callable[..., Received]:
    """Build a sender from the environment and arguments, send one span, and return the request that came."""

    def one(**arguments: object) -> Received:
        sender = build(**arguments)
        sender.ended(record())
        assert sender.flush(LONG) is True
        return receiver.requests[-1]

    return one


@pytest.fixture
def set_endpoint(receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the general endpoint to the receiver."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)


class TestWhether:
    def test_no_endpoint_is_no_sender(self, resource: Resource) -> None:
        """Nothing is sent to localhost unasked."""
        assert build_sender(resource) is None

    @pytest.mark.parametrize("empty", ["", "  "])
    def test_an_empty_variable_is_an_unset_one(
        self, empty: str, resource: Resource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Compose files pass variables on that nobody set."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", empty)
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", empty)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", empty)

        assert build_sender(resource, endpoint=empty.strip()) is None

    @pytest.mark.parametrize("said", ["none", "None", " none ", "none,none"])
    def test_none_is_no_sender(self, said: str, resource: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever runs the program can switch sending off, whatever its code says."""
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", said)

        assert build_sender(resource, endpoint="http://127.0.0.1:4318") is None

    @pytest.mark.parametrize("said", ["otlp", "OTLP", "otlp,otlp", "otlp,"])
    def test_otlp_is_what_we_send(self, said: str, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
        """The default may be written out."""
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", said)

        assert isinstance(build(endpoint="http://127.0.0.1:4318"), Sender)

    @pytest.mark.parametrize(
        ("said", "endpoint", "destination"),
        [
            ("console", "", "console"),
            ("Console", "http://127.0.0.1:9", "console"),
            ("otlp,console", "", "console"),
            ("otlp, console", "http://127.0.0.1:9", "http://127.0.0.1:9 and console"),
        ],
    )
    def test_console_is_beside_it_or_instead(
        self, said: str, endpoint: str, destination: str, build: Build, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Spans are printed, where no endpoint is set as well."""
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", said)

        assert destination == build(endpoint=endpoint).destination

    @pytest.mark.parametrize("receiver", ["grpc", "http/protobuf"], indirect=True)
    def test_a_word_can_name_the_protocol(
        self, receiver: OtlpReceiver, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As OpenTelemetry for Python has it; it goes before the variable for the protocol."""
        is_grpc = os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf" if is_grpc else "grpc")
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp_proto_grpc" if is_grpc else "otlp_proto_http")

        assert ["span 1"] == [span.name for span in send(endpoint=receiver.endpoint).spans]

    @pytest.mark.parametrize("said", ["zipkin", "otlp,none", "none,console", "otlp,jaeger"])
    def test_other_exporters_are_an_error(self, said: str, resource: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
        """What cannot be followed is said at once, with what can."""
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", said)

        with pytest.raises(
            ConfigurationError, match=rf"OTEL_TRACES_EXPORTER='{said}'.*console, otlp, .*, or none alone"
        ):
            build_sender(resource)


class TestEndpoint:
    @pytest.mark.parametrize("receiver", ["http/protobuf"], indirect=True)
    @pytest.mark.usefixtures("set_endpoint")
    def test_general_variable_is_a_base(self, send: Callable[..., Received]) -> None:
        """Over HTTP the signal's path is appended."""
        assert "/v1/traces" == send().path

    @pytest.mark.parametrize("receiver", ["http/protobuf"], indirect=True)
    def test_variable_of_the_signal_is_taken_as_it_is(
        self, receiver: OtlpReceiver, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It names the whole address, and goes before the general one."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{receiver.endpoint}/v1/traces?tenant=a")

        assert "/v1/traces?tenant=a" == send().path

    @pytest.mark.parametrize("receiver", ["grpc"], indirect=True)
    def test_variable_of_the_signal_wins_over_grpc_too(
        self, receiver: OtlpReceiver, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It goes before the general one."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", receiver.endpoint)

        assert ["span 1"] == [span.name for span in send().spans]

    def test_an_argument_goes_first(
        self, receiver: OtlpReceiver, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the program says explicitly wins over the variables."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9")

        assert ["span 1"] == [span.name for span in send(endpoint=receiver.endpoint).spans]

    @pytest.mark.parametrize("receiver", ["http/protobuf"], indirect=True)
    @pytest.mark.parametrize(
        ("written", "path"),
        [
            ("", "/v1/traces"),
            ("/", "/v1/traces"),
            ("/v1/traces", "/v1/traces"),
            ("/v1/traces/", "/v1/traces"),
            ("?key=1", "/v1/traces?key=1"),
        ],
    )
    def test_the_path_is_appended_to_an_argument(
        self, written: str, path: str, receiver: OtlpReceiver, send: Callable[..., Received]
    ) -> None:
        """A base and a whole address both work, with a query too."""
        assert path == send(endpoint=receiver.endpoint + written).path

    @pytest.mark.parametrize("receiver", ["grpc"], indirect=True)
    def test_grpc_takes_host_and_port(
        self, receiver: OtlpReceiver, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without a scheme the variable for plain connections decides, as OpenTelemetry has it."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "true")

        assert ["span 1"] == [span.name for span in send(endpoint=receiver.endpoint.removeprefix("http://")).spans]

    @pytest.mark.parametrize(
        "written", ["localhost:4318", "localhost", "ftp://host", "http://", "/v1/traces", "http://["]
    )
    def test_no_address_for_http_is_an_error(self, written: str, resource: Resource) -> None:
        """It says what to write instead."""
        with pytest.raises(ConfigurationError, match=r"endpoint='.*write 'http://host"):
            build_sender(resource, endpoint=written)

    @pytest.mark.parametrize("written", ["http://", "https://", "a host:4317", "http://["])
    def test_no_address_for_grpc_is_an_error(self, written: str, resource: Resource) -> None:
        """It says what to write instead."""
        with pytest.raises(ConfigurationError, match=r"endpoint='.*write 'http://host"):
            build_sender(resource, endpoint=written, protocol="grpc")

    @pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
    def test_an_error_names_the_variable(
        self, variable: str, resource: Resource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who did not write it must find it."""
        monkeypatch.setenv(variable, "collector:4317")

        with pytest.raises(ConfigurationError, match=f"{variable}='collector:4317'"):
            build_sender(resource)

    def test_credentials_are_not_logged(
        self, resource: Resource, record: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The line about a loss names the receiver without user, password and query."""
        sender = build_sender(resource, endpoint="http://user:word@127.0.0.1:9?key=1")
        assert sender is not None
        sender.ended(record())
        sender.shutdown(0)

        assert "not sent to http://127.0.0.1:9 (" in caplog.text
        assert "word" not in caplog.text


class TestProtocol:
    def test_default_is_http(self, resource: Resource, record: Make) -> None:
        """OpenTelemetry's own default, in every language."""
        with OtlpReceiver() as receiver:
            sender = build_sender(resource, endpoint=receiver.endpoint)
            assert sender is not None
            sender.ended(record())

            assert sender.shutdown(LONG) is True

    @pytest.mark.usefixtures("set_endpoint")
    @pytest.mark.parametrize("receiver", ["grpc"], indirect=True)
    def test_variable_of_the_signal_wins(self, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch) -> None:
        """It goes before the general one."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")

        assert send().path.endswith("TraceService/Export")

    @pytest.mark.usefixtures("set_endpoint")
    @pytest.mark.parametrize("receiver", ["grpc"], indirect=True)
    def test_an_argument_goes_first(self, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch) -> None:
        """What the program says explicitly wins over the variables."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf")

        assert send(protocol="grpc").path.endswith("TraceService/Export")

    @pytest.mark.parametrize("word", ["http", "http/json", "https", "GRPC!"])
    def test_an_unknown_word_is_an_error(self, word: str, resource: Resource) -> None:
        """It says the two words that are allowed."""
        with pytest.raises(ConfigurationError, match=rf"protocol='{word}'.*'http/protobuf' .the default. or 'grpc'"):
            build_sender(resource, endpoint="http://127.0.0.1:4318", protocol=word)

    def test_an_error_names_the_variable(self, resource: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who did not write it must find it."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "thrift")

        with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_PROTOCOL='thrift'"):
            build_sender(resource, endpoint="http://127.0.0.1:4318")


@pytest.mark.usefixtures("set_endpoint")
class TestHeaders:
    def test_variables_are_sent(self, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch) -> None:
        """Keys and percent-encoded values arrive, those of the signal instead of the general ones."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=general")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-tenant=a%20b,authorization=Bearer t")
        headers = send().headers

        assert ("a b", "Bearer t") == (headers["x-tenant"], headers["authorization"])

    def test_arguments_are_added(self, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch) -> None:
        """The program's own headers join those of the environment, and win; capitals are no matter."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer t,x-tenant=general")
        headers = send(headers={"X-Tenant": "mine"}).headers

        assert ("mine", "Bearer t") == (headers["x-tenant"], headers["authorization"])


@pytest.mark.usefixtures("set_endpoint")
class TestTimeout:
    @pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"])
    def test_a_request_ends_after_it(
        self, variable: str, receiver: OtlpReceiver, build: Build, record: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A receiver that is slower than the variable allows has not acknowledged."""
        monkeypatch.setenv(variable, "0.3")
        receiver.reply = Reply(delay=LONG)
        sender = build()
        sender.ended(record())

        assert sender.flush(LONG / 2) is False
        assert 1 == sender.lost

    @pytest.mark.parametrize("receiver", ["grpc"], indirect=True)
    def test_grpc_says_it_to_the_receiver(self, send: Callable[..., Received], monkeypatch: pytest.MonkeyPatch) -> None:
        """The deadline of the call is the variable's."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "33")

        assert 33 == pytest.approx(send().timeout, abs=3)

    @pytest.mark.parametrize("said", ["ten", "-1", "10s", "nan"])
    def test_no_number_is_an_error(self, said: str, resource: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is said when the program is configured; the stock exporters differ, and some take another."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", said)

        with pytest.raises(ConfigurationError, match=f"OTEL_EXPORTER_OTLP_TIMEOUT='{said}' is no number of seconds"):
            build_sender(resource)

    @pytest.mark.parametrize("signal", [TRACES, METRICS, LOGS], ids=lambda signal: signal.word)
    def test_each_signal_has_its_own(self, signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is wrong with the variable of one is no matter to the others."""
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{signal.word}_TIMEOUT", "ten")
        for other in {TRACES, METRICS, LOGS} - {signal}:
            assert connection(other) is not None

        with pytest.raises(ConfigurationError, match=f"OTLP_{signal.word}_TIMEOUT="):
            connection(signal)


class TestCompression:
    @pytest.fixture
    def relay(self, receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
        """Count what passes to the receiver."""
        relay = Relay(receiver.endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", relay.endpoint)
        yield relay
        relay.close()

    @pytest.fixture(params=["OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"])
    def send_long(
        self, request: pytest.FixtureRequest, build: Build, record: Make, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[str], bool]:
        """Set a variable for compression to a word, and send a long text that compresses well."""

        def one(word: str) -> bool:
            monkeypatch.setenv(request.param, word)
            sender = build()
            sender.ended(record(attributes={"x": "x" * 100_000}))
            return sender.flush(LONG)

        return one

    def test_gzip_sends_fewer_bytes(
        self, relay: Relay, receiver: OtlpReceiver, send_long: Callable[[str], bool]
    ) -> None:
        """What crosses the line is compressed, and the receiver reads it."""
        assert send_long("gzip") is True
        assert relay.passed < 50_000
        assert {"x": "x" * 100_000} == receiver.spans[0].attributes

    def test_none_sends_them_as_they_are(self, relay: Relay, send_long: Callable[[str], bool]) -> None:
        """OpenTelemetry's own word for no compression is understood over both protocols."""
        assert send_long("none") is True
        assert relay.passed > 100_000

    def test_an_unknown_word_is_an_error(self, resource: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
        """It says those that are known."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "zip")

        with pytest.raises(ConfigurationError, match="OTLP_COMPRESSION='zip' is not known: write one of none, gzip"):
            build_sender(resource, endpoint="http://127.0.0.1:9")


class TestFiles:
    @pytest.mark.parametrize("name", ["CERTIFICATE", "TRACES_CLIENT_CERTIFICATE", "CLIENT_KEY"])
    def test_one_that_cannot_be_read_is_an_error(
        self, name: str, resource: Resource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """The variable and the file are named when the program is configured, not when the first span is lost."""
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", str(tmp_path / "missing.pem"))

        with pytest.raises(ConfigurationError, match=rf"OTLP_{name}='.*missing.pem' cannot be read \(No such file"):
            build_sender(resource, endpoint="https://127.0.0.1:9")

    @pytest.mark.parametrize("signal", [TRACES, METRICS, LOGS], ids=lambda signal: signal.word)
    def test_each_signal_has_its_own(self, signal: Signal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """What is wrong with the variable of one is no matter to the others."""
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{signal.word}_CERTIFICATE", str(tmp_path / "missing.pem"))
        for other in {TRACES, METRICS, LOGS} - {signal}:
            assert connection(other, endpoint="https://127.0.0.1:9") is not None

        with pytest.raises(ConfigurationError, match=f"OTLP_{signal.word}_CERTIFICATE="):
            connection(signal, endpoint="https://127.0.0.1:9")

    def test_a_key_alone_is_an_error(self, resource: Resource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Without the certificate that it belongs to nobody would be shown anything."""
        (tmp_path / "client.key").write_text("")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", str(tmp_path / "client.key"))

        with pytest.raises(ConfigurationError, match="of no use alone: set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"):
            build_sender(resource, endpoint="https://127.0.0.1:9")


class TestPace:
    def test_is_opentelemetrys_by_default(self, build: Build) -> None:
        """2,048 wait, 512 go together, 5 seconds."""
        assert Pace(2048, 512, 5.0) == build(endpoint="http://127.0.0.1:9")._pace

    def test_variables_are_obeyed(self, build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those of the stock batch processor, in its units."""
        monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100")
        monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "200")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "250")

        assert Pace(100, 100, 0.25) == build(endpoint="http://127.0.0.1:9")._pace

    @pytest.mark.parametrize("said", ["0", "-1", "many", "1.5"])
    def test_no_number_is_an_error(self, said: str, resource: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
        """It says what to write instead."""
        monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", said)

        with pytest.raises(ConfigurationError, match=rf"OTEL_BSP_MAX_QUEUE_SIZE='{said}'.*leave it out for 2048"):
            build_sender(resource, endpoint="http://127.0.0.1:9")


BUILD = """
from opentelemetry.sdk.resources import Resource
from orchestrace.export.endpoint import build_sender
build_sender(Resource({}), endpoint="http://127.0.0.1:9")
"""


class TestImport:
    @pytest.mark.parametrize(
        ("program", "absent"),
        [
            ("import orchestrace.export", ["opentelemetry.sdk", "opentelemetry.exporter", "grpc", "requests"]),
            ("import orchestrace.export.endpoint", ["opentelemetry.exporter", "grpc", "requests"]),
            (BUILD, ["opentelemetry.exporter.otlp.proto.grpc", "grpc"]),
        ],
        ids=["package", "module", "HTTP"],
    )
    def test_exporters_are_loaded_when_built(self, program: str, absent: list[str]) -> None:
        """Nobody pays for a protocol that is not used."""
        look = f"{program}\nimport sys; print([name for name in {absent} if name in sys.modules])"
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", look], capture_output=True, text=True, check=True
        )

        assert "[]\n" == done.stdout
