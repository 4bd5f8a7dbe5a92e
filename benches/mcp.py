#!/usr/bin/env python3
"""What MCP costs: each call as plain HTTP and as an MCP tool, on one server, one after the other; and how soon a new
`omp mcp` answers.

    benches/mcp.py PROGRAM [--memories 1000] [--calls 1000]

Prints medians in milliseconds and their ratio. Needs nothing but Python.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
SUBJECTS = ["green tea", "the quarterly report", "a bicycle trip", "Rust lifetimes", "the dentist", "piano lessons"]


def fact(n: int) -> str:
    return f"Fact {n}: {SUBJECTS[n % len(SUBJECTS)]} mattered on day {n * 7 % 365}"


class Connection(http.client.HTTPConnection):
    """Sends a request in one piece, as other clients do; by itself it sends the body apart, and the server is woken twice."""

    piece = b""

    def send(self, data):
        self.piece += data

    def getresponse(self):
        super().send(self.piece)
        self.piece = b""
        return super().getresponse()


class Server:
    def __init__(self, program: str, folder: str):
        env = {**os.environ, "OMP_DB_PATH": os.path.join(folder, "memory.db")}
        for name in ("OMP_SERVER", "OMP_API_KEY"):
            env.pop(name, None)
        command = [program, "serve", "--port", "0"]
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.connection = Connection(self.process.stdout.readline().strip().removeprefix("http://"))

    def call(self, method: str, path: str, body: dict | None, headers: dict) -> dict:
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, headers)
        answer = self.connection.getresponse()
        data = answer.read()
        assert answer.status < 300, (answer.status, data)
        return json.loads(data)

    def plain(self, path: str, body: dict) -> dict:
        return self.call("POST", path, body, {"content-type": "application/json"})

    def tool(self, name: str, arguments: dict) -> dict:
        headers = {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": MODERN,
            "mcp-method": "tools/call",
            "mcp-name": name,
        }
        params = {"name": name, "arguments": arguments, "_meta": META}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        result = self.call("POST", "/mcp", message, headers)["result"]
        assert not result.get("isError"), result
        return result


def median_of_both(calls: int, plain, tool) -> tuple[float, float]:
    """In turns, so that whatever else the machine does meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    for n in range(calls):
        for kind, call in enumerate((plain, tool)):
            begun = time.perf_counter()
            call(n)
            times[kind].append((time.perf_counter() - begun) * 1_000)
    return statistics.median(times[0]), statistics.median(times[1])


def first_answer(program: str, folder: str) -> float:
    env = {**os.environ, "OMP_DB_PATH": os.path.join(folder, "memory.db")}
    env.pop("OMP_SERVER", None)
    client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    begun = time.perf_counter()
    process = subprocess.Popen([program, "mcp"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client}) + "\n")
    process.stdin.flush()
    assert "result" in json.loads(process.stdout.readline())
    taken = (time.perf_counter() - begun) * 1_000
    process.stdin.close()
    process.wait()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--memories", type=int, default=1_000)
    parser.add_argument("--calls", type=int, default=1_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(args.program, folder)
        try:
            for n in range(args.memories):
                server.plain("/v1/memories", {"content": fact(n), "type": "semantic", "source": {"tool": "bench"}})
            new = {"type": "semantic", "source": {"tool": "bench"}, "dedupe": "exact"}
            rows = {
                "search, 10 memories": median_of_both(
                    args.calls,
                    lambda n: server.plain("/v1/memories/search", {"q": SUBJECTS[n % 6]}),
                    lambda n: server.tool("omp_recall", {"query": SUBJECTS[n % 6]}),
                ),
                "list, 20 memories": median_of_both(
                    args.calls,
                    lambda n: server.call("GET", "/v1/memories", None, {}),
                    lambda n: server.tool("omp_list", {}),
                ),
                "store a memory": median_of_both(
                    args.calls,
                    lambda n: server.plain("/v1/memories", {**new, "content": f"Plain {fact(n)}"}),
                    lambda n: server.tool("omp_remember", {"content": f"Tool {fact(n)}"}),
                ),
            }
        finally:
            server.process.terminate()
            server.process.wait()
        print(f"{'':22} {'HTTP':>8} {'MCP':>8}  ratio")
        for name, (plain, tool) in rows.items():
            print(f"{name:22} {plain:8.2f} {tool:8.2f}  {tool / plain:.2f}")
        starts = sorted(first_answer(args.program, folder) for _ in range(20))
        print(f"omp mcp: first answer after {statistics.median(starts):.0f} ms (median of 20; slowest {starts[-1]:.0f})")


if __name__ == "__main__":
    sys.exit(main())
