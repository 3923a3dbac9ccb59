from __future__ import annotations

import errno
import socket
import ssl
from http.client import BadStatusLine, RemoteDisconnected

import pytest

from orchestrace.export.connection_fault import causes, is_cut, words_for


def wrapped(cause: BaseException) -> Exception:
    """Hide a cause as libraries do: in arguments, in a reason, as what came before."""
    inner = Exception("pool", cause)
    outer = Exception("attempt")
    outer.reason = inner  # type: ignore[attr-defined]
    last = Exception("request")
    last.__context__ = outer
    return last


class TestWordsFor:
    @pytest.mark.parametrize(
        ("cause", "said"),
        [
            (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused"),
            (ConnectionResetError(errno.ECONNRESET, "x"), "connection reset"),
            (BrokenPipeError(errno.EPIPE, "x"), "connection reset"),
            (OSError(errno.ENETUNREACH, "x"), "network is unreachable"),
            (socket.gaierror(-2, "x"), "the host name of host:1 cannot be resolved"),
            (UnicodeError("label too long"), "the host name of host:1 cannot be resolved"),
            (RemoteDisconnected("x"), "connection closed without an answer"),
            (BadStatusLine("\x00"), "the answer is no HTTP/1.1; is it a port for gRPC?"),
            (
                ssl.SSLError(1, "WRONG_VERSION_NUMBER"),
                "TLS: wrong version number; is what listens on host:1 without TLS?",
            ),
            (ssl.SSLError(1, "CERTIFICATE_REQUIRED"), "TLS: certificate required"),
            (ssl.SSLCertVerificationError(1, "x"), "TLS: certificate verify failed: no reason given"),
            (KeyError("x"), "KeyError"),
        ],
    )
    def test_name_the_cause(self, cause: BaseException, said: str) -> None:
        """However deep it is."""
        assert said == words_for(wrapped(cause), "host:1")

    def test_circles_end(self) -> None:
        """Exceptions may know each other."""
        one, other = Exception(), Exception()
        one.__context__, other.__cause__ = other, one

        assert [one, other] == list(causes(one))


class TestIsCut:
    def test_only_what_was_there_can_break(self) -> None:
        """However deep it is."""
        broken = [ConnectionResetError(), BrokenPipeError(), RemoteDisconnected("x")]
        others = [ConnectionRefusedError(), TimeoutError(), socket.gaierror(), KeyError()]

        assert [True] * 3 + [False] * 4 == [is_cut(wrapped(cause)) for cause in broken + others]
