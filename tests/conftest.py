"""How property tests run: alike on every machine, however slow it is."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: a busy machine is no bug. In CI the examples are the same each time, so that a change is judged by what
# it changes; everywhere else they are new, and find what nobody thought of.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
