"""Times whole sweeps of Cambium against what an expert would write in PyTorch, and holds their accuracies against each other.

    python3 sweeps.py BUILD [SWEEP ...] [REPEATS] [--repeats N] [--shrink N] [--data ROOT]

The two sides take turns; both start from nothing each time, so that start-up and decoding count. A miss of accuracies is exit status 1.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field

from timing import HEADER, bookkeeping, pairs, row, run

here = pathlib.Path(__file__).parent
# What each worker of Cambium asks of the allocator, the rival gets too: big maps stay mapped.
RIVAL = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}


@dataclass
class Sweep:
    what: str
    goal: str
    study: str = ""
    rival: str = ""
    instead: str = ""
    made: str = ""                # the weights file that both sides start from, where the benchmark makes one
    taps: bool = False            # whether an earlier study left the features
    shrunk: dict = field(default_factory=dict)


HEADS = {"train.epochs": 100, "grid.train.lr": "list", "grid.train.weight_decay": "list", "data.per_class": 120}
ARMS = {"train.epochs": 5, "data.per_class": 120}
SWEEPS = {
    "a": Sweep("a. 64 heads on ResNet-18 at 224", "≥ 2.2", "a", "heads", "features once, `torch.optim` a head", "resnet18", shrunk=HEADS),
    "b": Sweep("b. the same on taps that an earlier study left", "≥ 20", "a", "heads", "features from a `.npy` file", "resnet18", True, HEADS),
    "c": Sweep("c. frozen layer study: 7 cuts, 4 seeds, `cnn7`", "≥ 1.5", "c", "layers", "one pass for all cuts, then the layers above", "cnn7",
               shrunk={"train.epochs": 10, "data.per_class": 200, "grid.strategy.cut": "list"}),
    "d": Sweep("d. three arms, ResNet-18 at 224, 5 epochs", "≥ 1.15", "d", "arms", "frozen arm on features, the others side by side", "resnet18", shrunk=ARMS),
    "d2": Sweep("d2. the same with MobileNetV2", "≥ 1.8", "d2", "arms", "the same", shrunk=ARMS),
    "e": Sweep("e. 200 LeNet-5, 1 epoch on 2,000, test on 10,000", "≥ 1.3", "e", "lenets", "images in memory, a network after the other",
               shrunk={"data.per_class": 200, "grid.train.lr": "list"}),
    "f": Sweep("f. 500 cells that do nothing: bookkeeping a cell", "< 1 ms"),
    "g": Sweep("g. one small arm", "≥ 1.0", "../train", "train", "the same network and steps, on random images"),
}


def read_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench sweeps")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("which", nargs="*", help=f"of {' '.join(SWEEPS)}, or a number of repeats")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--shrink", type=int, default=1, help="fewer cells, epochs and images, to see that it runs")
    parser.add_argument("--data", type=pathlib.Path, default=None)
    options = parser.parse_args()
    for number in [word for word in options.which if word.isdigit()]:
        options.which.remove(number)
        options.repeats = int(number)
    if unknown := set(options.which) - set(SWEEPS):
        parser.error(f"no sweep {', '.join(sorted(unknown))}; there are {' '.join(SWEEPS)}")
    options.which = options.which or list(SWEEPS)
    shared = here.parents[2] / "shared"
    options.data = (options.data or pathlib.Path(os.environ.get("CAMBIUM_DATA") or (shared if shared.exists() else here.parents[1] / "data"))).resolve()
    options.cambium = options.build.resolve() / "bin/cambium"
    return options


def settings(sweep, repeat):
    """`--set` options for both sides: a repeat's own seeds, less of everything for `--shrink`."""
    whole = tomllib.loads((here / "sweeps" / f"{sweep.study}.toml").read_text())
    seeds = whole["study"]["seeds"]
    seeds = seeds if isinstance(seeds, list) else list(range(seeds["range"][0], seeds["range"][1] + 1))
    kept = max(1, len(seeds) // options.shrink)
    stage = whole["stage"]["transfer"]
    sets = [f"study.seeds={[seed + repeat * len(seeds) for seed in seeds[:kept]]}"]
    if sweep.made:
        sets.append(f'stage.transfer.init.file="{made / sweep.made}.pth"')
    for key, value in sweep.shrunk.items() if options.shrink > 1 else ():
        if value == "list":
            values = stage["grid"][key.removeprefix("grid.")]
            sets.append(f"stage.transfer.{key}={values[::options.shrink]}")
        else:
            sets.append(f"stage.transfer.{key}={max(1, value // options.shrink)}")
    return [word for option in sets for word in ("--set", option)]


def cambium_runs(sweep, sets, folder):
    """Seconds, and [[arm, seed, accuracy], ...]. Caches are empty but for what is known of the plugins."""
    env = {"XDG_CACHE_HOME": str(folder / "cache"), "NO_COLOR": "1"}
    study, db = here / "sweeps" / f"{sweep.study}.toml", ["--db", folder / "x.db"]
    command = [options.cambium, "run", study, *db, "--data", options.data, "--quiet"]
    run([options.cambium, "plugins"], env)
    if sweep.taps:
        run([*command, "--set", "study.name=earlier", *one_cell(sets)], env)
    spent, _ = run([*command, *sets], env)
    name = tomllib.loads(study.read_text())["study"]["name"]
    sql = f"SELECT arm, seed, test_accuracy, state, seconds FROM cells WHERE study = '{name}'"
    cells = json.loads(run([options.cambium, "query", sql, *db, "--format", "json"], env)[1])
    if undone := [cell for cell in cells if cell["state"] != "done"]:
        sys.exit(f"{sweep.what}: {len(undone)} cells are not done")
    return spent, [[cell["arm"], cell["seed"], float(cell["test_accuracy"])] for cell in cells]


def one_cell(sets):
    """The same data and weights, and of the grid one point that it has not."""
    same = [word for word in sets if word.startswith(("stage.transfer.data", "stage.transfer.init"))]
    other = ["stage.transfer.train.epochs=1", "stage.transfer.grid.train.lr=[0.5]", "stage.transfer.grid.train.weight_decay=[0.0]", "study.seeds=[0]"]
    return [word for option in same + other for word in ("--set", option)]


def rival_runs(sweep, sets, folder):
    script = here / "rivals" / f"{sweep.rival}.py"
    if sweep.rival == "train":
        return run([sys.executable, script], RIVAL)[0], []
    command = [sys.executable, script, here / "sweeps" / f"{sweep.study}.toml", "--data", options.data, *sets]
    if sweep.taps:
        command += ["--features", folder / "features.npy"]
        run(command, RIVAL)
    spent, said = run(command, RIVAL)
    return spent, json.loads(said)["cells"]


def seeds_noise(cells):
    """The sum of squares over seeds within arms, and its degrees of freedom."""
    arms = {}
    for arm, _, accuracy in cells:
        arms.setdefault(arm, []).append(accuracy)
    return (sum((value - statistics.fmean(values)) ** 2 for values in arms.values() for value in values), sum(len(values) - 1 for values in arms.values()))


def agree(sweep, ours, theirs):
    """Whether both sides reach the same accuracies, on the mean over all cells; says so. The seeds are the repeats: a seed's arms share their start and order,
    so that the mean of an arm over seeds is as sure as the mean of all arms is taken to be."""
    squares, freedom = map(sum, zip(seeds_noise(ours), seeds_noise(theirs)))
    a, b = (statistics.fmean(accuracy for _, _, accuracy in cells) for cells in (ours, theirs))
    count = len({seed for _, seed, _ in ours})
    # A single seed has no spread: then that of 153 test images at this accuracy.
    deviation = math.sqrt(squares / freedom) if freedom else math.sqrt(b * (1 - b) / 153)
    tolerance = 3 * deviation * math.sqrt(2 / count) + 0.002
    same = abs(a - b) <= tolerance
    print(f"{'' if same else 'MISSED: '}{sweep.what}: mean accuracy {a:.4f} (Cambium, {len(ours)} cells) and {b:.4f} ({len(theirs)} cells); tolerance {tolerance:.4f}"
          f" (3 standard errors from {'the spread over seeds' if freedom else 'the number of test images'} of {deviation:.4f}, {count} seeds a side)",
          file=sys.stdout if same else sys.stderr)
    return same


def measured(name, folder):
    """Prints the sweep's line; gives what is to be held against each other."""
    sweep = SWEEPS[name]
    if name == "f":
        row(sweep.what, sweep.goal, bookkeeping(options.cambium, here / "trivial.toml", folder, options.repeats))
        return None
    turns = {"ours": 0, "theirs": 0}

    def side(which, runs):
        repeat = turns[which]
        turns[which] += 1
        with tempfile.TemporaryDirectory(dir=folder) as own:
            sets = settings(sweep, repeat) if sweep.rival != "train" else []
            return runs(sweep, sets, pathlib.Path(own))

    ours, theirs = pairs(lambda: side("ours", cambium_runs), lambda: side("theirs", rival_runs), options.repeats)
    row(sweep.what, sweep.goal, [spent for spent, _ in ours], [spent for spent, _ in theirs], sweep.instead)
    every = [[cell for _, cells in turns for cell in cells] for turns in (ours, theirs)]
    return (sweep, *every) if every[1] else None


def course_page():
    sets = settings(SWEEPS["a"], 0)
    said = run([sys.executable, here / "rivals/course_page.py", here / "sweeps/a.toml", "--data", options.data, *sets])[1]
    epoch = json.loads(said)["epoch"]
    print(f"The course page's way of a, full forward every epoch: {epoch:.1f} s an epoch, measured on one cell; 64 cells of 100 epochs, scaled: {6400 * epoch:,.0f} s.")


options = read_arguments()
with tempfile.TemporaryDirectory(prefix="cambium-sweeps-") as name:
    folder = made = pathlib.Path(name)
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} as it began, {options.repeats} repeats\n")
    if options.shrink > 1:
        print(f"This is no measurement: everything is shrunk {options.shrink} times, to see that it runs.\n")
    if any(SWEEPS[which].made for which in options.which):
        run([sys.executable, here / "rivals/weights.py", folder, "--data", options.data], RIVAL)
    print(HEADER)
    held = [both for which in options.which if (both := measured(which, folder))]
    print()
    right = [agree(*both) for both in held]
    if "a" in options.which:
        course_page()
    print(f"\nload {os.getloadavg()[0]:.1f} as it ended")
    if options.shrink > 1:
        print("This was no measurement.")
sys.exit(0 if all(right) else 1)
