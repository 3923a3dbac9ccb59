"""
What `opentelemetry-instrument` finds of ours, when no line of the program names us.

    opentelemetry_distro          chooses our configurator, unless OTEL_PYTHON_CONFIGURATOR names another
    opentelemetry_configurator    does what `configure()` does, until the program calls that itself
    opentelemetry_instrumentor    does what `instrument()` does, also where another distro set everything up

With another distro installed the first that is found wins, by the order of the file system; OTEL_PYTHON_DISTRO and
OTEL_PYTHON_CONFIGURATOR decide it. Either of them alone brings the other along.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from functools import cache
from importlib import metadata
from typing import Any, Final

from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined] # the module opts out of types
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined] # as above

from orchestrace.configuration import preconfigure
from orchestrace.declared.reading import VARIABLE, source_of, wrongs
from orchestrace.instrumentation import instrument, uninstrument
from orchestrace.recording.switch import is_off

__all__ = ["OrchestraceConfigurator", "OrchestraceDistro", "OrchestraceInstrumentor"]

_LOG: Final = logging.getLogger("orchestrace")
_NAME: Final = "orchestrace"
"""Of each of our entry points."""
_CONFIGURATOR: Final = "OTEL_PYTHON_CONFIGURATOR"
_DISTRO: Final = "OTEL_PYTHON_DISTRO"
_DISABLED: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"


class OrchestraceDistro(BaseDistro):  # type: ignore[misc] # as above
    """Have our configurator set the program up."""

    def _configure(self, **_: Any) -> None:  # noqa: ANN401 - the base class's signature
        os.environ.setdefault(_CONFIGURATOR, _NAME)


class OrchestraceConfigurator:
    """Configure as the variables say."""

    def configure(self, **arguments: Any) -> None:  # noqa: ANN401 - whatever the caller passes to every configurator
        """Set everything up, or leave it to the configurator of the distro that was chosen by its name alone."""
        other = _of_chosen_distro()
        if other is not None:
            other.load()().configure(**arguments)
        else:
            preconfigure(instrument=not _is_disabled(), agents=_instead_of_agents())


class OrchestraceInstrumentor(BaseInstrumentor):  # type: ignore[misc] # as above
    """Be an ordinary instrumentation: spans go to the global provider."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return nothing: whatever of the known clients is installed is tapped, now or when it is imported."""
        return ()

    def _instrument(self, **_: Any) -> None:  # noqa: ANN401 - the base class's signature
        instrument(_instead_of_agents())

    def _uninstrument(self, **_: Any) -> None:  # noqa: ANN401 - the base class's signature
        uninstrument()


@cache
def _instead_of_agents() -> dict[str, Any] | None:
    """
    Return nothing, or, where the agents file is none, one that is empty; say so once.

    Whoever runs the program has chosen the file, and not the program, which starts all the same.
    """
    source = source_of(None)
    if source is None or is_off() or not (wrong := wrongs(source)):
        return None
    more = f" (and {len(wrong) - 1} more: see `orchestrace doctor`)" if len(wrong) > 1 else ""
    _LOG.warning("orchestrace: %s%s Nothing that %s names is recorded; all else is.", wrong[0], more, VARIABLE)
    return {"agents": []}


def _of_chosen_distro() -> metadata.EntryPoint | None:
    chosen = os.environ.get(_DISTRO, _NAME)
    if chosen == _NAME or _CONFIGURATOR in os.environ:
        return None
    package = {
        entry.dist.name for entry in metadata.entry_points(group="opentelemetry_distro", name=chosen) if entry.dist
    }
    found = metadata.entry_points(group="opentelemetry_configurator")
    return next((entry for entry in found if entry.dist is not None and entry.dist.name in package), None)


def _is_disabled() -> bool:
    names = {name.strip() for name in os.environ.get(_DISABLED, "").split(",")}
    return bool(names & {_NAME, "*"})
