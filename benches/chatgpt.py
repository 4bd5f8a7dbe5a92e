"""Writes a made-up ChatGPT export of about so many megabytes: chatgpt.py MB FILE.json"""

import json
import random
import sys

WORDS = """time year people way day man thing woman life child world school state family student group country problem
hand part place case week company system program question work government number night point home water room mother area
money story fact month lot right study book eye job word business issue side kind head house service friend father power
hour game line end member law car city community name president team minute idea kid body information back parent face
others level office door health person art war history party result change morning reason research girl guy moment""".split()


def text(random, words):
    return " ".join(random.choice(WORDS) for _ in range(words)) + "."


def main():
    size, path = int(sys.argv[1]) << 20, sys.argv[2]
    r = random.Random(7)
    written = 0
    with open(path, "w", encoding="utf-8") as out:
        out.write("[")
        number = 0
        while written < size:
            start = 1_600_000_000 + number * 3600
            mapping, parent = {"root": {"id": "root", "message": None, "parent": None, "children": []}}, "root"
            for turn in range(r.randint(4, 60)):
                node = f"{r.getrandbits(128):032x}"
                role = "user" if turn % 2 == 0 else "assistant"
                said = text(r, r.randint(5, 60) if role == "user" else r.randint(50, 400))
                mapping[node] = {"id": node, "parent": parent, "children": [], "message": {
                    "id": node, "author": {"role": role, "name": None, "metadata": {}},
                    "create_time": start + turn * 10.5, "update_time": None,
                    "content": {"content_type": "text", "parts": [said]}, "status": "finished_successfully",
                    "end_turn": True, "weight": 1.0, "recipient": "all", "channel": None,
                    "metadata": {"model_slug": "gpt-5", "default_model_slug": "gpt-5", "request_id": f"{r.getrandbits(64):x}",
                                 "message_type": "next", "timestamp_": "absolute", "citations": [], "content_references": []}}}
                mapping[parent]["children"].append(node)
                parent = node
            conversation = {
                "title": text(r, 4), "create_time": float(start), "update_time": start + 900.25, "mapping": mapping,
                "moderation_results": [], "current_node": parent, "plugin_ids": None,
                "conversation_id": f"{r.getrandbits(128):032x}", "gizmo_id": None, "is_archived": False,
                "safe_urls": [], "default_model_slug": "gpt-5", "conversation_origin": None}
            line = json.dumps(conversation, ensure_ascii=False)
            out.write(("," if number else "") + line)
            written += len(line)
            number += 1
        out.write("]")
    print(f"{number} conversations, {written >> 20} MiB")


main()
