"""Every test begins and ends outside of all runs, with nothing patched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.context import Context, attach, get_current

from orchestrace import instrumentation


@pytest.fixture(autouse=True)
def _outside() -> Iterator[None]:
    before = get_current()
    attach(Context())
    yield
    instrumentation.uninstrument()
    attach(before)
