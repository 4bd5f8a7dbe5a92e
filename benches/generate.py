#!/usr/bin/env python3
"""Makes an Open Memory Protocol export of N memories, the same for the same N and seed on every machine.

    generate.py 100000 memories.json

Beside it goes `memories.json.meta`: what a load run asks for (ids, tags, namespaces, rare words, questions, bodies of
new memories), so that every question has an answer in the export.

The texts are English-like prose of about 200 characters: sentences of words whose frequencies follow Zipf's law, the
commonest of them real English, the rest built from syllables, with endings. One memory a line, so that other tools
can read the file without a JSON parser.
"""

import argparse
import bisect
import itertools
import json
import random
import sys
from datetime import datetime, timedelta, timezone

# By falling frequency, as in written English.
FUNCTION_WORDS = """
the of and to a in is that it was for on with as he be by at have are this not but had from or they she we you an
were her his which one been has there all when their if who will more no out so what up said its about than into them
can only other time new some could these two may then do first any my now such like our over me even most made after
also did many off before must well back through years where much your way down should because long each just state
those people too little very make still own see men work here get between both under never day same another know while
""".split()
CONTENT_WORDS = """
server meeting project database deadline customer budget release design report review kitchen garden doctor school
flight ticket hotel invoice contract password backup printer laptop keyboard monitor battery charger camera phone
email message calendar schedule reminder birthday wedding holiday weekend morning evening breakfast lunch dinner coffee
recipe bread cheese tomato pepper garlic onion chicken salmon pasta potato apple orange lemon banana chocolate sugar
doctor dentist medicine allergy headache vaccine hospital pharmacy insurance mortgage landlord neighbour apartment
bedroom window carpet furniture bicycle train station airport passport luggage museum theatre concert guitar piano
violin library novel author chapter painting photograph mountain river forest island beach winter summer autumn spring
python function variable compiler parser pointer memory thread process socket protocol packet router firewall cluster
container deployment pipeline repository branch commit merge refactor migration schema index query cache latency
throughput benchmark profiler debugger editor terminal script shell package library framework interface component
module template config logging metric dashboard alert incident outage postmortem runbook oncall ticket backlog sprint
roadmap milestone proposal feedback interview candidate manager colleague intern mentor salary bonus promotion training
workshop conference keynote slide audience question answer summary decision agreement argument opinion preference habit
favourite language spanish german french russian japanese grammar vocabulary accent translation dictionary essay letter
physics chemistry biology algebra geometry statistics theorem experiment hypothesis telescope microscope satellite
planet galaxy gravity energy voltage current resistor sensor motor engine bridge tunnel concrete timber copper silver
running swimming climbing football tennis marathon stretching yoga sleep exercise calories protein vitamin weight
daughter brother sister cousin uncle grandmother husband partner friend puppy kitten rabbit parrot veterinary
alice martin sofia daniel yuki priya carlos elena thomas ingrid ahmed fatima oliver hannah marco nadia
prefers decided measured wanted promised borrowed repaired installed upgraded cancelled postponed finished started
learned forgot remembered noticed compared estimated replaced removed renamed documented tested deployed reviewed
faster slower cheaper quiet bright narrow heavy fragile reliable obsolete temporary permanent private public optional
""".split()
SYLLABLES = """
ba be bi bo bra bre ca ce co cra da de di do dra dri fa fe fi flo fra ga ge gla gra ha he ho in ja jo ka ke ki la le li
lo lu ma me mi mo mu na ne ni no pa pe pi pla po pra qui ra re ri ro ru sa se si sla so sta ste stri su ta te ti to tra
tre tu un va ve vi vo wa we wi wo ya ze zo
""".split()
CODAS = ["", "n", "r", "l", "s", "t", "nd", "rk", "st", "m", "ck", "p"]
ENDINGS = ["", "", "", "s", "s", "ed", "ing", "er", "ly", "ness"]
VOCABULARY = 40_000
RARE_WORDS = 16
RARE_EACH = 3

TOOLS = (["claude-code", "cursor", "chatgpt", "omp-cli", "notebook"], [40, 25, 20, 10, 5])
TYPES = (["semantic", "episodic", "procedural"], [60, 25, 15])
# Three large namespaces, forty of one in a hundred each; the rest have none.
NAMESPACES = (["work", "home", "research", *(f"project-{n:02}" for n in range(1, 41)), None], [20, 12, 8, *[1] * 40, 20])
TAGS = 400
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
FIRST_DAY = datetime(2024, 1, 1, tzinfo=timezone.utc)
DAYS = 700


def vocabulary(rng):
    """Distinct words by falling frequency, and their running Zipf weights."""
    words = list(dict.fromkeys(FUNCTION_WORDS))
    content = [w for w in dict.fromkeys(CONTENT_WORDS) if w not in set(words)]
    rng.shuffle(content)
    words += content
    known = set(words)
    while len(words) < VOCABULARY:
        stem = "".join(rng.choices(SYLLABLES, k=rng.choice((1, 2, 2, 2, 3)))) + rng.choice(CODAS)
        word = stem + rng.choice(ENDINGS)
        if word not in known:
            known.add(word)
            words.append(word)
    weights = [(rank + 2.7) ** -1.1 for rank in range(1, len(words) + 1)]
    return words, list(itertools.accumulate(weights))


def rare_words(rng):
    """Words that no other text has: no syllable above contains an x."""
    return ["xeno" + "".join(rng.choices(SYLLABLES, k=3)) + "x" for _ in range(RARE_WORDS)]


class Prose:
    """Texts of about 200 characters, cut out of long runs of words."""

    RUN = 200_000

    def __init__(self, rng):
        self.rng = rng
        self.words, self.weights = vocabulary(rng)
        self.run, self.at = [], 0

    def take(self, count):
        if self.at + count > len(self.run):
            self.run = self.rng.choices(self.words, cum_weights=self.weights, k=self.RUN)
            self.at = 0
        self.at += count
        return self.run[self.at - count : self.at]

    def text(self):
        words = self.take(40)
        break_1, break_2 = 8 + int(self.rng.random() * 7), 20 + int(self.rng.random() * 7)
        end = 33 + int(self.rng.random() * 7)
        first, second, third = words[:break_1], words[break_1:break_2], words[break_2:end]
        return f"{' '.join(first).capitalize()}. {' '.join(second).capitalize()}, {' '.join(third)}."


def stamp(milliseconds):
    return (FIRST_DAY + timedelta(milliseconds=milliseconds)).strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03}Z"


class Stamps:
    """`stamp`, with the slow part done once a minute."""

    def __init__(self):
        self.minutes = {}

    def __call__(self, milliseconds):
        minute, rest = divmod(milliseconds, 60_000)
        prefix = self.minutes.get(minute)
        if prefix is None:
            prefix = self.minutes[minute] = stamp(minute * 60_000)[:17]
        return f"{prefix}{rest // 1000:02}.{rest % 1000:03}Z"


def common(words, skip):
    return [w.strip(".,").lower() for w in words.split() if w.strip(".,").lower() not in skip]


def questions(rng, texts, rank):
    """Whole questions, five words of a text in each: its commonest but for stop words, one of middling
    frequency, one rare. As with real questions, some words of the frame count too."""
    frames = [
        "What did we decide about the {} {} and why was the {} {} by {}?",
        "When was it that {} and {} had a problem with the {} of {} {}?",
        "How do I get the {} {} to work with {} after {} the {}?",
        "Which {} did they say {} was for the {} {} at {}?",
    ]
    function = set(FUNCTION_WORDS)
    out = []
    for text in texts:
        words = sorted(dict.fromkeys(common(text, function)), key=lambda w: rank.get(w, 1 << 30))
        if len(words) < 8:
            continue
        chosen = [words[0], words[1], words[3], words[len(words) // 2], words[-2]]
        rng.shuffle(chosen)
        out.append(rng.choice(frames).format(*chosen))
    return out


def pairs(texts, rank):
    """Two words of a text, one of them common."""
    function = set(FUNCTION_WORDS)
    out = []
    for text in texts:
        words = sorted(dict.fromkeys(common(text, function)), key=lambda w: rank.get(w, 1 << 30))
        if len(words) >= 6:
            out.append(f"{words[1]} {words[len(words) // 2]}")
    return out


def generate(count, out, seed=20_261_121, by_time=False):
    """Writes the export to `out`, a text file, and returns the meta data. Dates come in no order unless `by_time`."""
    rng = random.Random(seed)
    prose = Prose(rng)
    rank = {word: n for n, word in enumerate(prose.words)}
    rare = rare_words(rng)
    # Which memory has which rare word: spread over the file.
    rare_at = {}
    for n, place in enumerate(rng.sample(range(count), min(RARE_WORDS * RARE_EACH, count // 4 * 3))):
        rare_at[place] = rare[n // RARE_EACH]
    tags = [f"tag-{w}" for w in prose.words[len(FUNCTION_WORDS) : len(FUNCTION_WORDS) + TAGS]]
    tag_weights = list(itertools.accumulate(1 / (n + 1) for n in range(1, TAGS + 1)))
    tool_weights = list(itertools.accumulate(TOOLS[1]))
    type_weights = list(itertools.accumulate(TYPES[1]))
    space_weights = list(itertools.accumulate(NAMESPACES[1]))
    span = DAYS * 86_400_000
    stamps = Stamps()
    random_float, bits, pick = rng.random, rng.getrandbits, bisect.bisect

    ids, sampled = [], []
    every_id, every_text = max(1, count // 10_000), max(1, count // 4_000)

    def one_of(values, weights):
        return values[pick(weights, random_float() * weights[-1])]

    write = out.write
    write('{"omp_version":"0.1","exported_at":"2026-01-01T00:00:00.000Z","memories":[\n')
    pending = []
    for n in range(count):
        # Sixteen of 36 characters, so that ids come in no order, as real ones do.
        number, body = bits(83), []
        for _ in range(16):
            number, digit = divmod(number, 36)
            body.append(ALPHABET[digit])
        memory_id = "mem_" + "".join(body)
        text = prose.text()
        word = rare_at.get(n)
        if word:
            text = f"{text[:-1]} {word}."
        chosen = []
        for _ in range(int(random_float() * 5)):
            tag = one_of(tags, tag_weights)
            if tag not in chosen:
                chosen.append(tag)
        tag_list = ",".join(f'"{tag}"' for tag in chosen)
        space = one_of(NAMESPACES[0], space_weights)
        space = f'"{space}"' if space else "null"
        at = stamps(int((n + random_float()) / count * span) if by_time else int(random_float() * span))
        tool, kind = one_of(TOOLS[0], tool_weights), one_of(TYPES[0], type_weights)
        pending.append(
            f'{{"id":"{memory_id}","content":"{text}","type":"{kind}","source":{{"tool":"{tool}","timestamp":"{at}"}},'
            f'"tags":[{tag_list}],"namespace":{space},"created_at":"{at}","updated_at":"{at}"}}'
        )
        if n % every_id == 0:
            ids.append(memory_id)
        if n % every_text == 0:
            sampled.append(text)
        if len(pending) == 1_000:
            write(",\n".join(pending))
            write(",\n" if n + 1 < count else "")
            pending.clear()
    write(",\n".join(pending))
    write("\n]}\n")

    bodies = []
    for _ in range(4_000):
        chosen = list(dict.fromkeys(one_of(tags, tag_weights) for _ in range(int(random_float() * 5))))
        body = {"content": prose.text(), "type": one_of(TYPES[0], type_weights),
                "source": {"tool": one_of(TOOLS[0], tool_weights)}, "tags": chosen}
        space = one_of(NAMESPACES[0], space_weights)
        bodies.append({**body, "namespace": space} if space else body)
    rng.shuffle(ids)
    rng.shuffle(sampled)
    sampled = [text for text in sampled if "xeno" not in text]
    return {
        "count": count,
        "ids": ids,
        "tags": tags[:5],
        "namespaces": [name for name in NAMESPACES[0] if name and name.startswith("project-")],
        "rare_words": sorted(set(rare_at.values())),
        "rare_each": RARE_EACH,
        "two_words": pairs(sampled[:512], rank),
        "questions": questions(rng, sampled[-512:], rank),
        "bodies": bodies,
    }


def main():
    parser = argparse.ArgumentParser(description="Makes an export of N memories to measure with.")
    parser.add_argument("count", type=int, help="how many memories")
    parser.add_argument("out", help="the export; `-` for standard output (then no meta file)")
    parser.add_argument("--seed", type=int, default=20_261_121)
    parser.add_argument("--by-time", action="store_true", help="oldest first; without it dates come in no order")
    args = parser.parse_args()
    if args.out == "-":
        generate(args.count, sys.stdout, args.seed, args.by_time)
        return
    with open(args.out, "w", encoding="ascii", buffering=1 << 20) as out:
        meta = generate(args.count, out, args.seed, args.by_time)
    with open(args.out + ".meta", "w", encoding="ascii") as out:
        json.dump(meta, out)


if __name__ == "__main__":
    main()
