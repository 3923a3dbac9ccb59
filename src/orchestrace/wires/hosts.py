"""The hosts that answer model calls, and who answers there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

__all__ = ["HOSTS", "Row", "provider_among", "provider_at"]


@dataclass(frozen=True, slots=True)
class Row:
    """
    One host, and who answers there: a `gen_ai.provider.name` of the conventions, else the host's own name for itself.

    A `*` in a host stands for anything, once, also for nothing; never in the domain that somebody owns. `below` narrows
    the row to paths that hold it.
    """

    host: str
    provider: str
    below: str = ""


HOSTS: Final = (
    Row("api.openai.com", "openai"),
    Row("*.api.openai.com", "openai"),
    Row("api.anthropic.com", "anthropic"),
    # -- the clouds ---------------------------------------------------------------------------------------------------
    Row("*.openai.azure.com", "azure.ai.openai"),
    Row("*.openai.azure.us", "azure.ai.openai"),
    Row("*.cognitiveservices.azure.com", "azure.ai.openai"),
    Row("*.cognitiveservices.azure.us", "azure.ai.openai"),
    Row("*.ai.azure.com", "azure.ai.openai", below="/openai/"),
    Row("*.ai.azure.com", "azure.ai.inference"),
    Row("bedrock-runtime*.amazonaws.com", "aws.bedrock"),
    Row("bedrock-runtime*.amazonaws.com.cn", "aws.bedrock"),
    Row("bedrock-runtime*.api.aws", "aws.bedrock"),
    Row("bedrock-mantle*.api.aws", "aws.bedrock"),
    Row("aws-external-anthropic*.api.aws", "anthropic"),
    Row("claude.googleapis.com", "anthropic"),
    Row("generativelanguage.googleapis.com", "gcp.gemini"),
    Row("aiplatform*.googleapis.com", "gcp.vertex_ai"),
    Row("*-aiplatform.googleapis.com", "gcp.vertex_ai"),
    Row("*.ml.cloud.ibm.com", "ibm.watsonx.ai"),
    Row("inference.generativeai*.oraclecloud.com", "oci.generative_ai"),
    Row("*.databricks.com", "databricks"),
    Row("*.azuredatabricks.net", "databricks"),
    Row("*.snowflakecomputing.com", "snowflake", below="/cortex/"),
    Row("dashscope*.aliyuncs.com", "alibaba_cloud"),
    Row("ark*.volces.com", "volcengine"),
    Row("ark*.bytepluses.com", "byteplus"),
    Row("qianfan.baidubce.com", "baidu"),
    Row("api.hunyuan.cloud.tencent.com", "tencent"),
    # -- makers of models ---------------------------------------------------------------------------------------------
    Row("api.ai21.com", "ai21"),
    Row("api.aleph-alpha.com", "aleph_alpha"),
    Row("api.cohere.ai", "cohere"),
    Row("api.cohere.com", "cohere"),
    Row("api.deepseek.com", "deepseek"),
    Row("api.inceptionlabs.ai", "inception"),
    Row("api.jina.ai", "jina_ai"),
    Row("api.llama.com", "meta"),
    Row("api.minimax.io", "minimax"),
    Row("api.minimaxi.com", "minimax"),
    Row("api.mistral.ai", "mistral_ai"),
    Row("codestral.mistral.ai", "mistral_ai"),
    Row("api.moonshot.ai", "moonshot_ai"),
    Row("api.moonshot.cn", "moonshot_ai"),
    Row("api.perplexity.ai", "perplexity"),
    Row("api.reka.ai", "reka_ai"),
    Row("api.stepfun.com", "stepfun"),
    Row("api.upstage.ai", "upstage"),
    Row("api.voyageai.com", "voyage_ai"),
    Row("api.writer.com", "writer"),
    Row("api.x.ai", "x_ai"),
    Row("*.api.x.ai", "x_ai"),
    Row("api.z.ai", "z_ai"),
    Row("open.bigmodel.cn", "z_ai"),
    # -- who serves the models of others ------------------------------------------------------------------------------
    Row("*.api.baseten.co", "baseten"),
    Row("inference.baseten.co", "baseten"),
    Row("api.cerebras.ai", "cerebras"),
    Row("llm.chutes.ai", "chutes"),
    Row("api.cloudflare.com", "cloudflare", below="/ai/"),
    Row("api.deepinfra.com", "deepinfra"),
    Row("inference.do-ai.run", "digitalocean"),
    Row("api.featherless.ai", "featherless_ai"),
    Row("*.fireworks.ai", "fireworks_ai"),
    Row("api.friendli.ai", "friendli_ai"),
    Row("models.github.ai", "github"),
    Row("*.githubcopilot.com", "github"),
    Row("api.groq.com", "groq"),
    Row("*.inference.heroku.com", "heroku"),
    Row("router.huggingface.co", "huggingface"),
    Row("api-inference.huggingface.co", "huggingface"),
    Row("*.endpoints.huggingface.cloud", "huggingface"),
    Row("api.hyperbolic.xyz", "hyperbolic"),
    Row("api.inference.net", "inference_net"),
    Row("api.lambda.ai", "lambda_ai"),
    Row("api.studio.nebius.ai", "nebius"),
    Row("api.studio.nebius.com", "nebius"),
    Row("api.tokenfactory.nebius.com", "nebius"),
    Row("api.novita.ai", "novita_ai"),
    Row("*.api.nvidia.com", "nvidia"),
    Row("ollama.com", "ollama"),
    Row("*.endpoints.kepler.ai.cloud.ovh.net", "ovhcloud"),
    Row("api.parasail.io", "parasail"),
    Row("api.sambanova.ai", "sambanova"),
    Row("api.scaleway.ai", "scaleway"),
    Row("api.siliconflow.cn", "siliconflow"),
    Row("api.siliconflow.com", "siliconflow"),
    Row("api.together.ai", "together_ai"),
    Row("api.together.xyz", "together_ai"),
    Row("api.venice.ai", "venice_ai"),
    # -- gateways -----------------------------------------------------------------------------------------------------
    Row("gateway.ai.cloudflare.com", "cloudflare"),
    Row("ai-gateway.helicone.ai", "helicone"),
    Row("openrouter.ai", "openrouter"),
    Row("api.poe.com", "poe"),
    Row("api.portkey.ai", "portkey"),
    Row("router.requesty.ai", "requesty"),
    Row("ai-gateway.vercel.sh", "vercel"),
)
"""The hosts; the first row that fits counts. A host that is in none is read all the same, where its body tells."""


def provider_at(host: str, path: str) -> str | None:
    """Return who answers at a host, None if nobody knows; it comes in lower case and without its port."""
    return next((row.provider for row in _rows_of(host) if row.below in path), None)


def provider_among(host: str) -> str | None:
    """
    Return who answers at a host, whatever the path; of `*.domain`, who answers at a host below it. None: nobody known.

    A domain below which some hosts are a provider's and others anybody's (`*.elb.amazonaws.com`) is nobody's.
    """
    rows = (row for row in HOSTS if _meets(row.host, host[1:])) if host.startswith("*") else iter(_rows_of(host))
    return next((row.provider for row in rows), None)


def _meets(pattern: str, domain: str) -> bool:
    """Tell whether a domain, with its dot in front, holds all hosts that fit a pattern, or only such."""
    start, star, end = pattern.partition("*")
    return f".{pattern}".endswith(domain) or (bool(star) and not start and domain.endswith(end))


@lru_cache(maxsize=256)
def _rows_of(host: str) -> tuple[Row, ...]:
    return tuple(row for row in HOSTS if _fits(row.host, host))


def _fits(pattern: str, host: str) -> bool:
    start, star, end = pattern.partition("*")
    if not star:
        return host == pattern
    return len(host) >= len(start) + len(end) and host.startswith(start) and host.endswith(end)
