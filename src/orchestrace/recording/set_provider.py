"""The provider that a program has set for one of OpenTelemetry's signals, at the price of a look where it set none."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from importlib import import_module
from typing import Any, Final

__all__ = ["SetProvider"]

_UNKNOWN: Final = object()


class SetProvider:
    """
    Find the global provider of what makes `kind`, METER or LOGGER: what `get` of `module` returns, if it was set.

    OpenTelemetry's own function asks the environment each time, through exceptions, and its module costs milliseconds
    to import. So we look where that function looks first, and it is asked itself where something is there; or anyway,
    where its variable names a provider to be loaded, which is read once.
    """

    def __init__(self, module: str, get: str, kind: str) -> None:
        self._module = module
        self._get = get
        self._inside = f"{module}._internal"
        self._place = f"_{kind}_PROVIDER"
        self._variable = f"OTEL_PYTHON_{kind}_PROVIDER"

    def __call__(self) -> Any:  # noqa: ANN401 - a provider of any signal
        """Return it, or None."""
        inside = sys.modules.get(self._inside)
        place = None if inside is None else inside.__dict__.get(self._place, _UNKNOWN)
        if place is None and not self._is_named:
            return None
        found = getattr(import_module(self._module), self._get)()
        return None if self.stands_in(found) else found

    @cached_property
    def _is_named(self) -> bool:
        return bool(os.environ.get(self._variable, "").strip())

    def stands_in(self, provider: object) -> bool:
        """Tell whether a provider is one of the API's own, which stand for one that is not there."""
        return type(provider).__module__.startswith(self._module)
