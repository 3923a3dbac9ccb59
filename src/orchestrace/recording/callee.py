"""Whom a model call asks."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrace import conventions as names
from orchestrace.typing import AttributeValue

__all__ = ["Callee"]


@dataclass(frozen=True, slots=True)
class Callee:
    """Who is asked, and for what: `operation` and `provider` in the words of the conventions."""

    operation: str
    provider: str | None = None
    address: str | None = None
    port: int | None = None

    def attributes(self) -> dict[str, AttributeValue]:
        """Return what is known."""
        known = {
            names.OPERATION_NAME: self.operation,
            names.PROVIDER_NAME: self.provider,
            names.SERVER_ADDRESS: self.address,
            names.SERVER_PORT: self.port,
        }
        return {name: value for name, value in known.items() if value is not None}
