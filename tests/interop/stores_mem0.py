"""mem0's own model of a memory takes our items, and their hashes are the ones that it makes."""

import hashlib
import importlib.metadata
import json
import sys

from mem0.configs.base import MemoryItem

items = json.load(open(sys.argv[1]))["results"]
assert len(items) == 5, items
for item in items:
    memory = MemoryItem(**item)
    assert memory.memory == item["memory"] and memory.id, item
    assert memory.hash == hashlib.md5(memory.memory.encode()).hexdigest(), item
print(f"ok  mem0 {importlib.metadata.version('mem0ai')} takes what we write")
