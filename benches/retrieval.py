#!/usr/bin/env python3
"""How well searches find: recall@10 and MRR of a running omp on collections with known answers, beside plain baselines.

    python3 benches/retrieval.py --loader FILE.py --sets locomo,locomo/observation,xquadr-en

The collections are not ours to pass on. The loader is a Python file with `load(name, unit=None)` that returns an object
with `memories` (dicts with `ns`, `eid`, `content`, `at`, `type`, `tags`, perhaps `session`) and `queries` (dicts with `ns`, `q`, `rel`:
the ids of the answers). All sets go into one fresh server, one setting for all of them, and each question is asked in
its namespace in every mode. Only Python's standard library is needed, and `cargo build --release -p omp`.
"""

import argparse
import importlib.util
import json
import math
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path

MODES = ["keyword", "semantic", "hybrid"]
LONGEST = 10_000  # characters of a memory


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as response:
        return json.load(response)


def start(omp, folder, database):
    """A server on a free port with an empty store."""
    store = ["--database", database] if database else ["--db", f"{folder}/memory.db"]
    command = [omp, "serve", "--port", "0", *store]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return server, server.stdout.readline().strip()


def namespace(name, ns):
    return re.sub(r"[^a-z0-9_:-]", "-", f"{name}:{ns}".lower())[:100]


def load_into(url, name, data):
    """Imports a set; returns how many memories it became."""
    memories = []
    for number, memory in enumerate(data.memories):
        for part in range(0, max(1, len(memory["content"])), LONGEST):
            source = {"tool": "retrieval", "timestamp": memory["at"]}
            if memory.get("session"):
                source["session_id"] = memory["session"]
            digits = f"{abs(hash((name, number, part))) % 36**6:x}"[-8:]
            memories.append({
                "id": f"mem_{number:07d}{part // LONGEST:01d}{digits:0>8}"[:20], "content": memory["content"][part:part + LONGEST],
                "type": memory["type"], "source": source, "tags": [], "namespace": namespace(name, memory["ns"]),
                "created_at": memory["at"], "updated_at": memory["at"], "expires_at": None, "metadata": {"eid": memory["eid"]},
            })
    report = call(f"{url}/v1/import", {"omp_version": "0.1", "exported_at": "2026-01-01T00:00:00Z", "server": "x", "memories": memories})
    assert report["imported"] == len(memories), report
    return len(memories)


def wait_for_vectors(url):
    while True:
        state = call(f"{url}/v1/health").get("embedding")
        if state and state["active"] and state["waiting"] == 0:
            time.sleep(1)
            if call(f"{url}/v1/health")["embedding"]["waiting"] == 0:
                return
        time.sleep(0.5)


def score(ranked, relevant):
    """Recall@10 and reciprocal rank of a list of evidence ids, repeats dropped."""
    seen = []
    for ids in ranked:
        seen.extend(eid for eid in ids.split(",") if eid not in seen)
    found = sum(eid in seen[:10] for eid in relevant) / len(relevant)
    first = next((place for place, eid in enumerate(seen, 1) if eid in relevant), None)
    return found, 1 / first if first else 0.0


def words(text):
    return re.findall(r"\w+", text.lower())


def plain_bm25(memories):
    """The textbook: words as they are written, no stop words, no stems."""
    documents = [Counter(words(memory["content"])) for memory in memories]
    lengths = [sum(document.values()) for document in documents]
    mean = sum(lengths) / max(1, len(lengths))
    postings = defaultdict(list)
    for number, document in enumerate(documents):
        for word, count in document.items():
            postings[word].append((number, count))

    def search(question):
        scores = Counter()
        for word in set(words(question)):
            held = postings.get(word, [])
            idf = math.log(1 + (len(documents) - len(held) + 0.5) / (len(held) + 0.5))
            for number, count in held:
                scores[number] += idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * lengths[number] / mean))
        return [memories[number]["eid"] for number, _ in scores.most_common(50)]

    return search


def grep(memories):
    """Memories that contain most of the question's words as they are typed, the latest first among equals."""
    texts = [memory["content"].lower() for memory in memories]

    def search(question):
        asked = set(words(question))
        counts = [(sum(word in text for word in asked), number) for number, text in enumerate(texts)]
        best = sorted((found for found in counts if found[0]), reverse=True)[:50]
        return [memories[number]["eid"] for _, number in best]

    return search


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loader", required=True, type=Path)
    parser.add_argument("--sets", required=True, help="names with commas; name/unit for another unit")
    parser.add_argument("--omp", default="target/release/omp")
    parser.add_argument("--database", help="an empty PostgreSQL database in place of a file")
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.loader.parent))
    spec = importlib.util.spec_from_file_location("loader", arguments.loader)
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)

    with tempfile.TemporaryDirectory() as folder:
        server, url = start(arguments.omp, folder, arguments.database)
        try:
            sets = {}
            for name in arguments.sets.split(","):
                base, _, unit = name.partition("/")
                sets[name] = loader.load(base, unit=unit or None)
                count = load_into(url, name, sets[name])
                print(f"{name}: {count} memories, {len(sets[name].queries)} questions", file=sys.stderr)
            wait_for_vectors(url)
            print("| set | grep | BM25, plain | keyword | semantic | hybrid |\n|---|---|---|---|---|---|")
            for name, data in sets.items():
                print(f"| {name} | " + " | ".join(cells(url, name, data)) + " |", flush=True)
        finally:
            server.terminate()
            server.wait()


def cells(url, name, data):
    """Recall@10 / MRR of each column."""
    spaces = defaultdict(list)
    for memory in data.memories:
        spaces[memory["ns"]].append(memory)
    for baseline in (grep, plain_bm25):
        search = {ns: baseline(memories) for ns, memories in spaces.items()}
        yield mean([score(search[query["ns"]](query["q"]), query["rel"]) for query in data.queries])
    for mode in MODES:
        scores = []
        for query in data.queries:
            body = {"q": query["q"], "namespace": namespace(name, query["ns"]), "limit": 50, "mode": mode}
            answer = call(f"{url}/v1/memories/search", body)
            assert answer["mode_used"] == mode, answer.get("degraded")
            scores.append(score([memory["metadata"]["eid"] for memory in answer["memories"]], query["rel"]))
        yield mean(scores)


def mean(scores):
    recall, rank = (sum(column) / len(scores) for column in zip(*scores))
    return f"{recall:.3f} / {rank:.3f}"


if __name__ == "__main__":
    main()
