"""docker-compose.yml and the files that its containers read say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

SETTING = re.compile(r"\$\{env:(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")
RUNTIME = {"GOMEMLIMIT"}
"""What no configuration reads: Go itself does."""

ELSEWHERE = ("none", "host", "bridge")
"""Networks that are no service's."""

Services = dict[str, dict[str, Any]]


@pytest.fixture
def services(root: Path) -> Services:
    """Return the containers of one machine."""
    found: Services = yaml.safe_load((root / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    return found


@pytest.fixture
def configured(services: Services) -> dict[str, dict[str, Any]]:
    """Return the servers that read a file of ours."""
    return {name: service for name, service in services.items() if str(service["command"][0]).startswith("--config=")}


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Return which path of the host stands at which path of a container."""
    volumes = [volume.split(":") for volume in service.get("volumes", [])]
    return {target: source for source, target, *_ in volumes}


def written(service: dict[str, Any], root: Path) -> str:
    """Return the configuration that a server is started with."""
    inside = service["command"][0].partition("=")[2]
    return (root / mounts(service)[inside]).read_text(encoding="utf-8")


class TestReferences:
    def test_lead_to_services_and_volumes_that_are_there(self, services: Services, root: Path) -> None:
        """What a service waits for, whose network it shares and which volumes it has are all in the file."""
        volumes = yaml.safe_load((root / "docker-compose.yml").read_text(encoding="utf-8"))["volumes"]
        for service in services.values():
            named = [source for source in mounts(service).values() if source[0] not in "./"]
            network = service.get("network_mode", "none")

            assert set(named) <= set(volumes)
            assert set(service.get("depends_on", {})) <= set(services)
            assert network in ELSEWHERE or network.removeprefix("service:") in services


class TestImages:
    def test_are_pinned(self, services: Services) -> None:
        """Each image is named with a version."""
        tags = [service["image"].partition(":")[2] for service in services.values()]

        assert [] == [tag for tag in tags if not tag or tag == "latest"]

    def test_of_the_collector_is_what_was_tested(self, services: Services, root: Path) -> None:
        """The image has the version that `make backends` builds."""
        manifest = yaml.safe_load((root / "backends" / "collector" / "manifest.yaml").read_text(encoding="utf-8"))

        assert manifest["dist"]["version"] == services["collector"]["image"].partition(":")[2]


class TestPorts:
    def test_are_this_machine_only(self, services: Services) -> None:
        """Nothing here asks for a password, so nothing here is reachable from elsewhere."""
        ports = [port for service in services.values() for port in service.get("ports", [])]

        assert ports
        assert [] == [port for port in ports if not port.startswith("127.0.0.1:")]

    def test_are_those_that_the_configuration_opens(self, configured: Services, root: Path) -> None:
        """Whatever is published is listened on."""
        for service in configured.values():
            opened = {found["default"] for found in SETTING.finditer(written(service, root)) if "PORT" in found["name"]}

            assert {port.rpartition(":")[2] for port in service["ports"]} <= opened

    def test_of_the_receivers_and_the_health_checks_are_published(self, configured: Services) -> None:
        """A program on this machine reaches the collector over both protocols, and whoever looks sees how it is."""
        published = {name: {port.split(":")[1] for port in service["ports"]} for name, service in configured.items()}

        assert {"4317", "4318", "8888", "8889", "13133"} == published["collector"]
        assert {"16686", "13134"} == published["jaeger"]


class TestFiles:
    def test_that_are_mounted_exist(self, services: Services, root: Path) -> None:
        """Docker would make an empty folder of a file that is not there."""
        files = [source for service in services.values() for source in mounts(service).values() if source[0] == "."]

        assert files
        assert [] == [file for file in files if not (root / file).is_file()]

    def test_that_a_configuration_names_are_mounted(self, configured: Services, root: Path) -> None:
        """A path that a server reads or writes by default is in a mount, so it exists and outlives the container."""
        for service in configured.values():
            paths = {found["default"] for found in SETTING.finditer(written(service, root))}
            inside = [path for path in paths if path and path.startswith("/")]

            assert inside
            assert [] == [path for path in inside if not path.startswith(tuple(mounts(service)))]


class TestVariables:
    def test_are_read(self, configured: Services, root: Path) -> None:
        """What a container is told is a setting of the file that it reads."""
        for service in configured.values():
            read = {found["name"] for found in SETTING.finditer(written(service, root))}

            assert set(service.get("environment", {})) <= read | RUNTIME

    def test_have_a_default(self, configured: Services, root: Path) -> None:
        """And a container that is told nothing has every setting."""
        for service in configured.values():
            assert [] == [found["name"] for found in SETTING.finditer(written(service, root)) if not found["default"]]

    def test_are_named_at_the_top_of_the_file(self, configured: Services, root: Path) -> None:
        """Whoever runs it elsewhere finds them listed."""
        for service in configured.values():
            text = written(service, root)
            comments = " ".join(line for line in text.splitlines() if line.startswith("#"))

            assert [] == [name for name in {found["name"] for found in SETTING.finditer(text)} if name not in comments]

    def test_lead_the_collector_to_jaeger(self, services: Services, root: Path) -> None:
        """To the service of that name, at the port that its receiver listens on."""
        host, _, port = services["collector"]["environment"]["JAEGER_OTLP"].partition(":")
        defaults = {found["name"]: found["default"] for found in SETTING.finditer(written(services[host], root))}

        assert port == defaults["JAEGER_OTLP_GRPC_PORT"]


class TestServers:
    def test_have_a_memory_limit(self, services: Services) -> None:
        """No backend can take the whole machine."""
        servers = [service for service in services.values() if service.get("restart")]

        assert [] == [server["image"] for server in servers if "mem_limit" not in server]

    def test_are_asked_how_they_are(self, configured: Services, services: Services, root: Path) -> None:
        """By their own health check, or by one in a container beside them, at the port of their health endpoint."""
        for name, service in configured.items():
            beside = [other for other in services.values() if other.get("network_mode") == f"service:{name}"]
            (check,) = [one["healthcheck"]["test"][-1] for one in [service, *beside] if "healthcheck" in one]
            health = next(
                found["default"]
                for found in SETTING.finditer(written(service, root))
                if found["name"].endswith("HEALTH_PORT")
            )

            assert f":{health}" in check
