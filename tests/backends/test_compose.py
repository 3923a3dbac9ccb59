from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.backends


def judge(file: Path, root: Path) -> subprocess.CompletedProcess[str]:
    """Have what `docker compose` reads its files with read one, without any variable of ours."""
    command = [str(root / ".build" / "backends" / "bin" / "compose"), str(file)]
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours


class TestCompose:
    def test_is_valid(self, root: Path) -> None:
        """It is what the compose schema allows."""
        judged = judge(root / "docker-compose.yml", root)

        assert (0, "") == (judged.returncode, judged.stderr)

    def test_binds_files_of_the_tree(self, root: Path) -> None:
        """Resolved as Docker does it, each mount from the host is one of our files, and read only."""
        read = yaml.safe_load(judge(root / "docker-compose.yml", root).stdout)
        volumes = [volume for service in read["services"].values() for volume in service.get("volumes", [])]
        mounts: list[dict[str, Any]] = [volume for volume in volumes if volume["type"] == "bind"]

        assert mounts
        assert [] == [mount["source"] for mount in mounts if not Path(mount["source"]).is_file()]
        assert [True] * len(mounts) == [mount.get("read_only") for mount in mounts]
        assert {root / "collector-config"} == {Path(mount["source"]).parent for mount in mounts}

    @pytest.mark.parametrize(
        ("right", "wrong", "complaint"),
        [
            ("mem_limit: 1g", "memory: 1g", "services.collector.memory"),
            ("condition: service_started", "condition: running", "must be one of"),
            ("127.0.0.1:4317:4317", "127.0.0.1:4317:", "services.collector.ports"),
        ],
        ids=["a key", "a value", "a port"],
    )
    def test_is_judged(self, right: str, wrong: str, complaint: str, root: Path, tmp_path: Path) -> None:
        """The same file with one mistake is refused: being accepted says something."""
        written = (root / "docker-compose.yml").read_text(encoding="utf-8")
        mistaken = tmp_path / "docker-compose.yml"
        mistaken.write_text(written.replace(right, wrong), encoding="utf-8")
        judged = judge(mistaken, root)

        assert right in written
        assert 0 != judged.returncode
        assert complaint in judged.stderr
