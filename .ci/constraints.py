"""Print one constraint for every distribution of the environment that runs this, except the project itself."""

from __future__ import annotations

from importlib.metadata import Distribution, distributions

HEAD = """\
# The exact versions that `make demo`, `make test` and `make check` install. Written by `make constraints`: run that to
# renew it, then `make check test`, and commit the difference. A version that needs a newer Python than the oldest one
# we support says so; the oldest then takes the newest version that it can.
"""
NOT_OURS_TO_PIN = {"orchestrace", "setuptools", "wheel"}
OLDEST = "3.10"


def constraint(distribution: Distribution) -> str:
    """Pin a distribution, on the Pythons that its version supports."""
    pin = f"{distribution.name.lower()}=={distribution.version}"
    needs = distribution.metadata.get("Requires-Python") or ""
    newest = max((part.strip(" >=") for part in needs.split(",") if ">=" in part), key=_release, default=OLDEST)
    release = ".".join(str(part) for part in _release(newest))
    return pin if _release(newest) <= _release(OLDEST) else f'{pin} ; python_version >= "{release}"'


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


if __name__ == "__main__":
    pins = {constraint(distribution) for distribution in distributions() if distribution.name not in NOT_OURS_TO_PIN}
    print(HEAD + "\n".join(sorted(pins)))
