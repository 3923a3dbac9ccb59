"""Who may be told whose run it is: services of the program's own, by host. Nobody, unless they were named."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from orchestrace.exceptions import ConfigurationError
from orchestrace.wires.hosts import provider_among

__all__ = ["VARIABLE", "Recipient", "are_told", "is_told", "stated", "use"]

VARIABLE: Final = "ORCHESTRACE_PROPAGATE_TO"

_FORM: Final = re.compile(r"((?:\*\.)?[\w-]+(?:\.[\w-]+)*|\[[0-9a-fA-F:.%\w]+\])\.?(?::([0-9]{1,5}))?")
_FORMS: Final = "'billing.internal', '*.svc.cluster.local' or 'localhost:8001'"
_LAST_PORT: Final = 65535

_used: tuple[Recipient, ...] | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A host, or with `*.` in front every host below it; at one port, or at any."""

    host: str
    port: int | None = None

    def fits(self, host: str, port: int | None) -> bool:
        """Tell whether a request to `host`, in lower case, and `port` goes there."""
        if self.port is not None and port != self.port:
            return False
        return host.endswith(self.host[1:]) if self.host.startswith("*") else host == self.host


def stated(said: Iterable[str] | None = None) -> tuple[Recipient, ...]:
    """Return who is named; None: by the variable. Raises ConfigurationError, for a provider of models too."""
    if said is not None:
        return tuple(_recipient(one, f"configure(propagate_to=[{one!r:.80}])") for one in said)
    named = (one.strip() for one in os.environ.get(VARIABLE, "").split(","))
    return tuple(_recipient(one, f"{VARIABLE}={one:.80}") for one in named if one)


def use(recipients: tuple[Recipient, ...] | None) -> None:
    """Tell these from now on; None: those that the variable names, where they are well formed."""
    global _used  # noqa: PLW0603 - the process has one list
    _used = recipients


def are_told() -> bool:
    """Tell whether anybody is. Raises ConfigurationError where the variable decides, and is malformed."""
    if _used is None:
        use(stated())
    return bool(_used)


def is_told(host: str, port: int | None) -> bool:
    """Tell whether a request may say whose run it is. Never to a provider of models, whatever was named."""
    host = host.lower().rstrip(".")
    return any(one.fits(host, port) for one in _used or ()) and provider_among(host) is None


def _recipient(said: str, words: str) -> Recipient:
    found = _FORM.fullmatch(said.strip()) if isinstance(said, str) else None
    port = int(found[2]) if found and found[2] else None
    if found is None or (port is not None and not 0 < port <= _LAST_PORT):
        msg = f"{words} is no host: write a name without scheme and path, such as {_FORMS}."
        raise ConfigurationError(msg)
    host = found[1].lower().strip("[]")
    provider = provider_among(host)
    if provider is not None:
        msg = (
            f"{words} would tell {provider}, a provider of models, who your users are: "
            "name hosts of your own services only."
        )
        raise ConfigurationError(msg)
    return Recipient(host, port)
