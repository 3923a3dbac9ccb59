"""Certificates for a receiver behind TLS and its clients, made by the program `openssl`."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Certificates"]

_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout")
_DAYS: Final = ("-days", "2")


@dataclass(frozen=True, slots=True)
class Certificates:
    """
    Those of an authority that nobody knows, of a server on this machine and of a client, in PEM files.

        certificates = Certificates.made_in(tmp_path)
        with OtlpReceiver(certificates=certificates) as receiver:
            ...  # OTEL_EXPORTER_OTLP_CERTIFICATE=certificates.authority
    """

    authority: str
    server: str
    server_key: str
    client: str
    client_key: str

    @classmethod
    def made_in(cls, folder: Path, host: str = "IP:127.0.0.1") -> Certificates:
        """Make them in `folder`, the server's for a `host`. Raises FileNotFoundError where there is no `openssl`."""
        program = shutil.which("openssl")
        if program is None:
            msg = "No program openssl was found in PATH: install it, or skip what needs certificates."
            raise FileNotFoundError(msg)

        def openssl(*words: str) -> None:
            subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own words

        # From Python 3.13 on a certificate has to say what it is for, and who signed it (RFC 5280).
        signs = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
        openssl(
            "req", "-x509", *_KEY, "authority.key", "-out", "authority.pem", *_DAYS, "-subj", "/CN=authority", *signs
        )
        signed_by = ("-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial")
        for name in ("server", "client"):
            (folder / f"{name}.ext").write_text(f"subjectAltName={host}\nauthorityKeyIdentifier=keyid\n")
            openssl("req", "-new", *_KEY, f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
            made = ("-out", f"{name}.pem", *_DAYS, "-extfile", f"{name}.ext")
            openssl("x509", "-req", "-in", f"{name}.csr", *signed_by, *made)
        files = ("authority.pem", "server.pem", "server.key", "client.pem", "client.key")
        return cls(*(str(folder / file) for file in files))
