"""
The SDKs that Stainless generates: all their requests go through one method, which also retries.

A row is the module that holds `SyncAPIClient` and `AsyncAPIClient`. An SDK without a row, or without the method, is
recorded all the same: then each attempt stands as a call.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from orchestrace.recording.boundary import open_boundary
from orchestrace.taps.patch import Patches, descendants

__all__ = ["MODULES", "install"]

MODULES: Final = (
    "anthropic._base_client",
    "cerebras.cloud.sdk._base_client",
    "groq._base_client",
    "openai._base_client",
    "together._base_client",
    "writerai._base_client",
)

_CLIENTS: Final = ("SyncAPIClient", "AsyncAPIClient")


def install(module: ModuleType, patches: Patches) -> None:
    """Open a boundary around every call of the SDK in `module`."""
    for name in _CLIENTS:
        client = getattr(module, name, None)
        if isinstance(client, type):
            # Below it as well: a wrapper that somebody has put on a subclass has kept the method as it was then.
            for one in (client, *descendants(client)):
                patches.follow(one, "request", open_boundary)
