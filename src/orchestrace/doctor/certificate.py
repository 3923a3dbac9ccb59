"""Why a receiver's certificate is not trusted, in the words of TLS itself."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from orchestrace.doctor.address import Address
from orchestrace.export.setting import GENERAL
from orchestrace.export.target import Target

__all__ = ["distrust"]

_SECONDS: Final = 2.0
_WORDS: Final = (
    ("expired", "Its certificate has expired", "Renew it; or set the clock of this machine."),
    ("not yet valid", "Its certificate is not valid yet", "Set the clocks."),
    ("mismatch", "Its certificate is for another name", "Use a name that stands in it."),
    ("doesn't match", "Its certificate is for another name", "Use a name that stands in it."),
    (
        "",
        "Nobody who is trusted here has signed its certificate",
        f"export {GENERAL}CERTIFICATE=… (the PEM file of its authority)",
    ),
)


def distrust(address: Address, target: Target) -> tuple[str, str] | None:
    """Shake hands as the target is set up; return why that fails, and what to do, None where it does not."""
    try:
        context = ssl.create_default_context(cafile=target.certificate)
        if target.client_certificate:
            context.load_cert_chain(target.client_certificate, target.client_key)
        with (
            socket.create_connection((address.host, address.port), _SECONDS) as line,
            context.wrap_socket(line, server_hostname=address.host) as secured,
        ):
            secured.settimeout(_SECONDS)
            # With TLS 1.3 whoever has no certificate of its own is told so afterwards.
            secured.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            secured.recv(1)
    except ssl.SSLCertVerificationError as error:
        said = error.verify_message
        return next((f"{why}: {said}.", do) for word, why, do in _WORDS if word in said.lower())
    except ssl.SSLError as error:
        why = f"TLS fails: {(error.reason or str(error)).replace('_', ' ').lower()}."
        return why, f"If it wants to know its clients: export {GENERAL}CLIENT_CERTIFICATE=…, {GENERAL}CLIENT_KEY=…"
    except OSError:
        pass
    return None
