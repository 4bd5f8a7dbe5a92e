#!/usr/bin/env python3
"""How well memories are extracted from conversations: precision, recall and repeats against published observations.

    python3 benches/extract.py --data locomo.json.gz [--provider rules] [--omp target/release/omp]

The collection (LoCoMo, CC BY-NC 4.0) is not ours to pass on. Each session of its two-person conversations is sent to
`POST /v1/extract` of a fresh server twice: once with the one speaker as the user, once with the other. Its observations say what
annotators thought worth keeping of a speaker, each with the turns that it was taken from. So

* a memory is *right* if the turn that it names as its evidence is one from which an observation of that speaker was taken;
* an observation is *found* if a memory names one of its turns;
* by *overlap*, both hold if a memory and an observation of the speaker share at least half of the content words of the
  shorter one (names and stop words do not count), whatever turn they name;
* a *repeat* is a stored memory that shares four fifths of its content words with another one of the same speaker.

Observations leave much out that is true and worth keeping, so precision is a lower bound. Any provider that the server knows can be
scored: set OMP_AI_PROVIDER, OMP_AI_API_KEY and so on, and leave --provider out. Only Python's standard library is needed.
"""

import argparse
import datetime
import gzip
import json
import re
import subprocess
import sys
import tempfile
import urllib.request

STOP = set(
    "a an the and or but of to in on at for with from by about as into is are was were be been being have has had do does did i me my we our "
    "you your he him his she her they them their it its this that these those not no so very really just also too can will would could should "
    "there here what when where who how which while if then than more most some any all".split()
)
DATE = re.compile(r"(\d+):(\d+) (am|pm) on (\d+) (\w+), (\d+)")
MONTHS = "january february march april may june july august september october november december".split()


def held_at(text):
    hour, minute, half, day, month, year = DATE.match(text).groups()
    hour = int(hour) % 12 + (12 if half == "pm" else 0)
    at = datetime.datetime(int(year), MONTHS.index(month.lower()) + 1, int(day), hour, int(minute))
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def words(text, names):
    """The content words of a text, without what endings add."""
    found = set()
    for word in re.findall(r"[a-z']+", text.lower()):
        word = word.split("'")[0]
        if word not in STOP and word not in names and len(word) > 1:
            found.add(re.sub(r"(ing|ed|es|s|ly)$", "", word) if len(word) > 4 else word)
    return found


def alike(a, b, share):
    return bool(a and b) and len(a & b) >= share * min(len(a), len(b))


def call(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=1800) as response:
        return json.load(response)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="LoCoMo's conversations: a list as JSON, packed or not")
    parser.add_argument("--omp", default="target/release/omp")
    parser.add_argument("--provider", help="what the request names; by default what the server is configured with")
    parser.add_argument("--show", type=int, default=0, help="print so many memories that are right and that are not")
    options = parser.parse_args()
    opener = gzip.open if options.data.endswith(".gz") else open
    with opener(options.data, "rt", encoding="utf-8") as file:
        conversations = json.load(file)
    folder = tempfile.TemporaryDirectory()
    command = [options.omp, "serve", "--port", "0", "--db", f"{folder.name}/memory.db", "--embedding-provider", "off"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = server.stdout.readline().strip()
        report(options, conversations, url)
    finally:
        server.terminate()
        server.wait()


def report(options, conversations, url):
    total = {"memories": 0, "observations": 0, "right": 0, "found": 0, "right_overlap": 0, "found_overlap": 0, "repeats": 0,
             "turns": 0, "unsupported": 0}
    samples = {True: [], False: []}
    for number, item in enumerate(conversations):
        talk = item["conversation"]
        speakers = [talk["speaker_a"], talk["speaker_b"]]
        names = {name.lower() for name in speakers}
        for speaker in speakers:
            kept = []
            for key in sorted(key for key in talk if re.fullmatch(r"session_\d+", key)):
                turns = [turn for turn in talk[key] if turn.get("text")]
                if not turns:
                    continue
                observed = item["observation"].get(f"{key}_observation", {}).get(speaker, [])
                gold = []
                for text, evidence in observed:
                    evidence = evidence if isinstance(evidence, list) else [evidence]
                    gold.append((words(text, names), {e.strip() for one in evidence for e in str(one).split(",")}))
                messages = [{"role": "user" if turn["speaker"] == speaker else "assistant", "content": turn["text"]}
                            for turn in turns]
                body = {"transcript": json.dumps(messages), "held_at": held_at(talk[f"{key}_date_time"]),
                        "namespace": f"c{number}:{speaker.lower()}"}
                if options.provider:
                    body["provider"] = options.provider
                answer = call(url + "/v1/extract", body)
                total["turns"] += sum(message["role"] == "user" for message in messages)
                total["unsupported"] += answer["unsupported"]
                total["observations"] += len(gold)
                memories = []
                for memory in answer["memories"]:
                    turn = turns[memory["metadata"]["evidence"]["message"]]["dia_id"]
                    memories.append((words(memory["content"], names), turn, memory["content"]))
                for content, turn, text in memories:
                    right = any(turn in evidence for _, evidence in gold)
                    samples[right].append(text)
                    total["memories"] += 1
                    total["right"] += right
                    total["right_overlap"] += any(alike(content, other, 0.5) for other, _ in gold)
                    total["repeats"] += any(alike(content, other, 0.8) and len(other) > 2 for other in kept)
                    kept.append(content)
                total["found"] += sum(any(turn in evidence for _, turn, _ in memories) for _, evidence in gold)
                total["found_overlap"] += sum(any(alike(content, other, 0.5) for content, _, _ in memories) for other, _ in gold)
    memories, observations = max(1, total["memories"]), max(1, total["observations"])
    scores = {
        "precision": total["right"] / memories, "recall": total["found"] / observations,
        "precision_overlap": total["right_overlap"] / memories, "recall_overlap": total["found_overlap"] / observations,
        "repeats": total["repeats"] / memories,
    }
    json.dump({**total, **{name: round(value, 3) for name, value in scores.items()}}, sys.stdout, indent=1)
    print()
    for right, texts in samples.items():
        for text in texts[:: max(1, len(texts) // max(1, options.show))][: options.show]:
            print("right" if right else "wrong", "|", text)


if __name__ == "__main__":
    main()
