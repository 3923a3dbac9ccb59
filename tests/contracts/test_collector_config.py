from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

COLLECTORS = ["local.yaml", "backend.yaml"]
FILES = [*COLLECTORS, "jaeger.yaml"]
KINDS = ["receivers", "processors", "exporters", "connectors"]
LARGEST_REQUEST_MIB = 64


@pytest.fixture(params=FILES)
def config(request: pytest.FixtureRequest, root: Path) -> dict[str, Any]:
    """Return each shipped configuration."""
    return _read(root / "collector-config" / request.param)


@pytest.fixture(params=COLLECTORS)
def collector(request: pytest.FixtureRequest, root: Path) -> dict[str, Any]:
    """Return each that is a collector's, in front of something else."""
    return _read(root / "collector-config" / request.param)


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


class TestCollectorConfig:
    def test_pipelines_use_what_is_defined(self, config: dict[str, Any]) -> None:
        """A pipeline names only components that the file configures, and every one of them is used."""
        pipelines = config["service"]["pipelines"].values()
        used = {(kind, name) for pipeline in pipelines for kind in KINDS for name in pipeline.get(kind, [])}
        used |= {("extensions", name) for name in config["service"]["extensions"]}
        defined = {(kind, name) for kind in [*KINDS, "extensions"] for name in config.get(kind, {})}

        assert used == defined

    def test_receivers_take_long_prompts(self, config: dict[str, Any]) -> None:
        """Both protocols accept requests of 64 MiB."""
        protocols = config["receivers"]["otlp"]["protocols"]

        assert LARGEST_REQUEST_MIB == protocols["grpc"]["max_recv_msg_size_mib"]
        assert LARGEST_REQUEST_MIB * 2**20 == protocols["http"]["max_request_body_size"]


class TestCollector:
    def test_nothing_is_given_up(self, collector: dict[str, Any]) -> None:
        """Each exporter of traces keeps what it could not send in a file, for as long as it takes."""
        for name in collector["service"]["pipelines"]["traces"]["exporters"]:
            exporter = collector["exporters"][name]
            queue = exporter["sending_queue"]

            assert "0s" == exporter["retry_on_failure"]["max_elapsed_time"]
            assert queue["storage"] in collector["extensions"]
            assert queue["block_on_overflow"] is True

    def test_memory_is_limited_first(self, collector: dict[str, Any]) -> None:
        """Every pipeline begins with the memory limiter."""
        pipelines = collector["service"]["pipelines"]

        assert {"memory_limiter"} == {pipeline["processors"][0] for pipeline in pipelines.values()}

    def test_takes_what_programs_send(self, collector: dict[str, Any]) -> None:
        """There is a pipeline for each of the three signals."""
        assert {"traces", "metrics", "logs"} == set(collector["service"]["pipelines"])


class TestJaegerInterface:
    def test_links_use_the_attribute_they_stand_on(self, root: Path) -> None:
        """The search behind a link is filled in from the attribute that carries it."""
        interface = json.loads((root / "collector-config" / "jaeger-ui.json").read_text(encoding="utf-8"))
        links = interface["linkPatterns"]

        assert [] == [link["key"] for link in links if f"#{{{link['key']}}}" not in link["url"]]
