"""The proxy that stands between us and the receiver, because a variable says so."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from orchestrace.doctor.address import Address
from orchestrace.export.setting import GRPC
from orchestrace.export.target import Target

__all__ = ["proxy_of"]

_OF_GRPC: Final = ("grpc_proxy", "https_proxy", "http_proxy")
"""The first that is set is taken, whether there is TLS or not."""
_NOT_OF_GRPC: Final = ("no_grpc_proxy", "no_proxy")


def proxy_of(target: Target, address: Address) -> str | None:
    """Return the variable that names the proxy for a target, and the proxy, as words; None if there is none."""
    if target.protocol == GRPC:
        found = next(((name, os.environ[name]) for name in _OF_GRPC if os.environ.get(name)), None)
        bypassed = _bypassed(address, next(filter(None, map(os.environ.get, _NOT_OF_GRPC)), ""))
    else:
        found = _of_http("http" if target.insecure else "https")
        bypassed = bool(proxy_bypass(str(address)))
    if found is None or bypassed:
        return None
    host = urlsplit(found[1] if "//" in found[1] else f"//{found[1]}").netloc.rpartition("@")[2]
    return f"{found[0]} ({host})"


def _of_http(scheme: str) -> tuple[str, str] | None:
    known = getproxies_environment()
    name = next((name for name in (scheme, "all") if known.get(name)), None)
    if name is None:
        return None
    variable = f"{name}_proxy"
    return (variable if os.environ.get(variable) else variable.upper()), known[name]


def _bypassed(address: Address, names: str) -> bool:
    return any(name and address.host.endswith(name.strip().lstrip("*.")) for name in names.split(",") if name.strip())
