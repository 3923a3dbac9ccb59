from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from requests.adapters import BaseAdapter

from orchestrace.export.http_session import close_session, open_session
from orchestrace.export.signal import TRACES
from orchestrace.export.target import Target
from orchestrace.testing import Certificates, OtlpReceiver

PROGRAM = """
import os, sys
import orchestrace

@orchestrace.agent(name="A")
def craft():
    pass

orchestrace.configure()
craft()
orchestrace.flush(10)
craft()
{end}
"""
FORK = """
child = os.fork()
craft()
if child:
    orchestrace.flush(10)
    assert os.waitpid(child, 0)[1] == 0
"""
ENDS = {
    "last line": ("", 0, ""),
    "sys.exit": ("sys.exit(3)", 3, ""),
    "exception": ("raise SystemError('its own')", 1, "SystemError: its own"),
    "shutdown": ("orchestrace.shutdown()", 0, ""),
    "shutdown with time": ("orchestrace.shutdown(5)", 0, ""),
}
FORKED = (FORK, 0, "")

Run = Callable[[str, str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program to which every warning is an error."""

    def one(program: str, endpoint: str, **env: str) -> subprocess.CompletedProcess[str]:
        known = {"ORCHESTRACE_JOURNAL": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "PATH": ""}
        return subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-W", "error", "-c", program],
            env=known | env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return one


class TestExit:
    @pytest.mark.parametrize(
        "end",
        [*ENDS, pytest.param("fork", marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="nobody forks here"))],
    )
    def test_leaves_no_connection_open(self, end: str, run: Run) -> None:
        """However a program ends that sent before and as it left: no ResourceWarning, in a forked child neither."""
        words, code, said = FORKED if end == "fork" else ENDS[end]
        with OtlpReceiver() as receiver:
            done = run(PROGRAM.format(end=words), receiver.endpoint)
            names = {span.name for span in receiver.wait(2)}

        assert (code, said, {"invoke_agent A"}) == (done.returncode, (done.stderr.splitlines() or [""])[-1], names)
        assert "Warning" not in done.stderr

    def test_through_tls_neither(self, run: Callable[..., object], certificates: Certificates) -> None:
        """A connection is one with TLS, too."""
        with OtlpReceiver(certificates=certificates) as receiver:
            done = run(PROGRAM.format(end=""), receiver.endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=certificates.authority)
            receiver.wait(2)

        assert (0, "") == (done.returncode, done.stderr)  # type: ignore[attr-defined]


class TestCloseSession:
    def test_closes_what_is_kept(self) -> None:
        """At once, not when it is collected."""
        session = open_session(Target(TRACES, "http/protobuf", "", ""))
        with OtlpReceiver() as receiver:
            session.post(receiver.endpoint + "/v1/traces", data=b"")
            [adapter] = {id(one): one for one in session.adapters.values() if one.poolmanager.pools}.values()  # type: ignore[attr-defined]
            pools = adapter.poolmanager.pools  # type: ignore[attr-defined]
            [pool] = [pools.get(key) for key in pools.keys()]  # noqa: SIM118 - no dict
            close_session(session)

        assert (None, 0) == (pool.pool, len(pools))

    def test_of_somebody_else_s_kind(self) -> None:
        """A session whose adapters keep nothing, or other things, is closed as it likes."""
        closed: list[str] = []

        class Odd(BaseAdapter):
            poolmanager = 3
            proxy_manager: dict[str, object] = {}  # noqa: RUF012 - as it is there

            def close(self) -> None:
                closed.append("odd")

        session = requests.Session()
        session.mount("odd://", Odd())
        close_session(session)
        close_session(session)

        assert ["odd", "odd"] == closed
