"""Every variable that says where to send is out of the way, unless a test sets one."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
