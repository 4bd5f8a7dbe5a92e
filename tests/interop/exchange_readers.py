"""The libraries of other tools read what was written for them, and agree on every text."""

import json

import mif
import portable_ai_memory as pam
from langgraph.store.memory import InMemoryStore
from portable_memory.importer import BundleImporter
from portable_memory.inmemory import InMemoryStore as Bundle

TEXTS = sorted(memory["content"] for memory in json.load(open("all.json"))["memories"])


def agree(name: str, texts: list[str]) -> None:
    assert sorted(texts) == TEXTS, f"{name}: {texts}"
    print(f"ok  {name}: {len(texts)} memories")


store = InMemoryStore()
items = json.load(open("m.langgraph.json"))
for item in items:
    store.put(tuple(item["namespace"]), item["key"], item["value"])
kept = [store.get(tuple(item["namespace"]), item["key"]) for item in items]
agree("LangGraph store", [one.value["content"] for one in kept])
# What the store gives back is read again as it was.
json.dump([one.dict() for one in kept], open("again.langgraph.json", "w"), default=str)

agree("mif-tools", [memory.content for memory in mif.load(open("m.mif.json").read()).memories])

found = pam.validate(pam.load("m.pam.json"))
assert found.is_valid, str(found)
agree("portable-ai-memory", [memory.content for memory in pam.load("m.pam.json").memories])

bundle = Bundle()
BundleImporter().import_bundle(bundle, "m.mem", reembed=False)
agree("portable-memory", [episode.details for episode in bundle.episodes.values()])
