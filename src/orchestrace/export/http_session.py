"""The session that requests over HTTP go through: ours, or a credential provider's; and its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import entry_points
from typing import Any

import requests

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.resolving import PROVIDERS
from orchestrace.export.target import Target

__all__ = ["close_session", "open_session"]


def open_session(target: Target) -> requests.Session:
    """Return a session for `target`. Raises ConfigurationError where a credential provider gives something else."""
    if target.credential_provider is None:
        return requests.Session()
    (provider, *_) = entry_points(group=PROVIDERS, name=target.credential_provider)
    session = provider.load()()
    if not isinstance(session, requests.Session):
        kind = type(session).__name__
        msg = f"The credential provider {target.credential_provider!r} gave {kind}, no requests.Session."
        raise ConfigurationError(msg)
    return session


def close_session(session: requests.Session) -> None:
    """
    Close a session and all connections that it keeps; one that a request is on its way by is closed when it is back.

    A session closes its pools by forgetting them, and they their connections by finalisers. Those run when the
    interpreter begins to leave: what is sent after that leaves a connection that nobody closes.
    """
    for pool in _pools(session):
        with suppress(Exception):  # whatever else somebody's own adapter calls so
            pool.close()
    session.close()


def _pools(session: requests.Session) -> Iterator[Any]:
    for adapter in session.adapters.values():
        managers = [getattr(adapter, "poolmanager", None), *getattr(adapter, "proxy_manager", {}).values()]
        for pools in (getattr(manager, "pools", None) for manager in managers):
            with suppress(Exception):  # as above
                yield from [pools.get(key) for key in pools.keys()]  # type: ignore[union-attr] # noqa: SIM118 - it has no `__iter__`
