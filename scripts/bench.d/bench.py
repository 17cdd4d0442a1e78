"""Times Cambium against its goals and against what one would write or use instead.

    python3 bench.py BUILD REPEATS

Each pair is alternated within one run, so that a busy machine is busy for both; medians, and in brackets the least and the most.
"""
import importlib.util
import json
import os
import pathlib
import shutil
import sys
import tempfile

from timing import HEADER, bookkeeping, pairs, row, run, wall

here = pathlib.Path(__file__).parent
build, repeats = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
cambium = str(build / "bin/cambium")
rivals = here / "rivals"
# One thread each, for all that may take more.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NO_COLOR="1")


def write_events(path, epochs):
    names = ("train_loss", "train_accuracy", "lr", "val_loss", "val_accuracy")
    with open(path, "w") as out:
        out.write(json.dumps({"seq": 0, "type": "started", "time": 1.0, "provenance": {"torch": "1.13.1"}}) + "\n")
        for epoch in range(1, epochs + 1):
            metrics = {name: 1.0 / epoch for name in names}
            out.write(json.dumps({"seq": epoch, "type": "epoch", "epoch": epoch, "time": 1.0, "seconds": epoch, "metrics": metrics}) + "\n")
        out.write(json.dumps({"seq": epochs + 1, "type": "finished", "time": 2.0, "seconds": 1.0, "metrics": {}, "weights": []}) + "\n")


def planning():
    ours, theirs = pairs(wall(build / "bin/plan_bench", here / "grid.toml"), wall(sys.executable, rivals / "plan.py", here / "grid.toml"), repeats)
    row("plan 100,000 cells", "< 2 s", ours, theirs, "Python: tomllib, itertools, json, hashlib; checks nothing")


def ingest(folder):
    events = folder / "events.jsonl"
    write_events(events, 200_000)

    def theirs():
        for old in folder.glob("rival.db*"):
            old.unlink()
        return run([sys.executable, rivals / "ingest.py", events, folder / "rival.db"])[0]

    row("ingest 1,000,000 metric points", "< 5 s", *pairs(wall(build / "bin/store_bench", "ingest", events), theirs, repeats),
        "Python: json, sqlite3, one executemany")
    events.unlink()


def start_up(db):
    sql = "SELECT stage, arm, n, mean, lo95, hi95 FROM leaderboard ORDER BY mean DESC LIMIT 10"
    shell = shutil.which("sqlite3")
    ours = wall(cambium, "query", sql, "--db", db)
    if shell:
        row("`cambium query`, ten of 500 arms", "< 30 ms", *pairs(ours, wall(shell, "-readonly", db, sql), 3 * repeats), "the `sqlite3` shell, same SQL and file")
    else:
        row("`cambium query`, ten of 500 arms", "< 30 ms", [ours() for _ in range(3 * repeats)])
    argparse = "import argparse; p = argparse.ArgumentParser(); s = p.add_subparsers()\nfor n in 'abcdefgh': s.add_parser(n).add_argument('--x')\np.print_help()"
    row("`cambium --help`", "< 30 ms", *pairs(wall(cambium, "--help"), wall(sys.executable, "-c", argparse), 3 * repeats), "Python: argparse")


def checking():
    study = here.parents[1] / "experiments/quickstart.toml"
    ours = wall(cambium, "check", study)
    ours()
    row("`cambium check`, plugins known", "< 100 ms", [ours() for _ in range(3 * repeats)])


def training(folder):
    if importlib.util.find_spec("torch") is None:
        print("| one arm of the quickstart | | PyTorch is not here | | | |")
        return
    inside, whole = [], []
    for i in range(repeats):
        db = folder / f"train{i}.db"

        def ours():
            spent = run([cambium, "run", here / "train.toml", "--db", db, "--workers", 1, "--quiet"])[0]
            answer = run([cambium, "query", "SELECT sum(seconds) AS s FROM cells", "--db", db, "--format", "json"])[1]
            return spent, float(json.loads(answer)[0]["s"])

        def theirs():
            spent, said = run([sys.executable, rivals / "train.py"])
            return spent, float(said)

        a, b = (ours(), theirs()) if i % 2 == 0 else reversed((theirs(), ours()))
        whole.append((a[0], b[0]))
        inside.append((a[1], b[1]))
    row("train and test one arm of the quickstart from scratch", "", *map(list, zip(*inside)), "PyTorch 1.13, the same network and steps")
    row("the same from command to end", "", *map(list, zip(*whole)), "`python3 train.py`")


with tempfile.TemporaryDirectory(prefix="cambium-bench-") as name:
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} as it began, {repeats} repeats\n")
    print(HEADER)
    planning()
    ingest(pathlib.Path(name))
    row("dispatch, ingest and bookkeeping, a cell of 500, start of the worker included", "< 1 ms",
        bookkeeping(cambium, here / "trivial.toml", pathlib.Path(name), repeats))
    start_up(pathlib.Path(name) / "trivial0.db")
    checking()
    training(pathlib.Path(name))
    print(f"\nload {os.getloadavg()[0]:.1f} as it ended")
