"""What the benchmarks share: running a command, taking two sides in turns, and the lines of the table."""
import json
import os
import statistics
import subprocess
import sys
import time

HEADER = "| what | goal | Cambium | instead | that takes | times as long |\n|---|---|---|---|---|---|"


def run(command, env=None):
    """Wall seconds, and what the command printed."""
    start = time.perf_counter()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env={**os.environ, **env} if env else None)
    spent = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return spent, done.stdout


def wall(*command):
    return lambda: run(command)[0]


def pairs(ours, theirs, count):
    """Alternates two callables, Cambium's first in every other turn; what each gave."""
    both = []
    for i in range(count):
        if i % 2 == 0:
            first = ours()
            both.append((first, theirs()))
        else:
            second = theirs()
            both.append((ours(), second))
    return [a for a, _ in both], [b for _, b in both]


def spread(values, form):
    return f"{form(statistics.median(values))} [{form(min(values))} to {form(max(values))}]"


def seconds(value):
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def times(value):
    return f"{value:.2f}"


def row(what, goal, ours, theirs=None, instead=""):
    """One line of the table: `ours` and `theirs` are lists of seconds, taken in turns."""
    cells = [what, goal, spread(ours, seconds)]
    cells += [instead, spread(theirs, seconds), spread([t / o for o, t in zip(ours, theirs)], times)] if theirs else ["", "", ""]
    print("| " + " | ".join(cells) + " |", flush=True)


def bookkeeping(cambium, study, folder, count):
    """Seconds a cell of 500 that dispatch, ingest and bookkeeping took: of the whole command, less what the cells themselves took."""
    each = []
    for i in range(count):
        db = folder / f"trivial{i}.db"
        spent = run([cambium, "run", study, "--db", db, "--workers", 1, "--quiet"])[0]
        inside = float(json.loads(run([cambium, "query", "SELECT sum(seconds) AS s FROM cells", "--db", db, "--format", "json"])[1])[0]["s"])
        each.append((spent - inside) / 500)
    return each
