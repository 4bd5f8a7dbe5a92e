#!/usr/bin/env python3
"""How long sqlite-vec takes for the ten nearest of N vectors: the yardstick of searches by meaning. See README.md.

    pip install sqlite-vec apsw numpy && python3 benches/nearest.py 100000
"""

import statistics
import sys
import time

import apsw
import numpy
import sqlite_vec

DIMENSIONS, QUERIES, BATCH = 384, 50, 10_000


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rng = numpy.random.default_rng(7)

    def vectors(n):
        found = rng.standard_normal((n, DIMENSIONS), dtype=numpy.float32)
        return found / numpy.linalg.norm(found, axis=1, keepdims=True)

    connection = apsw.Connection(":memory:")
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.execute(f"CREATE VIRTUAL TABLE v USING vec0(embedding float[{DIMENSIONS}])")
    for first in range(0, count, BATCH):
        rows = [(first + n + 1, v.tobytes()) for n, v in enumerate(vectors(min(BATCH, count - first)))]
        with connection:
            connection.executemany("INSERT INTO v (rowid, embedding) VALUES (?, ?)", rows)
    taken = []
    for query in vectors(QUERIES):
        begun = time.perf_counter()
        found = connection.execute(
            "SELECT rowid, distance FROM v WHERE embedding MATCH ? AND k = 10 ORDER BY distance", (query.tobytes(),)
        ).fetchall()
        taken.append((time.perf_counter() - begun) * 1e3)
        assert len(found) == 10
    print(f"sqlite-vec {sqlite_vec.__version__}, {count:,} vectors of {DIMENSIONS}: p50 {statistics.median(taken):.2f} ms")


if __name__ == "__main__":
    main()
