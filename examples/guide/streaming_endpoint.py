"""
An endpoint that streams: the agent is an async generator, and a client that leaves early cancels it.

    python examples/guide/streaming_endpoint.py 8000
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI

import orchestrace

orchestrace.configure("chat-api")
app = FastAPI()
client = AsyncOpenAI()


@orchestrace.agent(name="Answerer", session="session")
async def answer(question: str, session: str) -> AsyncIterator[str]:  # noqa: ARG001 - the decorator reads it
    """Yield the answer as it comes."""
    asked = [{"role": "user", "content": question}]
    async with await client.chat.completions.create(model="gpt-4o", messages=asked, stream=True) as stream:
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content


@app.get("/answer")
async def endpoint(question: str, session: str) -> StreamingResponse:
    """Answer one question."""
    return StreamingResponse(answer(question, session), media_type="text/plain")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
