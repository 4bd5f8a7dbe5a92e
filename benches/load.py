#!/usr/bin/env python3
"""Measures a real server under load, and the machine under it. See README.md.

    python3 benches/load.py --sizes 1000,100000,1000000 --out load.json
"""

import argparse
import contextlib
import http.client
import json
import os
import platform
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from report import CREATES, FORMATS, GROWTH_EXEMPT, GROWTH_FROM, LABELS, READS, REFERENCE_FLUSH_MS, demands, markdown

HERE = Path(__file__).resolve().parent
PAGE = 20
HITS = 10

ALL_PROCESSORS = os.sched_getaffinity(0)
ONE_PROCESSOR = {max(ALL_PROCESSORS)}


class Failed(Exception):
    """A measurement that measured the wrong thing."""


def check(condition, what):
    if not condition:
        raise Failed(what)


def say(*words):
    print(time.strftime("%H:%M:%S"), *words, file=sys.stderr, flush=True)


# The machine


def cpu_busy():
    """Seconds that all processors were busy, and all there were."""
    fields = [int(f) for f in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    hertz = os.sysconf("SC_CLK_TCK")
    return (sum(fields) - fields[3] - fields[4]) / hertz, sum(fields) / hertz


def flush_loop(folder, seconds):
    """Milliseconds of writing 4 KiB over and flushing them, again and again: what a lone commit costs at least."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        fd, page, pages = file.fileno(), os.urandom(4096), 256
        os.write(fd, page * pages)
        os.fsync(fd)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            begun = time.perf_counter()
            os.pwrite(fd, page, len(taken) % pages * 4096)
            os.fdatasync(fd)
            taken.append((time.perf_counter() - begun) * 1e3)
    taken.sort()
    return {"p50": taken[len(taken) // 2], "p99": taken[len(taken) * 99 // 100], "n": len(taken)}


def slowed(folder, delay_ms):
    """The environment in which every flush of a program takes so much longer: the thread that flushes sleeps, and nothing
    else is touched."""
    library = folder / "flush.so"
    if not library.exists():
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, HERE / "slow" / "flush.c"], check=True)
    return {"LD_PRELOAD": str(library), "SLOW_FLUSH_NS": f"{delay_ms * 1e6:.0f}"}


def delay_for(folder, flush_ms):
    """The delay with which a flush takes `flush_ms` altogether: the disk and waking take their time too."""
    delay = flush_ms
    for _ in range(2):
        code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import load, pathlib; print(load.flush_loop(pathlib.Path({str(folder)!r}), 1)['p50'])"
        environment = os.environ | slowed(folder, delay)
        taken = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        delay = max(0.0, delay - (float(taken) - flush_ms))
    return delay


ECHO = """
import socket
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while client.recv(65536):
                client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
        except ConnectionError:
            pass
"""


def echo(processors):
    """Milliseconds of a request to a server that does nothing: what the machine takes of every row."""
    server = subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline())
        os.sched_setaffinity(server.pid, processors)
        return run_wrk(f"http://127.0.0.1:{port}", ["GET /"], 1, 1, processors)["p50"] / 1e3
    finally:
        server.kill()
        server.wait()


def run_wrk(url, requests, connections, seconds, processors):
    """Runs wrk there and returns what rotate.lua says."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("\n".join(requests) + "\n")
        file.flush()
        out = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", HERE / "wrk" / "rotate.lua",
             url, "--", file.name],
            capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, processors),
        ).stdout
    return json.loads(out.strip().splitlines()[-1])


def file_system(folder):
    mounts = [line.split()[:3] for line in Path("/proc/mounts").read_text().splitlines()]
    inside = [(len(at), kind) for _, at, kind in mounts if f"{folder}/".startswith(at.rstrip("/") + "/")]
    return max(inside)[1]


def machine(folder):
    model = [l.split(":", 1)[1].strip() for l in Path("/proc/cpuinfo").read_text().splitlines() if l.startswith("model name")]
    return {
        "processors": os.cpu_count(), "model": model[0] if model else platform.machine(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "kernel": platform.release(), "file_system": file_system(folder),
    }


# The server


class Server:
    """`omp serve` over a file."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.database = folder / "memory.db"
        self.process, self.port = None, None

    def environment(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OMP_")}
        # Making vectors in the background would take a processor from the rows that come after an import.
        return environment | {"OMP_DB_PATH": str(self.database), "OMP_LOG": "warn", "OMP_EMBEDDING_PROVIDER": "off"}

    def start(self, delay_ms=0.0):
        """Starts it and waits for the first answer; returns how many milliseconds that took. With `delay_ms` every
        flush of the disk takes so much longer."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = self.environment() | (slowed(self.folder, delay_ms) if delay_ms else {})
        with open(self.folder / "server.log", "ab") as log:
            begun = time.perf_counter()
            self.process = subprocess.Popen(
                [self.binary, "serve", "--port", str(self.port)], stdout=subprocess.DEVNULL, stderr=log, env=environment
            )
            request = f"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n\r\n".encode()
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as client:
                    client.sendall(request)
                    if client.recv(64).startswith(b"HTTP/1.1 200"):
                        return (time.perf_counter() - begun) * 1e3
                check(self.process.poll() is None, "the server ended; see server.log")
                check(time.perf_counter() - begun < 60, "the server did not get ready in a minute")
                time.sleep(0.000_5)

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def memory(self):
        """Megabytes: resident now, of that anonymous, and at most since `reset_peak`."""
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines())
        return {name: int(lines[key].split()[0]) / 1024 for name, key in
                (("rss", "VmRSS"), ("anonymous", "RssAnon"), ("peak", "VmHWM"))}

    def reset_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def cpu(self):
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def pin(self, processors):
        """Lets it run only there."""
        for thread in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), processors)

    def written(self):
        """Bytes written so far, by the server's own count."""
        lines = dict(line.split(": ") for line in Path(f"/proc/{self.process.pid}/io").read_text().splitlines())
        return int(lines["wchar"])

    def call(self, method, path, body=None, headers=None):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3600)
        try:
            client.request(method, path, body=body, headers=headers or {})
            answer = client.getresponse()
            content = answer.read()
            check(200 <= answer.status < 300, f"{method} {path}: {answer.status} {content[:200]!r}")
            return json.loads(content)
        finally:
            client.close()


    def warm(self, meta):
        """Waits until searches go by the index in memory; a large store is searched without it meanwhile."""
        body = json.dumps({"q": meta["questions"][0], "limit": HITS, "mode": "keyword"})
        while "scores" not in self.call("POST", "/v1/memories/search", body, {"Content-Type": "application/json"}):
            time.sleep(0.1)


class Watch:
    """The largest memory seen while something runs, and whose the processor time was."""

    def __init__(self, server):
        self.server, self.peak, self.done = server, 0.0, threading.Event()
        self.before = cpu_busy(), server.cpu(), time.process_time(), server.written()

    def __enter__(self):
        self.server.reset_peak()
        self.thread = threading.Thread(target=self.sample)
        self.thread.start()
        return self

    def sample(self):
        while not self.done.wait(0.02):
            self.peak = max(self.peak, self.server.memory()["rss"])

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.peak = max(self.peak, self.server.memory()["peak"])
        after = cpu_busy(), self.server.cpu(), time.process_time(), self.server.written()
        self.cpu, mine, self.written = (after[n] - self.before[n] for n in (1, 2, 3))
        busy, all_there_is = (after[0][n] - self.before[0][n] for n in (0, 1))
        self.others = max(0.0, busy - self.cpu - mine) / max(all_there_is, 1e-9)

    def figures(self, count, seconds):
        return {"per_s": count / seconds, "seconds": seconds, "server_cpu_ms": self.cpu * 1e3 / count,
                "others_cpu": self.others, "peak_mb": self.peak, "written": self.written}


# The measurements


def requests_of(name, meta):
    """The requests of a row, one a line, as rotate.lua takes them."""
    count = meta["count"]

    def search(queries):
        return [f"POST /v1/memories/search {json.dumps({'q': q, 'limit': HITS, 'mode': 'keyword'})}" for q in queries]

    def deep(part):
        return [f"GET /v1/memories?limit={PAGE}&offset={int(count * part) + step}" for step in range(5)]

    match name:
        case "get" | "get_free":
            return [f"GET /v1/memories/{memory_id}" for memory_id in meta["ids"]]
        case "first_page":
            return [f"GET /v1/memories?limit={PAGE}"]
        case "tag_page":
            return [f"GET /v1/memories?limit={PAGE}&tags={tag}" for tag in meta["tags"]]
        case "namespace_page":
            return [f"GET /v1/memories?limit={PAGE}&namespace={space}" for space in meta["namespaces"]]
        case "deep_50":
            return deep(0.5)
        case "deep_90":
            return deep(0.9)
        case "rare":
            return search(meta["rare_words"])
        case "two":
            return search(meta["two_words"])
        case "question":
            return search(meta["questions"])
        case _:
            return [f"POST /v1/memories {json.dumps(body)}" for body in meta["bodies"]]


def verify(server, name, meta, total):
    """Asks once whether the answers are those that are meant to be measured."""
    method, path, *body = requests_of(name, meta)[0].split(" ", 2)
    answer = server.call(method, path, body[0] if body else None, {"Content-Type": "application/json"} if body else None)
    match name:
        case "get" | "get_free":
            check(answer["id"] == meta["ids"][0], "another memory came back")
        case "first_page" | "deep_50" | "deep_90":
            check(len(answer["memories"]) == PAGE and answer["total"] == total, f"{name}: not a full page of {total}")
        case "tag_page":
            check(len(answer["memories"]) == PAGE, "a page of a tag is not full")
            check(all(meta["tags"][0] in m["tags"] for m in answer["memories"]), "a memory without the tag")
        case "namespace_page":
            check(answer["memories"], "a page of a namespace is empty")
            check(all(m["namespace"] == meta["namespaces"][0] for m in answer["memories"]), "another namespace")
        case "rare":
            word = meta["rare_words"][0]
            check(answer["total"] == meta["rare_each"], f"{word} is in {answer['total']} memories")
            check(all(word in m["content"] for m in answer["memories"]), "a hit without the word")
        case "two" | "question":
            check(answer["memories"], f"{name}: nothing found")


class Runner:
    def __init__(self, args, server, meta, folder):
        self.args, self.server, self.meta, self.folder = args, server, meta, folder

    def wrk(self, name, connections, seconds):
        """One round of a row, in milliseconds and requests a second."""
        # One connection keeps either the server or the load busy, never both; on one processor they need not wake
        # another one for every request, which on a virtual machine takes longer than the request.
        processors = ONE_PROCESSOR if name in READS and name != "get_free" else ALL_PROCESSORS
        return self.requests(name, requests_of(name, self.meta), connections, seconds, processors)

    def requests(self, name, requests, connections, seconds, processors):
        """The same with these requests."""
        self.server.pin(processors)
        before = cpu_busy(), self.server.cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
        url = f"http://127.0.0.1:{self.server.port}"
        found = run_wrk(url, requests, connections, seconds, processors)
        after = cpu_busy(), self.server.cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
        self.server.pin(ALL_PROCESSORS)
        bad = found["bad_status"] + found["broken"]
        check(found["requests"] > 0, f"{name}: no request was answered")
        check(bad == 0, f"{name}: {bad} of {found['requests']} requests failed")
        ours = after[1] - before[1]
        load = sum(getattr(after[2], f) - getattr(before[2], f) for f in ("ru_utime", "ru_stime"))
        busy, all_there_is = (after[0][n] - before[0][n] for n in (0, 1))
        return {
            "p50": found["p50"] / 1e3, "p99": found["p99"] / 1e3, "max": found["max"] / 1e3,
            "per_s": found["requests"] / found["us"] * 1e6, "n": found["requests"],
            "server_cpu_ms": ours * 1e3 / found["requests"],
            "others_cpu": max(0.0, busy - ours - load) / all_there_is,
        }

    def export(self, format_name):
        """Reads an export to its end and throws it away."""
        with Watch(self.server) as watch, socket.create_connection(("127.0.0.1", self.server.port)) as client:
            begun = time.perf_counter()
            client.sendall(
                f"GET /v1/export?format={format_name} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
            )
            buffer, size, tail, head = bytearray(1 << 20), 0, b"", b""
            while got := client.recv_into(buffer):
                head = head or bytes(buffer[:12])
                size += got
                tail = (tail + bytes(buffer[max(0, got - 7) : got]))[-7:]
            seconds = time.perf_counter() - begun
        check(head == b"HTTP/1.1 200", f"export {format_name}: {head!r}")
        check(tail == b"\r\n0\r\n\r\n", f"export {format_name}: cut off")
        return watch.figures(self.meta["count"], seconds) | {"bytes": size}

    def import_(self, export):
        with Watch(self.server) as watch, open(export, "rb") as body:
            begun = time.perf_counter()
            headers = {"Content-Type": "application/json", "Content-Length": str(os.path.getsize(export))}
            report = self.server.call("POST", "/v1/import?conflict=skip", body, headers)
            seconds = time.perf_counter() - begun
        check(report["imported"] == self.meta["count"] and not report["errors"], f"import: {json.dumps(report)[:300]}")
        return watch.figures(self.meta["count"], seconds)


def best(rounds):
    """The round with the least median: the others measured what else the machine did."""
    return min(rounds, key=lambda r: r["p50"]) | {"rounds": rounds}


def fastest(rounds):
    return max(rounds, key=lambda r: r["per_s"]) | {"rounds": rounds}


def growth(args, stores):
    """Every read on the smallest and the largest store in alternation: what a small difference costs depends on what
    else the machine does, so the two must meet the same machine. `stores` are pairs of a folder and a meta file."""
    with contextlib.ExitStack() as stack:
        runners = []
        for folder, meta_file in stores:
            if (folder / "imported.db").exists():
                shutil.copyfile(folder / "imported.db", folder / "memory.db")
            server = Server(args.omp, folder)
            stack.callback(server.stop, signal.SIGKILL)
            server.start()
            meta = json.loads(meta_file.read_text())
            server.warm(meta)
            runners.append(Runner(args, server, meta, folder))
        found = {}
        for name in (name for name in READS if name not in GROWTH_EXEMPT):
            say(f"growth: {LABELS[name]}")
            rounds = [[], []]
            for _ in range(args.rounds):
                for runner, taken in zip(runners, rounds):
                    taken.append(runner.wrk(name, 1, args.seconds))
            small, large = map(best, rounds)
            found[name] = {"small": small, "large": large, "ratio": large["p50"] / small["p50"]}
        return found


def measure(args, size, data, folder):
    """Everything about one size."""
    export, meta_file, by_time = data
    meta = json.loads(meta_file.read_text())
    server = Server(args.omp, folder)
    runner = Runner(args, server, meta, folder)
    result = {"size": size, "flush": []}
    try:
        rounds = {"import_by_time": [], "import": []}
        for n in range(args.rounds if size <= 200_000 else 1):
            for name, file in (("import_by_time", by_time), ("import", export)):
                say(f"{size}: {LABELS[name]}, round {n + 1}")
                server.stop()
                for old in folder.glob("memory.db*"):
                    old.unlink()
                result["ready_empty_ms"] = server.start()
                rounds[name].append(runner.import_(file))
        for name, found in rounds.items():
            result[name] = fastest(found) | {"peak_mb": max(r["peak_mb"] for r in found)}
        server.stop()
        result["database_mb"] = server.database.stat().st_size / 1e6
        ready = []
        for _ in range(5):
            ready.append(server.start())
            server.stop()
        result["ready_ms"] = {"median": statistics.median(ready), "max": max(ready)}
        server.start()
        time.sleep(2)
        result["idle_mb"] = server.memory()

        result["echo_ms"] = {"pinned": echo(ONE_PROCESSOR), "free": echo(ALL_PROCESSORS)}
        # Before any search: what the index in memory takes is its own affair (OMP_INDEX_MB).
        for name in FORMATS:
            say(f"{size}: export {name}")
            rounds = [runner.export(name) for _ in range(2)]
            result[f"export_{name}"] = fastest(rounds) | {"peak_mb": max(r["peak_mb"] for r in rounds)}

        server.warm(meta)
        for name in READS:
            verify(server, name, meta, size)
        rounds = {name: [] for name in READS}
        for n in range(args.rounds):
            say(f"{size}: reads, round {n + 1} of {args.rounds}")
            for name in READS:
                rounds[name].append(runner.wrk(name, 1, args.seconds))
        result |= {name: best(found) for name, found in rounds.items()}
        result["after_reads_mb"] = server.memory()

        # Creates come last because they change the store. A small one is put back before each round: it would grow
        # to many times its size.
        server.stop()
        put_back = size <= 20_000
        if put_back:
            shutil.copyfile(server.database, folder / "imported.db")
        os.sync()
        rounds = {name: [] for name in CREATES}
        for n in range(args.rounds):
            say(f"{size}: creates, round {n + 1} of {args.rounds}")
            for name, found in rounds.items():
                server.stop()
                if put_back:
                    shutil.copyfile(folder / "imported.db", server.database)
                    os.sync()
                flush = flush_loop(folder, 1)
                result["flush"].append(flush)
                server.start(delay_for(folder, REFERENCE_FLUSH_MS) if name.endswith("_slow") else 0)
                found.append(runner.wrk(name, CREATES[name], args.create_seconds) | {"flush_ms": flush["p50"]})
        server.stop()
        server.start()
        runner.wrk("create_1", 1, 1)
        result |= {name: fastest(found) for name, found in rounds.items()}
        # As after a power cut: what is in the write-ahead log has to be read first.
        server.stop(signal.SIGKILL)
        result["ready_after_kill_ms"] = server.start()
        server.stop()

        if args.bare:
            say(f"{size}: bare SQLite")
            out = subprocess.run([args.bare, export, meta_file, folder, str(args.seconds)],
                                 capture_output=True, text=True, check=True).stdout
            result["bare"] = json.loads(out)
        result["flush"] = {k: statistics.median(f[k] for f in result["flush"]) for k in ("p50", "p99")}
        return result
    finally:
        server.stop(signal.SIGKILL)


# The verdict


def prepared(args, size):
    """The export of this size, its meta file, and the same sorted by time; made unless they are there."""
    folder = args.work / "data"
    folder.mkdir(exist_ok=True)
    script = HERE / "generate.py"
    export, by_time = folder / f"{size}.json", folder / f"{size}-by-time.json"
    for file, options in ((export, []), (by_time, ["--by-time"])):
        made = file.with_name(f"{file.name}.meta")
        if not made.exists() or made.stat().st_mtime < script.stat().st_mtime:
            say(f"{size}: generate {file.name}")
            subprocess.run([sys.executable, script, str(size), file, *options], check=True)
    return export, export.with_name(f"{export.name}.meta"), by_time


def main():
    release = HERE.parent / "target" / "release"
    parser = argparse.ArgumentParser(description="Measures a real server under load.")
    parser.add_argument("--omp", type=Path, default=release / "omp", help="the server (default: %(default)s)")
    parser.add_argument("--bare", type=Path, default=release / "bare", help="the yardstick (default: %(default)s)")
    parser.add_argument("--no-bare", action="store_true", help="leave the yardstick out")
    parser.add_argument("--sizes", default="1000,100000", help="how many memories, with commas (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of every row (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=2, help="seconds of a round of reads (default: %(default)s)")
    parser.add_argument("--create-seconds", type=int, default=5, help="… of creates (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=HERE.parent / "target" / "load", help="where data and stores go")
    parser.add_argument("--keep", action="store_true", help="do not remove the stores")
    parser.add_argument("--out", type=Path, help="write everything there, as JSON")
    args = parser.parse_args()
    for program in (args.omp, *(() if args.no_bare else (args.bare,))):
        if not program.exists():
            parser.error(f"{program} is not there; `cargo build --release` makes it")
    if not shutil.which("wrk"):
        parser.error("wrk is not installed; Debian's package is called wrk")
    args.bare = None if args.no_bare else args.bare
    args.work.mkdir(parents=True, exist_ok=True)
    args.work = args.work.resolve()
    about = machine(args.work)
    if about["file_system"] in ("tmpfs", "ramfs", "overlay"):
        say(f"warning: {args.work} is on {about['file_system']}; a flush there may cost nothing")
    document = {
        "machine": about, "rounds": args.rounds, "seconds": args.seconds, "create_seconds": args.create_seconds,
        "results": [], "growth": {}, "demands": [],
    }
    stores = []

    def write():
        # After every size, so that a long run that breaks off leaves what it has.
        document["demands"] = demands(document["results"], document["growth"])
        if args.out:
            args.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")

    try:
        for size in sorted(map(int, args.sizes.split(","))):
            data = prepared(args, size)
            stores.append((Path(tempfile.mkdtemp(prefix=f"{size}-", dir=args.work)), data[1]))
            document["results"].append(measure(args, size, data, stores[-1][0]))
            write()
        results = document["results"]
        if results[-1]["size"] >= GROWTH_FROM * results[0]["size"]:
            document["growth"] = growth(args, (stores[0], stores[-1]))
            write()
    finally:
        for folder, _ in stores:
            if args.keep:
                say(f"kept {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)
    print(markdown(document))
    sys.exit(0 if all(d["held"] for d in document["demands"]) else 1)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"failed: {failure}")
