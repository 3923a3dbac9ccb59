"""
The errors a program can see from us, all of them at import, configure or decoration time.

    OrchestraceError
    ├── ConfigurationError   a setting that is unknown, malformed or contradicts another
    ├── UsageError           a decorator or context manager used where it cannot work
    └── PromptError          a template whose variables do not fit

Nothing raised while a decorated program runs is ours: see `recording.guard`.
"""

from __future__ import annotations

__all__ = ["ConfigurationError", "OrchestraceError", "PromptError", "UsageError"]


class OrchestraceError(Exception):
    """Be the common ancestor of every error of this package."""


class ConfigurationError(OrchestraceError, ValueError):
    """Say which setting is wrong, what is allowed, and what to write instead."""


class UsageError(OrchestraceError, TypeError):
    """Say what was decorated or called, and why that cannot work."""


class PromptError(OrchestraceError, ValueError):
    """Name the variables that a template misses or does not know."""
