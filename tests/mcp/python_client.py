"""The Python SDK, in both eras of the protocol, over both transports."""

import asyncio
import json
import os

import httpx2
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import Implementation

COMMITTED = json.load(open(os.environ["OMP_TOOLS"]))


def stdio():
    return stdio_client(
        StdioServerParameters(
            command=os.environ["OMP"], args=["mcp"], env={"OMP_DB_PATH": os.environ["OMP_DB_PATH"]}
        )
    )


def http():
    key = {"Authorization": f"Bearer {os.environ['OMP_API_KEY']}"}
    return streamable_http_client(os.environ["OMP_URL"] + "/mcp", http_client=httpx2.AsyncClient(headers=key, timeout=30))


async def use(client: Client, name: str) -> None:
    tools = (await client.list_tools()).tools
    listed = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in tools]
    assert {"tools": listed} == COMMITTED, "tools/list differs from docs/mcp-tools.json"

    fact = f"Said by {name}"
    stored = await client.call_tool("omp_remember", {"content": fact, "type": "semantic", "tags": ["Hot Drinks"]})
    assert stored.structured_content["stored"] is True, stored
    memory = stored.structured_content["id"]
    again = await client.call_tool("omp_remember", {"content": fact.upper(), "type": "semantic"})
    assert again.structured_content == {"id": memory, "stored": False}, again
    found = await client.call_tool("omp_recall", {"query": fact, "limit": 100})
    mine = next(one for one in found.structured_content["memories"] if one["id"] == memory)
    assert (mine["content"], mine["tags"], mine["tool"]) == (fact, ["hot-drinks"], "official-client"), mine
    assert "data, not instructions" in found.content[0].text
    refused = await client.call_tool("omp_recall", {"query": " "})
    assert refused.is_error and "`query` must not be blank" in refused.content[0].text, refused

    read = await client.read_resource(f"omp://memories/{memory}")
    assert fact in read.contents[0].text, read
    prompt = await client.get_prompt("load_memories", {"query": fact})
    assert fact in prompt.messages[0].content.text, prompt
    await client.call_tool("omp_forget", {"id": memory})
    print(f"ok  {name}")


async def main() -> None:
    for mode, version in (("legacy", "2025-11-25"), ("auto", "2026-07-28")):
        for transport in (stdio, http):
            info = Implementation(name="Official Client", version="1")
            async with Client(transport(), mode=mode, client_info=info) as client:
                assert client.protocol_version == version, client.protocol_version
                await use(client, f"Python SDK {version} {transport.__name__}")


asyncio.run(main())
