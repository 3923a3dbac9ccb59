"""
A graph of LangGraph's: the nodes are decorated, the loop is the graph's own.

    python examples/guide/graph.py "a bug report"

There is no `iterations()` here: a generator that runs after an evaluator begins the next iteration by itself.
"""

from __future__ import annotations

import sys
from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from openai import OpenAI

import orchestrace


class State(TypedDict):
    """What the nodes hand on."""

    topic: str
    text: str
    feedback: str
    good: bool


@orchestrace.generator(inputs=["state.topic", "state.feedback"], read="text")
def write(state: State) -> dict[str, str]:
    """Draft; of the whole state, two fields are its inputs."""
    words = f"Summarise {state['topic']}. {state['feedback']}"
    answer = OpenAI().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": words}])
    return {"text": answer.choices[0].message.content or ""}


@orchestrace.evaluator(
    name="brevity", kind="code", inputs=["state.text"], read={"passed": "good", "feedback": "feedback"}
)
def review(state: State) -> dict[str, object]:
    """Judge; what the graph gets is read as a verdict, too."""
    good = len(state["text"]) < 60  # noqa: PLR2004 - a headline's length
    return {"good": good, "feedback": "" if good else "One line."}


def build() -> object:
    """Put the graph together."""
    graph = StateGraph(State)
    graph.add_node("write", write)
    graph.add_node("review", review)
    graph.add_edge(START, "write")
    graph.add_edge("write", "review")
    graph.add_conditional_edges("review", lambda state: END if state["good"] else "write")
    return graph.compile()


@orchestrace.agent(name="Summariser", key="topic")
def summarise(topic: str) -> str:
    """Run the graph."""
    final = build().invoke({"topic": topic, "text": "", "feedback": "", "good": False})
    return final["text"]


if __name__ == "__main__":
    orchestrace.configure("summaries")
    print(summarise(sys.argv[1]))
