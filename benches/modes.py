#!/usr/bin/env python3
"""Measures searches by words, by meaning and by both over HTTP, on one processor. See README.md.

    python3 benches/modes.py --sizes 1000,100000 --out modes.json
    python3 benches/modes.py --sizes 1000,1000000 --stand-in
    tests/postgres/run sh -c 'python3 benches/modes.py --sizes 100000 --stand-in --database "$OMP_TEST_DATABASE_URL"'

The built-in model takes some milliseconds a memory. With `--stand-in` an endpoint on this machine makes vectors of the same
shape that mean nothing, so that a million can be had: what a search costs does not depend on what vectors mean. With
`--database` a second server is over that PostgreSQL database, and each row is asked of both in turn.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import load

MODES = ("keyword", "semantic", "hybrid")
FILTERS = {"all": "", "10 %": "tag", "1 %": "namespace"}
DIMENSIONS = 384
# Of each row in each round. The server keeps the vectors of the last 1,000, so each question is new whenever its turn comes.
NEW = 2_000
# The published TypeScript server, a whole question among 100,000 memories, by words.
REFERENCE_MS = 199


class StandIn(BaseHTTPRequestHandler):
    """Speaks `POST /v1/embeddings`. Vectors come out of a pool, by the text."""

    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True
    pool: list[str] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        vectors = ",".join(f'{{"index":{n},"embedding":{self.pool[hash(t) % len(self.pool)]}}}' for n, t in enumerate(texts))
        answer = f'{{"model":"stand-in","data":[{vectors}]}}'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def stand_in():
    """Runs the endpoint in a process of its own and returns it with its address."""
    ready, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        return child, f"http://127.0.0.1:{int(os.read(ready, 16))}"
    rng = random.Random(7)
    for _ in range(2_000):
        # Two of them have a cosine of 0.2, so that a search leaves out about half of all, as with a model's.
        numbers = [rng.gauss(0.5, 1) for _ in range(DIMENSIONS)]
        length = sum(n * n for n in numbers) ** 0.5
        StandIn.pool.append("[" + ",".join(f"{n / length:.5f}" for n in numbers) + "]")
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    os.write(tell, str(server.server_port).encode())
    server.serve_forever()


class Server(load.Server):
    """`omp serve` with embeddings, over a file or a database."""

    def __init__(self, binary, folder, embedding, database=None):
        super().__init__(binary, folder)
        self.more = embedding | ({"OMP_DATABASE_URL": database} if database else {})

    def environment(self):
        environment = super().environment() | self.more
        if "OMP_DATABASE_URL" in environment:
            del environment["OMP_DB_PATH"]
        return environment

    def ask(self, body):
        return self.call("POST", "/v1/memories/search", json.dumps(body), {"Content-Type": "application/json"})

    def fill(self, export, size, meta):
        """Imports what is not there yet, has all of it embedded, and restarts the server; returns how soon the index was there."""
        self.start()
        if self.call("GET", "/v1/health")["memories_count"] != size:
            load.Runner(None, self, meta, self.folder).import_(export)
            load.say(f"{size}: imported")
        self.wait_for_vectors()
        # A new process, as after a night: the index is made by the first search.
        self.stop()
        self.start()
        begun = time.perf_counter()
        while self.ask({"q": meta["questions"][0], "mode": "hybrid"})["mode_used"] != "hybrid":
            time.sleep(0.05)
        # Over a database pgvector answers meanwhile; the index is there when nothing is being done any more.
        while self.more.get("OMP_DATABASE_URL") and self.is_busy():
            pass
        for mode in MODES:
            answer = self.ask({"q": meta["questions"][0], "mode": mode})
            load.check(answer["mode_used"] == mode and answer["memories"], f"{mode}: {json.dumps(answer)[:300]}")
        return time.perf_counter() - begun

    def is_busy(self):
        """Whether it works while nobody asks anything."""
        before = self.cpu()
        time.sleep(0.5)
        return self.cpu() - before > 0.1

    def wait_for_vectors(self):
        while True:
            state = self.call("GET", "/v1/health").get("embedding", {})
            if state and state["active"] and not state["waiting"]:
                return
            load.say(f"waiting for vectors: {json.dumps(state)}")
            time.sleep(10)


def new_questions(meta, seed):
    """Known ones, each with two words of others, and other ones for each seed."""
    known = meta["questions"]
    words = " ".join(known).replace("?", "").split()
    rng = random.Random(seed)
    return [f"{known[n % len(known)][:-1]} {rng.choice(words)} {rng.choice(words)}?" for n in range(NEW)]


def queries(meta, questions, mode, narrow):
    more = {"tag": {"tags": meta["tags"][:1]}, "namespace": {"namespace": meta["namespaces"][0]}}.get(narrow, {})
    bodies = ({"q": q, "limit": load.HITS, "mode": mode} | more for q in questions)
    return [f"POST /v1/memories/search {json.dumps(body)}" for body in bodies]


def rows_of(meta, round_):
    for mode in MODES:
        for label, narrow in FILTERS.items():
            row = f"{mode}, {label}"
            yield row, new_questions(meta, f"{row} {round_}"), mode, narrow
    for mode in ("semantic", "hybrid"):
        yield f"{mode}, all, asked before", meta["questions"][:1], mode, ""


def measure(args, size, servers):
    """Each row of each server, in turns."""
    export, meta_file, _ = load.prepared(args, size)
    meta = json.loads(meta_file.read_text())
    results = [{"size": size, "store": store, "rows": {}} for store in servers]
    try:
        for server, result in zip(servers.values(), results):
            result["index_s"] = server.fill(export, size, meta)
        for n in range(args.rounds):
            load.say(f"{size}: round {n + 1} of {args.rounds}")
            for name, questions, mode, narrow in rows_of(meta, n):
                for server, result in zip(servers.values(), results):
                    runner = load.Runner(args, server, meta, server.folder)
                    asked = queries(meta, questions, mode, narrow)
                    found = runner.requests(name, asked, 1, args.seconds, load.ONE_PROCESSOR)
                    result["rows"].setdefault(name, []).append(found)
        for server, result in zip(servers.values(), results):
            result["rows"] = {name: load.best(found) for name, found in result["rows"].items()}
            result["memory_mb"] = server.memory()["rss"]
        return results
    finally:
        for server in servers.values():
            server.stop(signal.SIGKILL)


def markdown(results):
    lines = ["| a whole question, p50 ms (p99) | " + " | ".join(f"{r['size']:,}, {r['store']}" for r in results) + " |",
             "|---|" + "---:|" * len(results)]
    for name in results[0]["rows"]:
        cells = [f"{r['rows'][name]['p50']:.2f} ({r['rows'][name]['p99']:.2f})" for r in results]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for r in results:
        keyword = r["rows"]["keyword, all"]["p50"]
        lines.append("")
        lines.append(
            f"{r['size']:,} memories, {r['store']}: {REFERENCE_MS / keyword:.0f} times the reference's {REFERENCE_MS} ms (at 100,000) "
            f"by words; the index of a new process after {r['index_s']:.1f} s; {r['memory_mb']:.0f} MB."
        )
    return "\n".join(lines) + "\n"


def main():
    here = load.HERE.parent / "target"
    parser = argparse.ArgumentParser(description="Measures searches in every mode over HTTP.")
    parser.add_argument("--omp", type=Path, default=here / "release" / "omp", help="the server (default: %(default)s)")
    parser.add_argument("--sizes", default="1000,100000", help="how many memories, with commas (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of every row (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=2, help="seconds of a round (default: %(default)s)")
    parser.add_argument("--stand-in", action="store_true", help="vectors of an endpoint that makes them up")
    parser.add_argument("--database", help="a PostgreSQL database, empty or of the same size, to be asked as well")
    parser.add_argument("--work", type=Path, default=here / "load", help="where data and stores go")
    parser.add_argument("--out", type=Path, help="write everything there, as JSON")
    args = parser.parse_args()
    if not args.omp.exists():
        parser.error(f"{args.omp} is not there; `cargo build --release` makes it")
    args.work.mkdir(parents=True, exist_ok=True)
    args.work = args.work.resolve()
    child, embedding = None, {"OMP_EMBEDDING_PROVIDER": "builtin"}
    if args.stand_in:
        child, url = stand_in()
        embedding = {"OMP_EMBEDDING_PROVIDER": "openai", "OMP_EMBEDDING_URL": url, "OMP_EMBEDDING_MODEL": "stand-in"}
    results = []
    try:
        for size in map(int, args.sizes.split(",")):
            # Vectors take long to make, so a store is kept for the next run.
            folder = args.work / f"modes-{size}{'-stand-in' if args.stand_in else ''}"
            folder.mkdir(exist_ok=True)
            servers = {"a file": Server(args.omp, folder, embedding)}
            if args.database:
                servers["PostgreSQL"] = Server(args.omp, folder, embedding, args.database)
            results.extend(measure(args, size, servers))
            if args.out:
                args.out.write_text(json.dumps(results, indent=1) + "\n")
    finally:
        if child:
            os.kill(child, signal.SIGKILL)
    print(markdown(results))


if __name__ == "__main__":
    try:
        main()
    except load.Failed as failure:
        sys.exit(f"failed: {failure}")
