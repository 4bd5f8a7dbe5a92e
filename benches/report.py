"""The rows of the load measurements: what each is compared with, what is demanded of it, and how it is written. See README.md."""

FORMATS = ("omp", "omi", "omi-jsonl")
READS = ("get", "get_free", "first_page", "tag_page", "namespace_page", "deep_50", "deep_90", "rare", "two", "question")
# Connections. With a slow disk each flush takes as long as one of the reference's.
CREATES = {"create_1": 1, "create_16": 16, "create_1_slow": 1, "create_16_slow": 16}
LABELS = {
    "import": "import, dates in no order", "import_by_time": "import, oldest first", "create_1": "create, 1 connection", "create_16": "create, 16 connections",
    "create_1_slow": "create, 1 connection, slow disk", "create_16_slow": "create, 16 connections, slow disk",
    "get": "get by id", "get_free": "get by id, not pinned", "first_page": "first page", "tag_page": "page of a common tag",
    "namespace_page": "page of a namespace (1 %)", "deep_50": "deep page (offset 50 %)",
    "deep_90": "deep page (offset 90 %)", "rare": "search: a rare word", "two": "search: two words",
    "question": "search: a whole question", "export_omp": "export, omp", "export_omi": "export, omi",
    "export_omi-jsonl": "export, omi-jsonl",
}

# What the published TypeScript server does with 100,000 memories on a machine with 2 shared cores whose disk takes
# 3.6 ms for a flush: requests a second for the creates, else milliseconds; memories a second for the import.
REFERENCE_SIZE = 100_000
REFERENCE_FLUSH_MS = 3.6
REFERENCE = {
    "create_1": 122, "create_16": 134, "create_1_slow": 122, "create_16_slow": 134, "get": 0.15, "get_free": 0.15, "first_page": 150, "namespace_page": 7.9, "tag_page": 113,
    "deep_90": 377, "deep_50": 377, "rare": 0.5, "two": 3.2, "question": 199, "import": 268,
    "import_by_time": 268,
}
# At REFERENCE_SIZE: so many times better than the reference, or in less than so many milliseconds.
TIMES_BETTER = {
    "create_1": 1.5, "create_16": 15, "create_1_slow": 1.5, "create_16_slow": 15, "get": 3, "deep_90": 30, "deep_50": 30,
    "question": 5, "rare": 1.5, "import": 30,
}
UNDER_MS = {"first_page": 1.0, "tag_page": 1.0, "namespace_page": 1.0}
# Everywhere.
TRANSFER_MB, IDLE_MB, READY_MS = 150, 40, 100
# The cost at the largest size, as a multiple of that at the smallest.
GROWTH = 2.0
GROWTH_FROM = 1_000
# What is counted off, or counts matches, costs more where there are more.
GROWTH_EXEMPT = {"two", "question", "deep_50", "deep_90", "get_free", "create_1_slow", "create_16_slow"}


def cost(result, name):
    """Milliseconds of one, so that less is better everywhere."""
    found = result.get(name)
    if not found:
        return None
    return 1e3 / found["per_s"] if name in CREATES or name.startswith(("import", "export")) else found["p50"]


def reference_cost(name):
    value = REFERENCE.get(name)
    return 1e3 / value if value and (name in CREATES or name.startswith("import")) else value


def demands(results, alternated):
    """What was demanded and what was measured, for everything that can be judged from these sizes."""
    out = []

    def add(what, measured, demanded, held):
        out.append({"what": what, "measured": measured, "demanded": demanded, "held": held})

    by_size = {r["size"]: r for r in results}
    if at := by_size.get(REFERENCE_SIZE):
        for name, times in ((n, t) for n, t in TIMES_BETTER.items() if n in at):
            ratio = reference_cost(name) / cost(at, name)
            add(f"{LABELS[name]}, against the reference", f"{ratio:.1f}×", f"≥ {times}×", ratio >= times)
        for name, limit in UNDER_MS.items():
            add(LABELS[name], f"{at[name]['p50']:.2f} ms", f"< {limit} ms", at[name]["p50"] < limit)
        ready = at["ready_ms"]["median"]
        add(f"ready on {REFERENCE_SIZE:,} memories", f"{ready:.0f} ms", f"< {READY_MS} ms", ready < READY_MS)
    for result in results:
        size = f"{result['size']:,}"
        for name in ("import", *(f"export_{f}" for f in FORMATS)):
            peak = result[name]["peak_mb"]
            add(f"memory, {LABELS[name]} of {size}", f"{peak:.0f} MB", f"< {TRANSFER_MB} MB", peak < TRANSFER_MB)
        idle = result["idle_mb"]["rss"]
        add(f"memory, idle on {size}", f"{idle:.0f} MB", f"< {IDLE_MB} MB", idle < IDLE_MB)
    small, large = min(results, key=lambda r: r["size"]), max(results, key=lambda r: r["size"])
    if large["size"] >= GROWTH_FROM * small["size"]:
        for name in (n for n in REFERENCE if n not in GROWTH_EXEMPT):
            times = alternated[name]["ratio"] if name in alternated else cost(large, name) / cost(small, name)
            what = f"{LABELS[name]}, {large['size']:,} : {small['size']:,}"
            add(what, f"{times:.2f}", f"≤ {GROWTH}", times <= GROWTH)
    return out


def markdown(document):
    about, results = document["machine"], document["results"]
    lines = [
        f"Machine: {about['processors']} × {about['model']}, {about['memory_mb']:,} MB, Linux {about['kernel']}, "
        f"{about['file_system']}. Reads: the best of {document['rounds']} interleaved rounds of {document['seconds']} s; "
        f"creates: the best of {document['rounds']} of {document['create_seconds']} s; imports up to 200,000: the best of "
        f"{document['rounds']}.",
    ]
    for result in results:
        size, bare = result["size"], result.get("bare", {})
        lines += ["", f"### {size:,} memories", "",
                  "| | p50 ms | p99 ms | per second | reference | ratio | bare SQLite | distance | CPU by others |",
                  "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
        for name in (n for n in LABELS if n in result):
            found, mine = result[name], cost(result, name)
            reference = REFERENCE.get(name) if size == REFERENCE_SIZE else None
            unit = "/s" if name in CREATES or name.startswith("import") else " ms"
            yardstick = bare.get({"import_by_time": "", "get_free": "", "create_1": "create", "create_16": "create"}.get(name, name if name not in CREATES else ""))
            bare_cost = yardstick and (1e3 / yardstick["per_s"] if name in (*CREATES, "import") else yardstick["p50"])
            others = [r["others_cpu"] for r in found.get("rounds", [])]
            cells = [
                LABELS[name],
                f"{found['p50']:.3f}" if "p50" in found else "",
                f"{found['p99']:.3f}" if "p99" in found else "",
                f"{found['per_s']:,.0f}",
                f"{reference:g}{unit}" if reference else "",
                f"{reference_cost(name) / mine:,.1f}×" if reference else "",
                (f"{yardstick['per_s']:,.0f}/s" if unit == "/s" else f"{bare_cost:.3f} ms") if bare_cost else "",
                f"{mine / bare_cost:.2f}" if bare_cost else "",
                f"{min(others):.0%}–{max(others):.0%}" if others else "",
            ]
            lines.append(f"| {' | '.join(cells)} |")
        flush, create, imported = result["flush"], result["create_1"]["p50"], result["import"]
        peaks = ", ".join(f"{LABELS[n]} {result[n]['peak_mb']:.0f}" for n in ("import", *(f"export_{f}" for f in FORMATS)))
        lines += [
            "",
            f"- The import takes {imported['server_cpu_ms'] * 1e3:.0f} µs of processor time a memory and writes "
            f"{imported['written'] / size / 1024:.1f} KiB a memory; oldest first "
            f"{result['import_by_time']['server_cpu_ms'] * 1e3:.0f} µs and "
            f"{result['import_by_time']['written'] / size / 1024:.1f} KiB.",
            f"- The disk: writing 4 KiB over and `fdatasync` take {flush['p50']:.2f} ms (p99 {flush['p99']:.2f}); the "
            f"reference's took {REFERENCE_FLUSH_MS}. A create on one connection costs {create / flush['p50']:.2f} of them.",
            f"- A server that does nothing answers in {result['echo_ms']['pinned']:.3f} ms on the load's processor and in "
            f"{result['echo_ms']['free']:.3f} where the system puts it.",
            f"- Ready after a start: {result['ready_ms']['median']:.0f} ms (most {result['ready_ms']['max']:.0f}); after a "
            f"kill under load {result['ready_after_kill_ms']:.0f}; on no store {result['ready_empty_ms']:.0f}.",
            f"- Peak memory, MB: {peaks}. Idle: {result['idle_mb']['rss']:.0f}, of that anonymous "
            f"{result['idle_mb']['anonymous']:.0f}; after the reads {result['after_reads_mb']['rss']:.0f}. "
            f"The file: {result['database_mb']:,.0f} MB.",
        ]
    if document["growth"]:
        sizes = f"{results[0]['size']:,} and {results[-1]['size']:,}"
        lines += ["", f"### {sizes} memories in alternation", "", "| | p50 ms, small | p50 ms, large | large : small | CPU by others |",
                  "|---|---:|---:|---:|---:|"]
        for name, found in document["growth"].items():
            others = [r["others_cpu"] for which in ("small", "large") for r in found[which]["rounds"]]
            lines.append(f"| {LABELS[name]} | {found['small']['p50']:.3f} | {found['large']['p50']:.3f} "
                         f"| {found['ratio']:.2f} | {min(others):.0%}–{max(others):.0%} |")
    lines += ["", "### Demands", "", "| | measured | demanded | |", "|---|---:|---:|---|"]
    for d in document["demands"]:
        lines.append(f"| {d['what']} | {d['measured']} | {d['demanded']} | {'holds' if d['held'] else '**MISSED**'} |")
    return "\n".join(lines) + "\n"
