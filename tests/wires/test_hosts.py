from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrace.wires.hosts import HOSTS, provider_among, provider_at

CHATS = "/v1/chat/completions"
KNOWN = {
    "api.openai.com": "openai",
    "eu.api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "a.openai.azure.com": "azure.ai.openai",
    "a.cognitiveservices.azure.com": "azure.ai.openai",
    "a.services.ai.azure.com": "azure.ai.inference",
    "models.inference.ai.azure.com": "azure.ai.inference",
    "bedrock-runtime.us-east-1.amazonaws.com": "aws.bedrock",
    "bedrock-runtime-fips.us-gov-west-1.amazonaws.com": "aws.bedrock",
    "bedrock-mantle.us-east-1.api.aws": "aws.bedrock",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "europe-west4-aiplatform.googleapis.com": "gcp.vertex_ai",
    "aiplatform.us.rep.googleapis.com": "gcp.vertex_ai",
    "dashscope-intl.aliyuncs.com": "alibaba_cloud",
    "dashscope.aliyuncs.com": "alibaba_cloud",
    "integrate.api.nvidia.com": "nvidia",
    "models.github.ai": "github",
    "us-east-1.api.x.ai": "x_ai",
}


class TestProviderAt:
    @pytest.mark.parametrize("host", KNOWN)
    def test_a_host_says_who_answers(self, host: str) -> None:
        """A provider has one host or many of one pattern."""
        assert KNOWN[host] == provider_at(host, CHATS)

    @pytest.mark.parametrize("row", HOSTS, ids=lambda row: f"{row.host}{row.below}")
    def test_a_host_that_looks_alike_is_none(self, row: object) -> None:
        """Whoever owns a domain of a similar name is not taken for the provider."""
        host, below = row.host, row.below  # type: ignore[attr-defined] # a row of the table
        one = host.replace("*", "x.")
        fakes = [f"{one}.example.com", f"example.com.{one}.example.com", one.replace(".", "-"), f"{one}x"]
        fakes += [] if "*" in host else [f"evil{one}", f"evil.{one}"]
        fakes = [fake for fake in fakes if not fake.endswith((".api.openai.com", ".api.x.ai"))]

        assert [None] * len(fakes) == [provider_at(fake, f"{below}{CHATS}") for fake in fakes]

    @pytest.mark.parametrize(
        ("path", "provider"),
        [("/models/chat/completions", "azure.ai.inference"), ("/openai/v1/responses", "azure.ai.openai")],
    )
    def test_a_path_narrows_a_row(self, path: str, provider: str) -> None:
        """One host of Azure speaks two formats of model calls."""
        assert provider == provider_at("a.services.ai.azure.com", path)

    @pytest.mark.parametrize("host", ["api.cloudflare.com", "a.snowflakecomputing.com"])
    def test_a_path_that_no_row_holds_is_nobodys(self, host: str) -> None:
        """What else a host does is none of our business."""
        assert provider_at(host, "/v1/batches") is None


class TestHosts:
    def test_every_row_can_be_reached(self) -> None:
        """No row stands behind one that fits whatever it fits."""
        assert [row.provider for row in HOSTS] == [
            provider_at(row.host.replace("*", "x."), f"{row.below or '/'}v1") for row in HOSTS
        ]

    def test_a_pattern_ends_in_a_domain_that_somebody_owns(self) -> None:
        """What a pattern leaves open are names below a domain, never the domain itself."""
        ends = [row.host.partition("*")[2] for row in HOSTS if "*" in row.host]

        assert [] == [end for end in ends if end[0] not in ".-" or end.strip(".-").count(".") < 1]

    def test_document_says_the_same(self) -> None:
        """The table in docs/model-calls.md has every row."""
        text = (Path(__file__).parents[2] / "docs" / "model-calls.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `([\w.]+)` \| (.*) \|$", text.partition("## Hosts")[2], re.MULTILINE)
        written = {
            (host, provider, below)
            for provider, hosts in rows
            for host, below in re.findall(r"`([^`]+)`(?: below `([^`]+)`)?", hosts)
        }

        assert {(row.host, row.provider, row.below) for row in HOSTS} == written


class TestProviderAmong:
    @pytest.mark.parametrize("row", HOSTS, ids=lambda row: f"{row.host}{row.below}")
    def test_a_host_of_a_row_is_known_whatever_the_path(self, row: object) -> None:
        """Also one of whom only some paths are model calls."""
        assert provider_among(row.host.replace("*", "x")) is not None  # type: ignore[attr-defined] # a row of the table

    @pytest.mark.parametrize(
        "domain",
        [
            "*.com",
            "*.openai.com",
            "*.amazonaws.com",
            "*.azure.com",
            "*.mine.openai.azure.com",
            "*.mistral.ai",
            "*.x.ai",
        ],
    )
    def test_a_domain_that_holds_one_is_known(self, domain: str) -> None:
        """It would be told as well."""
        assert provider_among(domain) is not None

    @pytest.mark.parametrize(
        "host",
        ["billing.internal", "*.svc.cluster.local", "localhost", "*.elb.amazonaws.com", "*.lambda-url.on.aws", "x.ai"],
    )
    def test_others_are_nobodys(self, host: str) -> None:
        """A cloud's domain holds hosts of its customers, too."""
        assert provider_among(host) is None
