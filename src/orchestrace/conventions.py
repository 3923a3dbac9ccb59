"""
Every name that stands on a span, with where it comes from and whether it holds content.

Sources: the OpenTelemetry GenAI conventions have no release; names are those of their repository's main branch
(open-telemetry/semantic-conventions-genai @6fd0d76, 2026-10-09; registry @0387091). `CORE` names are from the core
conventions 1.44.0, `OPENINFERENCE` names from the OpenInference specification, `OURS` are our own.

Redaction, stripping rules and documentation are generated from `NAMES` or tested against it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["NAMES", "SCHEMA_URL", "SCHEMA_VERSION", "Name"]

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev"
SCHEMA_VERSION: Final = "1"
"""Version of our own names; it stands on every span as `orchestrace.schema.version`."""

GENAI: Final = "gen-ai registry.yaml @0387091"
CORE: Final = "semantic conventions 1.44.0"
OPENINFERENCE: Final = "OpenInference semantic conventions"
OURS: Final = "orchestrace"
RELEASED: Final = "core 1.41.1, the last released GenAI text"


class Name(NamedTuple):
    """One attribute name: its key, the document that defines it, and whether its value is content."""

    key: str
    source: str
    content: bool = False


NAMES: Final[dict[str, Name]] = {}
"""All names by key. A key that ends in a dot is a prefix: `orchestrace.tag.` stands for every tag."""


def _name(key: str, source: str, *, content: bool = False) -> str:
    NAMES[key] = Name(key, source, content)
    return key


# -- what a span is ---------------------------------------------------------------------------------------------------
OPERATION_NAME: Final = _name("gen_ai.operation.name", GENAI)
PROVIDER_NAME: Final = _name("gen_ai.provider.name", GENAI)
SPAN_KIND: Final = _name("openinference.span.kind", OPENINFERENCE)
SCHEMA: Final = _name("orchestrace.schema.version", OURS)
ROLE: Final = _name("orchestrace.role", OURS)
ENDING: Final = _name("orchestrace.ending", OURS)
ERROR_TYPE: Final = _name("error.type", CORE)
SERVER_ADDRESS: Final = _name("server.address", CORE)
SERVER_PORT: Final = _name("server.port", CORE)
HTTP_STATUS: Final = _name("http.response.status_code", CORE)

# -- input and output of our own spans --------------------------------------------------------------------------------
INPUT_VALUE: Final = _name("input.value", OPENINFERENCE, content=True)
INPUT_MIME_TYPE: Final = _name("input.mime_type", OPENINFERENCE)
OUTPUT_VALUE: Final = _name("output.value", OPENINFERENCE, content=True)
OUTPUT_MIME_TYPE: Final = _name("output.mime_type", OPENINFERENCE)

# -- a model call -----------------------------------------------------------------------------------------------------
REQUEST_MODEL: Final = _name("gen_ai.request.model", GENAI)
REQUEST_MAX_TOKENS: Final = _name("gen_ai.request.max_tokens", GENAI)
REQUEST_TEMPERATURE: Final = _name("gen_ai.request.temperature", GENAI)
REQUEST_TOP_P: Final = _name("gen_ai.request.top_p", GENAI)
REQUEST_TOP_K: Final = _name("gen_ai.request.top_k", GENAI)
REQUEST_SEED: Final = _name("gen_ai.request.seed", GENAI)
REQUEST_STOP_SEQUENCES: Final = _name("gen_ai.request.stop_sequences", GENAI)
REQUEST_FREQUENCY_PENALTY: Final = _name("gen_ai.request.frequency_penalty", GENAI)
REQUEST_PRESENCE_PENALTY: Final = _name("gen_ai.request.presence_penalty", GENAI)
REQUEST_CHOICE_COUNT: Final = _name("gen_ai.request.choice.count", GENAI)
REQUEST_STREAM: Final = _name("gen_ai.request.stream", GENAI)
REQUEST_STREAM_CURSOR: Final = _name("gen_ai.request.stream_cursor", GENAI)
REQUEST_REASONING_LEVEL: Final = _name("gen_ai.request.reasoning.level", GENAI)
REQUEST_PREVIOUS_RESPONSE_ID: Final = _name("gen_ai.request.previous_response.id", GENAI)
REQUEST_ENCODING_FORMATS: Final = _name("gen_ai.request.encoding_formats", GENAI)
REQUEST_BATCH_SIZE: Final = _name("orchestrace.request.batch_size", OURS)
EMBEDDINGS_DIMENSION_COUNT: Final = _name("gen_ai.embeddings.dimension.count", GENAI)
REQUEST_PARAMETERS: Final = _name("orchestrace.request.parameters", OURS, content=True)
OUTPUT_TYPE: Final = _name("gen_ai.output.type", GENAI)
SYSTEM_INSTRUCTIONS: Final = _name("gen_ai.system_instructions", GENAI, content=True)
INPUT_MESSAGES: Final = _name("gen_ai.input.messages", GENAI, content=True)
OUTPUT_MESSAGES: Final = _name("gen_ai.output.messages", GENAI, content=True)
TOOL_DEFINITIONS: Final = _name("gen_ai.tool.definitions", GENAI, content=True)
RESPONSE_ID: Final = _name("gen_ai.response.id", GENAI)
RESPONSE_MODEL: Final = _name("gen_ai.response.model", GENAI)
RESPONSE_STATUS: Final = _name("gen_ai.response.status", GENAI)
RESPONSE_FINISH_REASONS: Final = _name("gen_ai.response.finish_reasons", GENAI)
RESPONSE_RAW_FINISH_REASONS: Final = _name("orchestrace.response.finish_reasons", OURS)
RESPONSE_TIME_TO_FIRST_CHUNK: Final = _name("gen_ai.response.time_to_first_chunk", GENAI)
RESPONSE_FLAGGED: Final = _name("orchestrace.response.flagged", OURS)
RESPONSE_FLAGGED_CATEGORIES: Final = _name("orchestrace.response.flagged_categories", OURS)
RESPONSE_INPUT_TOKENS: Final = _name("orchestrace.response.input_tokens", OURS)
RESPONSE_USAGE: Final = _name("orchestrace.response.usage", OURS)
RESPONSE_CHUNKS: Final = _name("orchestrace.response.chunks", OURS)
RESPONSE_BODY: Final = _name("orchestrace.response.body", OURS, content=True)
USAGE_INPUT_TOKENS: Final = _name("gen_ai.usage.input_tokens", GENAI)
USAGE_OUTPUT_TOKENS: Final = _name("gen_ai.usage.output_tokens", GENAI)
USAGE_CACHE_READ: Final = _name("gen_ai.usage.cache_read.input_tokens", GENAI)
USAGE_CACHE_WRITE: Final = _name("gen_ai.usage.cache_write.input_tokens", GENAI)
USAGE_CACHE_CREATION: Final = _name("gen_ai.usage.cache_creation.input_tokens", "core 1.41.1; Jaeger 2.20 reads it")
USAGE_REASONING: Final = _name("gen_ai.usage.reasoning.output_tokens", GENAI)
TOKEN_MODALITY: Final = _name("gen_ai.token.modality", GENAI)
TOKEN_TYPE: Final = _name("gen_ai.token.type", RELEASED)
ATTEMPTS: Final = _name("orchestrace.attempts", OURS)
COST: Final = _name("orchestrace.cost.usd", OURS)
COST_REASON: Final = _name("orchestrace.cost.reason", OURS)
COST_SOURCE: Final = _name("orchestrace.cost.source", OURS)
OPENAI_API_TYPE: Final = _name("openai.api.type", GENAI)
OPENAI_REQUEST_SERVICE_TIER: Final = _name("openai.request.service_tier", GENAI)
OPENAI_RESPONSE_SERVICE_TIER: Final = _name("openai.response.service_tier", GENAI)
OPENAI_SYSTEM_FINGERPRINT: Final = _name("openai.response.system_fingerprint", GENAI)

INFERENCE_DETAILS_EVENT: Final = "gen_ai.client.inference.operation.details"
CLIENT_EXCEPTION_EVENT: Final = "gen_ai.client.operation.exception"

# -- prompts and examples ---------------------------------------------------------------------------------------------
PROMPT_NAME: Final = _name("gen_ai.prompt.name", GENAI)
PROMPT_VERSION: Final = _name("gen_ai.prompt.version", GENAI)
PROMPT_HASH: Final = _name("orchestrace.prompt.hash", OURS)
PROMPT_TEMPLATE: Final = _name("orchestrace.prompt.template", OURS, content=True)
PROMPT_VARIABLES: Final = _name("orchestrace.prompt.variables", OURS, content=True)
PROMPTS_PREFIX: Final = _name("orchestrace.prompts.", OURS)
FEW_SHOT: Final = _name("orchestrace.few_shot", OURS, content=True)
FEW_SHOT_HASH: Final = _name("orchestrace.few_shot.hash", OURS)
FEW_SHOT_MESSAGES: Final = _name("orchestrace.few_shot.messages", OURS, content=True)

# -- agents, tools, retrieval, workflows ------------------------------------------------------------------------------
AGENT_NAME: Final = _name("gen_ai.agent.name", GENAI)
AGENT_VERSION: Final = _name("gen_ai.agent.version", GENAI)
AGENT_DESCRIPTION: Final = _name("gen_ai.agent.description", GENAI)
AGENT_CONFIG: Final = _name("orchestrace.agent.config", OURS, content=True)
AGENT_CONFIG_HASH: Final = _name("orchestrace.agent.config_hash", OURS)
WORKFLOW_NAME: Final = _name("gen_ai.workflow.name", GENAI)
TOOL_NAME: Final = _name("gen_ai.tool.name", GENAI)
TOOL_TYPE: Final = _name("gen_ai.tool.type", GENAI)
TOOL_DESCRIPTION: Final = _name("gen_ai.tool.description", GENAI)
TOOL_CALL_ID: Final = _name("gen_ai.tool.call.id", GENAI)
TOOL_CALL_ARGUMENTS: Final = _name("gen_ai.tool.call.arguments", GENAI, content=True)
TOOL_CALL_RESULT: Final = _name("gen_ai.tool.call.result", GENAI, content=True)
DATA_SOURCE_ID: Final = _name("gen_ai.data_source.id", GENAI)
RETRIEVAL_QUERY: Final = _name("gen_ai.retrieval.query.text", GENAI, content=True)
RETRIEVAL_DOCUMENTS: Final = _name("gen_ai.retrieval.documents", GENAI, content=True)

# -- iterations and how a run ended -----------------------------------------------------------------------------------
ITERATION_INDEX: Final = _name("orchestrace.iteration.index", OURS)
ITERATION_INFERRED: Final = _name("orchestrace.iteration.inferred", OURS)
ITERATIONS: Final = _name("orchestrace.iterations", OURS)
ACCEPTED: Final = _name("orchestrace.accepted", OURS)
ACCEPTED_ITERATION: Final = _name("orchestrace.accepted_iteration", OURS)
STOP_REASON: Final = _name("orchestrace.stop_reason", OURS)
STOP_DETAIL: Final = _name("orchestrace.stop_detail", OURS, content=True)
SCORE: Final = _name("orchestrace.score", OURS)
SCORES: Final = _name("orchestrace.scores", OURS)
FEEDBACK: Final = _name("orchestrace.feedback", OURS, content=True)
SUMMARY: Final = _name("orchestrace.summary", OURS, content=True)

# -- sums over the model calls inside, never on the calls themselves: so that nobody counts twice ---------------------
SUM_PREFIX: Final = _name("orchestrace.usage.", OURS)
SUM_CALLS: Final = _name("orchestrace.usage.calls", OURS)
SUM_DURATION: Final = _name("orchestrace.usage.duration", OURS)
SUM_COST: Final = _name("orchestrace.usage.cost.usd", OURS)
SUM_COST_REASON: Final = _name("orchestrace.usage.cost.reason", OURS)
SUM_COST_UNKNOWN: Final = _name("orchestrace.usage.cost.unknown_calls", OURS)
SUM_COST_UNTIL_ACCEPTED: Final = _name("orchestrace.usage.cost.until_accepted", OURS)

# -- evaluations ------------------------------------------------------------------------------------------------------
EVALUATION_NAME: Final = _name("gen_ai.evaluation.name", GENAI)
EVALUATION_SCORE: Final = _name("gen_ai.evaluation.score.value", GENAI)
EVALUATION_LABEL: Final = _name("gen_ai.evaluation.score.label", GENAI)
EVALUATION_EXPLANATION: Final = _name("gen_ai.evaluation.explanation", GENAI, content=True)
EVALUATION_PASSED: Final = _name("orchestrace.evaluation.passed", OURS)
EVALUATIONS: Final = _name("orchestrace.evaluations", OURS, content=True)
EVALUATOR_NAME: Final = _name("orchestrace.evaluator.name", OURS)
EVALUATOR_VERSION: Final = _name("orchestrace.evaluator.version", OURS)
EVALUATOR_KIND: Final = _name("orchestrace.evaluator.kind", OURS)
EVALUATOR_RUBRIC: Final = _name("orchestrace.evaluator.rubric", OURS, content=True)
EVALUATOR_RUBRIC_HASH: Final = _name("orchestrace.evaluator.rubric_hash", OURS)

EVALUATION_RESULT_EVENT: Final = "gen_ai.evaluation.result"
"""GenAI events.yaml @0387091, as those of a model call."""

# -- outcomes ---------------------------------------------------------------------------------------------------------
OUTCOME_PREFIX: Final = "orchestrace.outcome."
OUTCOME_NAME: Final = _name("orchestrace.outcome.name", OURS)
OUTCOME_VALUE: Final = _name("orchestrace.outcome.value", OURS, content=True)
OUTCOME_AT: Final = _name("orchestrace.outcome.at", OURS)
OUTCOME_SOURCE: Final = _name("orchestrace.outcome.source", OURS)
OUTCOME_RATER: Final = _name("orchestrace.outcome.rater", OURS)
OUTCOME_COMMENT: Final = _name("orchestrace.outcome.comment", OURS, content=True)
OUTCOME_CORRECTION: Final = _name("orchestrace.outcome.correction", OURS, content=True)
OUTCOME_CORRECTS: Final = _name("orchestrace.outcome.corrects", OURS)

# -- identity, inherited by every descendant --------------------------------------------------------------------------
KEY: Final = _name("orchestrace.key", OURS)
CONVERSATION_ID: Final = _name("gen_ai.conversation.id", GENAI)
CONVERSATION_COMPACTED: Final = _name("gen_ai.conversation.compacted", GENAI)
SESSION_ID: Final = _name("session.id", CORE)
USER_ID: Final = _name("user.id", CORE)
TENANT: Final = _name("orchestrace.tenant", OURS)
TAG_PREFIX: Final = _name("orchestrace.tag.", OURS)
EXPERIMENT_PREFIX: Final = _name("orchestrace.experiment.", OURS)

# -- exceptions, as span events ---------------------------------------------------------------------------------------
EXCEPTION_TYPE: Final = _name("exception.type", CORE)
EXCEPTION_MESSAGE: Final = _name("exception.message", CORE, content=True)
EXCEPTION_STACKTRACE: Final = _name("exception.stacktrace", CORE, content=True)

EXCEPTION_EVENT: Final = "exception"

# -- what was cut -----------------------------------------------------------------------------------------------------
TRUNCATED: Final = _name("orchestrace.truncated", OURS)

# -- metrics: GenAI metrics.yaml and token-metrics.yaml @066d4a7 ------------------------------------------------------
INFERENCE_DURATION: Final = "gen_ai.client.inference.duration"
TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.inference.time_to_first_chunk"
TIME_PER_OUTPUT_CHUNK: Final = "gen_ai.client.inference.time_per_output_chunk"
INFERENCE_USAGE_INPUT: Final = "gen_ai.client.inference.usage.input_tokens"
INFERENCE_USAGE_OUTPUT: Final = "gen_ai.client.inference.usage.output_tokens"
INFERENCE_USAGE_CACHE_READ: Final = "gen_ai.client.inference.usage.cache_read.input_tokens"
INFERENCE_USAGE_CACHE_WRITE: Final = "gen_ai.client.inference.usage.cache_write.input_tokens"
INFERENCE_USAGE_REASONING: Final = "gen_ai.client.inference.usage.reasoning.output_tokens"
INFERENCE_INPUT_TOKENS: Final = "gen_ai.client.inference.operation.input_tokens"
INFERENCE_OUTPUT_TOKENS: Final = "gen_ai.client.inference.operation.output_tokens"
OPERATION_DURATION: Final = "gen_ai.client.operation.duration"
INVOKE_AGENT_DURATION: Final = "gen_ai.invoke_agent.duration"
INVOKE_AGENT_INFERENCE_CALLS: Final = "gen_ai.invoke_agent.inference_calls"
INVOKE_AGENT_TOOL_CALLS: Final = "gen_ai.invoke_agent.tool_calls"
INVOKE_WORKFLOW_DURATION: Final = "gen_ai.invoke_workflow.duration"
EXECUTE_TOOL_DURATION: Final = "gen_ai.execute_tool.duration"

# -- metrics: core 1.41.1, gone since ---------------------------------------------------------------------------------
USAGE_OF_TOKENS: Final = "gen_ai.client.token.usage"
OPERATION_TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
OPERATION_TIME_PER_OUTPUT_CHUNK: Final = "gen_ai.client.operation.time_per_output_chunk"

# -- metrics of our own -----------------------------------------------------------------------------------------------
SPANS_ENDED: Final = "orchestrace.spans.ended"
SPANS_DELIVERED: Final = "orchestrace.spans.delivered"
SPANS_WAITING: Final = "orchestrace.spans.waiting"
SPANS_REFUSED: Final = "orchestrace.spans.refused"
SPANS_DROPPED: Final = "orchestrace.spans.dropped"
DROP_REASON: Final = "orchestrace.drop.reason"
INVOCATIONS: Final = "orchestrace.invocations"
INVOCATION_ITERATIONS: Final = "orchestrace.invocation.iterations"
EVALUATION_SCORES: Final = "orchestrace.evaluation.score"
OUTCOMES: Final = "orchestrace.outcomes"
