"""What `configure()` was told, checked at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrace.exceptions import ConfigurationError
from orchestrace.typing import AttributeValue

__all__ = ["Settings"]

_CONTENT: Final = (None, "full", "off")
_CONVENTIONS: Final = ("current",)


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
    isolated: bool = False
    export: bool | None = None
    conventions: str = "current"

    def __post_init__(self) -> None:
        if self.content not in _CONTENT:
            msg = f"configure(content={self.content!r}): use 'full', or 'off' for names, numbers and times only."
            raise ConfigurationError(msg)
        if self.conventions not in _CONVENTIONS:
            msg = f"configure(conventions={self.conventions!r}): this version writes 'current' names only."
            raise ConfigurationError(msg)
        if self.export is False and (self.endpoint or self.protocol or self.headers):
            msg = "configure(export=False) sends nothing: leave endpoint=, protocol= and headers= out."
            raise ConfigurationError(msg)
        if self.service_name is not None and not self.service_name.strip():
            msg = "configure(service_name='') names no service: give it a name, or leave it to OTEL_SERVICE_NAME."
            raise ConfigurationError(msg)
