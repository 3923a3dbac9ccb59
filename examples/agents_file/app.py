"""
Run the agent of sourcing.py, which is recorded without a line about it.

    ORCHESTRACE_AGENTS=agents.yaml opentelemetry-instrument python app.py
"""

from __future__ import annotations

from anthropic import Anthropic
from openai import OpenAI
from sourcing import Candidate, Job, SourcingEmailCrafterAgent


def main() -> None:
    """Write to one candidate."""
    agent = SourcingEmailCrafterAgent(openai=OpenAI(), anthropic=Anthropic())
    print(agent.run(Candidate("Ada Nakamura", "Osaka"), Job("job-417", "Compiler Engineer")))


if __name__ == "__main__":
    main()
