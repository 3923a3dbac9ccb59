"""What `configure()` was told, checked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import NoneType
from typing import Any, Final

from orchestrace.exceptions import ConfigurationError
from orchestrace.typing import AttributeValue

__all__ = ["CURRENT", "Settings", "meant"]

CURRENT: Final = "current"

_TEXT: Final = (str, NoneType)
_KINDS: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "service_name": (_TEXT, "give it a text"),
    "endpoint": (_TEXT, "give it a URL, such as 'http://localhost:4318'"),
    "protocol": (_TEXT, "give it 'http/protobuf' or 'grpc'"),
    "headers": ((Mapping, NoneType), "give it a mapping of names to values"),
    "resource_attributes": ((Mapping, NoneType), "give it a mapping of names to values"),
    "journal": ((str, PathLike, NoneType), "give it the path of a folder"),
    "instrument": ((bool,), "use True or False"),
    "agents": ((str, PathLike, Mapping, NoneType), "give it the path of an agents file, or a mapping of the same form"),
    "content": (_TEXT, "use 'full' or 'off'"),
    "isolated": ((bool,), "use True or False"),
    "export": ((bool, NoneType), "use True or False"),
    "conventions": ((str,), "use 'current', 'released' or 'both'"),
    "propagate_to": ((list, tuple, set, frozenset, NoneType), "give it a list of hosts, such as ['billing.internal']"),
}
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "content": ("full", "off"),
    "conventions": (CURRENT, "released", "both"),
    "protocol": ("http/protobuf", "grpc"),
}
_NOT_BLANK: Final = {
    "service_name": "names no service: give it a name, or leave it to OTEL_SERVICE_NAME",
    "journal": "names no folder: give it one, or leave it to ORCHESTRACE_JOURNAL",
    "agents": "names no file: give it one, or leave it to ORCHESTRACE_AGENTS",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    The arguments of `configure()`; its docstring explains them.

    Raises ConfigurationError where one is malformed or contradicts another.
    """

    service_name: str | None = None
    endpoint: str | None = None
    protocol: str | None = None
    headers: Mapping[str, str] | None = None
    resource_attributes: Mapping[str, AttributeValue] | None = None
    journal: str | Path | None = None
    instrument: bool = True
    content: str | None = None
    agents: str | PathLike[str] | Mapping[str, Any] | None = None
    isolated: bool = False
    export: bool | None = None
    conventions: str = CURRENT
    propagate_to: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name, (kinds, words) in _KINDS.items():
            if not isinstance(value := getattr(self, name), kinds):
                # Not its value: headers hold keys.
                msg = f"configure({name}=…) was given a {type(value).__name__}: {words}."
                raise ConfigurationError(msg)
        for name, known in _WORDS.items():
            said = getattr(self, name)
            if said is not None and said not in known:
                msg = f"configure({name}={said!r}): use {_listed(known)}.{meant(said, known)}"
                raise ConfigurationError(msg)
        for name, words in _NOT_BLANK.items():
            said = getattr(self, name)
            if said is not None and not str(said).strip():
                msg = f"configure({name}={said!r}) {words}."
                raise ConfigurationError(msg)
        self._check_pairs()
        for name, value in (self.headers or {}).items():
            if not (isinstance(name, str) and isinstance(value, str)):
                msg = f"configure(headers=…): {name!r} has a {type(value).__name__}: names and values are texts."
                raise ConfigurationError(msg)

    def _check_pairs(self) -> None:
        if self.export is False and (self.endpoint or self.protocol or self.headers):
            msg = "configure(export=False) sends nothing: leave endpoint=, protocol= and headers= out."
            raise ConfigurationError(msg)
        named = (self.resource_attributes or {}).get("service.name")
        if self.service_name is not None and named not in {None, self.service_name}:
            msg = (
                f"configure(service_name={self.service_name!r}) contradicts resource_attributes, where service.name is "
                f"{named!r}: say it once."
            )
            raise ConfigurationError(msg)


def meant(said: str, known: Iterable[str]) -> str:
    """Return a question for what may have been meant by a word that nobody knows, with a space before; else nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - for errors only

    near = get_close_matches(said.lower(), known, 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(map(repr, words[:-1]))} or {words[-1]!r}"
