"""
The errors a program can see from us: at import, configure or decoration time, and when it reads a journal.

    OrchestraceError
    ├── ConfigurationError   a setting that is malformed or contradicts another
    │   └── UnknownSettingError   one that does not exist
    ├── JournalError         something that is not in the journal, or a journal that cannot be read
    ├── SourceError          spans that were to be read from a file or a backend, and could not
    ├── UsageError           a decorator or context manager used where it cannot work
    └── PromptError          a template whose variables do not fit

Nothing raised while a decorated program runs is ours: see `recording.guard`.
"""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "JournalError",
    "OrchestraceError",
    "PromptError",
    "SourceError",
    "UnknownSettingError",
    "UsageError",
]


class OrchestraceError(Exception):
    """Be the common ancestor of every error of this package."""


class ConfigurationError(OrchestraceError, ValueError):
    """Say which setting is wrong, what is allowed, and what to write instead."""


class UnknownSettingError(ConfigurationError, TypeError):
    """Say which setting does not exist, and which one it may have been meant for."""


class JournalError(OrchestraceError, LookupError):
    """Say what was looked for in a journal, and what there is."""


class SourceError(OrchestraceError):
    """Say where spans were to be read from, what was there instead, and what to type."""


class UsageError(OrchestraceError, TypeError):
    """Say what was decorated or called, and why that cannot work."""


class PromptError(OrchestraceError, ValueError):
    """Name the variables that a template misses or does not know."""
