"""The variables that switch everything off."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Final

__all__ = ["VARIABLES", "is_off"]

VARIABLES: Final = ("ORCHESTRACE_DISABLED", "OTEL_SDK_DISABLED")


@lru_cache(maxsize=1)
def is_off() -> bool:
    """Tell whether one of the variables is `true`, in any case; they are read once a process."""
    return any(os.environ.get(name, "").strip().lower() == "true" for name in VARIABLES)
