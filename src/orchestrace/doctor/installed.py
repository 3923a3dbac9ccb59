"""What is installed: versions, the SDKs and HTTP clients that can be tapped, and who else traces them."""

from __future__ import annotations

import ast
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from opentelemetry.instrumentation.dependencies import get_dependency_conflicts

from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.settings import Settings
from orchestrace.taps import httpx, stainless

__all__ = ["check"]

_CHECK: Final = "installed"
_OLDEST: Final = {"openai": "1.60", "anthropic": "0.45"}
"""The oldest versions that were tried."""
_METHODS: Final = {"SyncAPIClient": "request", "AsyncAPIClient": "request"}
_TRIED: Final = frozenset(
    {
        "openinference-instrumentation-openai",
        "opentelemetry-instrumentation-genai-anthropic",
        "opentelemetry-instrumentation-genai-openai",
        "opentelemetry-instrumentation-openai",
    }
)
"""Instrumentations that were seen to get along with ours: docs/compatibility.md."""


def check(settings: Settings) -> Iterator[Finding]:
    """Look at what this Python has; no SDK is imported."""
    del settings
    yield Finding(_CHECK, OK, f"Python {platform.python_version()}, orchestrace {metadata.version('orchestrace')}")
    yield from _required()
    yield from _clients()
    yield from _families()
    yield from _others()
    yield from _distros()


def _required() -> Iterator[Finding]:
    needed = [line for line in metadata.requires("orchestrace") or () if "extra ==" not in line]
    wrong = [found for line in needed if (found := get_dependency_conflicts([line])) is not None]
    for conflict in wrong:
        why = f"{conflict.found or 'It is missing'} is installed."
        yield Finding(_CHECK, PROBLEM, f"{conflict.required} is needed", why, f"pip install '{conflict.required}'")
    versions = {name: _version(f"opentelemetry-{name}") for name in ("api", "sdk")}
    if not wrong:
        yield Finding(_CHECK, OK, "OpenTelemetry " + ", ".join(f"{name} {said}" for name, said in versions.items()))


def _clients() -> Iterator[Finding]:
    there = {name: version for name in httpx.LIBRARIES if (version := _version(name))}
    for name, version in there.items():
        yield Finding(_CHECK, OK, f"{name} {version} can be tapped")
    if not there:
        why = f"None of the HTTP clients that are tapped ({', '.join(httpx.LIBRARIES)}) is installed."
        yield Finding(_CHECK, WARNING, "no model call is recorded by itself", why, "Use orchestrace.llm_call().")


def _families() -> Iterator[Finding]:
    for module in stainless.MODULES:
        top = module.partition(".")[0]
        path = _source(module)
        version = _version(top)
        oldest = _OLDEST.get(top)
        if version and oldest and get_dependency_conflicts([f"{top}>={oldest}"]) is not None:
            why = f"The oldest version that was tried is {oldest}."
            yield Finding(_CHECK, PROBLEM, f"{top} {version} is too old", why, f"pip install '{top}>={oldest}'")
        elif path is not None and not _has_boundary(path):
            why = f"{module} has not the method that all calls go through: every attempt stands as a call."
            yield Finding(_CHECK, WARNING, f"retries of {top} {version or ''} stand apart", why, "Upgrade orchestrace.")
        elif path is not None:
            yield Finding(_CHECK, OK, f"{top} {version or ''} can be tapped, retries and all")


def _source(module: str) -> Path | None:
    top, *rest = module.split(".")
    spec = find_spec(top)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(place, *rest).with_suffix(".py")
        if path.is_file():
            return path
    return None


def _has_boundary(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return all(
        name in kinds and any(isinstance(one, functions) and one.name == method for one in kinds[name].body)
        for name, method in _METHODS.items()
    )


def _others() -> Iterator[Finding]:
    known = {module.partition(".")[0] for module in stainless.MODULES}
    for entry in metadata.entry_points(group="opentelemetry_instrumentor"):
        package = entry.dist.name if entry.dist is not None else entry.name
        if package == "orchestrace" or not any(name in entry.name or name in package for name in known):
            continue
        if package in _TRIED:
            yield Finding(_CHECK, OK, f"{package} traces the same SDK: one span a call, with what both know")
        else:
            why = "It was not tried beside ours: a call may have two spans."
            yield Finding(_CHECK, WARNING, f"{package} traces the same SDK", why, "See docs/guests.md.")


def _distros() -> Iterator[Finding]:
    names = sorted({entry.name for entry in metadata.entry_points(group="opentelemetry_distro")} - {"orchestrace"})
    if names and not os.environ.get("OTEL_PYTHON_DISTRO"):
        why = "Under opentelemetry-instrument the first that is found wins, by the order of files on disk."
        do = "export OTEL_PYTHON_DISTRO=orchestrace"
        yield Finding(_CHECK, WARNING, f"another distro is installed: {', '.join(names)}", why, do)


def _version(package: str) -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return None
