"""Files an event file's metrics in SQLite as a careful script does: one transaction, one executemany, integer keys.

    python3 ingest.py EVENTS DATABASE
"""
import json
import sqlite3
import sys

db = sqlite3.connect(sys.argv[2])
db.executescript(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "CREATE TABLE name(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
    "CREATE TABLE point(run INTEGER, metric INTEGER, step INTEGER, value REAL, PRIMARY KEY(run, metric, step)) WITHOUT ROWID;"
)
metrics = {}


def points():
    loads = json.loads
    with open(sys.argv[1]) as events:
        for line in events:
            event = loads(line)
            if event["type"] == "epoch":
                step = event["epoch"]
                for name, value in event["metrics"].items():
                    if name not in metrics:
                        metrics[name] = len(metrics)
                    yield 1, metrics[name], step, value


with db:
    db.executemany("INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?)", points())
    db.executemany("INSERT INTO name VALUES (?, ?)", [(number, name) for name, number in metrics.items()])
print(db.execute("SELECT count(*) FROM point").fetchone()[0])
