"""Writes some hundred small studies with mistakes in them and holds what `cambium check` tells to three promises: every error
has a place and names what is wrong, none follows from another that is told, and all that are independent come at once.

    python3 mistakes_test.py CAMBIUM [SHOW]      SHOW: a number of a study, to see it and what is told of it
"""
import collections
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

cambium = pathlib.Path(sys.argv[1]).resolve()
show = int(sys.argv[2]) if len(sys.argv) > 2 else None
TOLD = re.compile(r"^(.*?): error: (.*)$", re.M)

# A mistake: what kind it is of (no two of a kind go into one study), the part it is in, a key with a value, what the message says, and the
# parts that must be right for it to show.
Mistake = collections.namedtuple("Mistake", "kind part key value says needs", defaults=((),))


def mistakes():
    for value in ("[10, 20]", '"10"', "2.5", "-1", "true", "2020-01-01", "{ a = 1 }", "nan"):
        yield Mistake("epochs", "train", "epochs", value, "epochs of train")
    yield Mistake("lr", "train", "lr", '"fast"', "lr of train")
    yield Mistake("lr", "train", "lr", "07:32:00", "lr of train is the time 07:32:00")
    yield Mistake("optimizer", "train", "optimizer", '"sdg"', "optimizer of train")
    yield Mistake("train-key", "train", "momentun", "0.9", "train.momentun")
    yield Mistake("train-key", "train", "final_lr", "0.1", "train.final_lr")
    yield Mistake("train-pair", "train", "warmup_epochs", "50", "warm-up of 50 epochs", ("train",))
    for key, value in (("half", '"C"'), ("images", '"10"'), ("resize", "-1"), ("validation", "1.5"), ("per_class", "2020-01-01"),
                       ("only", '"circle"'), ("flip", "1")):
        yield Mistake("data-" + key, "data", key, value, key + " of data")
    yield Mistake("data-key", "data", "famly", '"a"', "data.famly")
    yield Mistake("data-plugin-key", "data", "train_per_class", "0", "train_per_class of dataset shapes")
    yield Mistake("data-select", "data", "except", '["nothing"]', "nothing", ("data",))
    yield Mistake("hidden", "backbone", "hidden", '"wide"', "hidden of backbone mlp")
    yield Mistake("backbone-key", "backbone", "hiden", "[8]", "backbone.hiden")
    yield Mistake("dropout", "backbone", "dropout", "2", "dropout of backbone mlp")
    yield Mistake("cut", "strategy", "cut", "99", "cut", ("strategy", "backbone"))
    yield Mistake("cut", "strategy", "cut", '"deep"', "cut of strategy partial_finetuning")
    yield Mistake("strategy-key", "strategy", "frozn", "true", "strategy.frozn")
    yield Mistake("rate", "strategy", "rate", "0", "rate of strategy partial_finetuning")


# The mistakes that stand for themselves: (kind, lines to add to the study by section, the line that is wrong, what is said).
WHOLE = [
    ("seeds", {"study": ["seeds = -1"]}, "seeds"),
    ("seeds", {"study": ["seeds = 2020-01-01"]}, "seeds is the date 2020-01-01"),
    ("seeds", {"study": ["seeds = [0, 1, 1]"]}, "seeds has 1 twice"),
    ("study-key", {"study": ["sedes = [0]"]}, "sedes"),
    ("baseline", {"study": ['baseline = "nobody"']}, "nobody"),
    ("allow", {"study.allow": ['"finetune-rat"']}, "finetune-rat"),
    ("stage-key", {"next": ['measurs = ["ece"]']}, "measurs"),
    ("measure", {"next": ['measures = ["knm"]']}, "knm"),
    ("measure", {"next": ['measures = [{ measure = "knn", k = "five" }]']}, "k of measure knn"),
    ("init", {"next.init": ['"bse"']}, "bse"),
    ("init", {"next.init": ["5"]}, "init is the integer 5"),
    ("init", {"next.init": ['{ stage = "base", weights = "bst" }']}, "weights of an init"),
    ("init", {"next.init": ['{ stage = "base", weigths = "last" }']}, "weigths"),
    ("init", {"next.init": ['{ stage = "base", disjoint = 1 }']}, "disjoint of an init"),
    ("init", {"next.init": ['{ stage = "base", same = "data.split" }']}, "same of an init"),
    ("data-plugin", {"next.data.plugin": ['"shaps"']}, "shaps"),
    ("backbone-plugin", {"next.backbone.plugin": ['"mpl"']}, "mpl"),
    ("strategy-plugin", {"next.strategy.plugin": ['"partial_finetunning"']}, "partial_finetunning"),
    ("axis", {"next.grid": ['"train.batch" = { log = [0, 1], num = 2 }']}, "train.batch"),
    ("axis", {"next.grid": ['"train.batch" = { linear = [1, 2] }']}, "train.batch"),
    ("axis", {"next.grid": ['"train.batch" = { linear = [1, 2], num = 2.5 }']}, "train.batch"),
    ("axis", {"next.grid": ['"train.batch" = { range = [3, 1] }']}, "train.batch"),
    ("axis", {"next.grid": ['"train.batch" = []']}, "train.batch"),
    ("axis", {"next.grid": ['"train.batch" = 4']}, "train.batch"),
    ("axis", {"next.grid": ['"trian.batch" = [4, 8]']}, "trian.batch"),
    ("axis-cut", {"next.grid": ['"strategy.cut" = { range = [2, 1] }'], "next.strategy.cut": None}, "strategy.cut"),
    ("axis-key", {"next.grid": ['"train.gamma" = [0.1, 0.2]']}, "train.gamma"),
    ("arm", {"next": ["arm = 3"]}, "arm is the integer 3"),
]


class Study:
    """A study that is right, as lines by section; each key on a line of its own, so that the line tells the key."""

    def __init__(self):
        data = {"plugin": '"shapes"', "train_per_class": "8", "test_per_class": "2"}
        self.study = {"name": '"x"', "seeds": "[0]", "allow": '["few-pairs", "finetune-rate", "unequal-steps", "shared-images"]'}
        self.base = {"backbone": {"plugin": '"mlp"', "hidden": "[8, 4]"}, "data": dict(data), "strategy": {"plugin": '"from_scratch"'},
                     "train": {"epochs": "1", "batch": "8"}}
        self.next = {"backbone": {"plugin": '"mlp"', "hidden": "[8, 4]"}, "data": dict(data, seed="1"),
                     "strategy": {"plugin": '"partial_finetuning"', "cut": "1", "frozen": "false"}, "train": {"epochs": "1", "batch": "8"}}
        self.keys, self.tables, self.grid, self.wrong = {"init": '"base"'}, [], [], []

    def mark(self, text, says, line=None):
        self.wrong.append((line or text, says))

    def lines(self):
        yield "[study]"
        yield from (f"{key} = {value}" for key, value in self.study.items())
        for name, parts, keys in (("base", self.base, {}), ("next", self.next, self.keys)):
            yield f"[stage.{name}]"
            yield from (f"{key} = {value}" for key, value in keys.items())
            for part, table in parts.items():
                yield f"[stage.{name}.{part}]"
                yield from (f"{key} = {value}" for key, value in table.items())
        if self.grid:
            yield "[stage.next.grid]"
            yield from self.grid
        for title, lines in self.tables:
            yield f"[[stage.next.{title}]]"
            yield from lines


def add_beside(study, beside, part, used):
    """An axis, a zip, an exclude or an extra that is right, beside the mistake. `used`: keys that are not to be touched."""
    key, values = next((key, values) for key, values in {
        "train": [("train.lr", "[0.1, 0.2]"), ("train.label_smoothing", "[0.1, 0.2]")],
        "data": [("data.per_class", "[2, 3]"), ("data.seed", "[1, 2]")],
        "backbone": [("backbone.dropout", "[0.1, 0.2]"), ("backbone.hidden", "[[8, 4], [8, 4]]")],
        "strategy": [("strategy.rate", "[0.5, 0.75]"), ("strategy.above", '["fresh", "source"]')],
    }[part] if key not in used)
    first = "[[8, 4]]" if key == "backbone.hidden" and beside == "exclude" else values[1:-1].rsplit(", ", 2 if "[[" in values else 1)[0]
    if beside == "grid":
        study.grid.append(f'"{key}" = {values}')
    elif beside == "zip":
        study.tables.append(("zip", [f'"{key}" = {values}', '"train.weight_decay" = [0.3, 0.4]']))
    elif beside == "exclude":
        study.grid.append(f'"{key}" = {values}')
        study.tables.append(("exclude", [f'"{key}" = {first}']))
    elif beside == "extra":
        study.tables.append(("extra", [f'"{key}" = {first}']))


RIGHT = {"epochs": "2", "lr": "0.3", "optimizer": '"adam"', "warmup_epochs": "0", "half": '"A"', "images": "20", "resize": "32", "validation": "0.5",
         "per_class": "2", "only": "[]", "flip": "true", "train_per_class": "8", "except": "[]", "hidden": "[8, 4]", "dropout": "0.1", "cut": "2",
         "rate": "1"}


def add_mistake(study, mistake, place):
    """The mistake in the stage's table, or as the value of an axis, a zip or an extra."""
    key = f"{mistake.part}.{mistake.key}"
    right = RIGHT.get(mistake.key)
    if place == "table":
        study.next[mistake.part][mistake.key] = mistake.value
        study.mark(f"{mistake.key} = {mistake.value}", mistake.says)
    elif place == "grid":
        line = f'"{key}" = [{right + ", " if right else ""}{mistake.value}]'
        study.grid.append(line)
        study.mark(line, mistake.says)
    elif place == "zip":
        line = f'"{key}" = [{mistake.value}, {right or mistake.value}]'
        study.tables.append(("zip", ['"train.batch" = [4, 8]', line]))
        study.mark(line, mistake.says)
    elif place == "extra":
        line = f'"{key}" = {mistake.value}'
        study.tables.append(("extra", [line]))
        study.mark(line, mistake.says)


def add_whole(study, sections, says):
    for section, texts in sections.items():
        where = section.split(".")
        if texts is None:  # what the axis gives the stage itself leaves out
            del study.next[where[1]][where[2]]
            continue
        for text in texts:
            if section == "study":
                key, value = text.split(" = ", 1)
                study.study[key] = value
            elif section == "study.allow":
                study.study["allow"] = study.study["allow"][:-1] + f", {text}]"
                text = "allow = " + study.study["allow"]
            elif section == "next":
                key, value = text.split(" = ", 1)
                study.keys[key] = value
            elif section == "next.init":
                study.keys["init"] = text
                text = "init = " + text
            elif section == "next.grid":
                study.grid.append(text)
            else:
                study.next[where[1]][where[2]] = text
                text = f"{where[2]} = {text}"
            study.mark(text, says)


def independent(chosen, kind, part, needs=()):
    """Whether a mistake is of another kind than those chosen, and neither leaves open what the other is about."""
    opened = {"data-plugin": "data", "backbone-plugin": "backbone", "strategy-plugin": "strategy"}
    return not any(k == kind or opened.get(k) == part or opened.get(kind) == p or p in needs or part in n for k, p, n in chosen)


def studies():
    every = list(mistakes())
    besides = [None, "grid", "zip", "exclude", "extra"]
    number = 0
    for mistake in every:  # each alone, in each place, beside each kind of axis over the same part
        for place in ("table", "grid", "zip", "extra"):
            for beside in besides if place == "table" else [besides[number % len(besides)]]:
                study = Study()
                if beside:
                    add_beside(study, beside, mistake.part, {f"{mistake.part}.{mistake.key}", "data.per_class" if mistake.key == "images" else ""})
                add_mistake(study, mistake, place)
                number += 1
                yield study
    for kind, sections, says in WHOLE:
        for beside in besides:
            if beside == "extra" and kind == "axis-cut":
                continue  # an extra cell takes nothing from axes, and so needs a cut of its own
            study = Study()
            if beside:
                add_beside(study, beside, ("data", "backbone", "train")[number % 3], set())
            add_whole(study, sections, says)
            number += 1
            yield study
    draw = random.Random(9)
    for _ in range(150):  # several at once
        study, chosen = Study(), []
        for _ in range(draw.randint(2, 5)):
            if draw.random() < 0.6:
                mistake = draw.choice(every)
                if not independent(chosen, mistake.kind, mistake.part, mistake.needs):
                    continue
                add_mistake(study, mistake, draw.choice(("table", "table", "grid", "extra")))
                chosen.append((mistake.kind, mistake.part, mistake.needs))
            else:
                kind, sections, says = draw.choice([whole for whole in WHOLE if whole[0] != "axis-cut"])
                part = {"data-plugin": "data", "backbone-plugin": "backbone", "strategy-plugin": "strategy"}.get(kind, kind)
                if not independent(chosen, kind, part):
                    continue
                add_whole(study, sections, says)
                chosen.append((kind, part, ()))
        add_beside(study, draw.choice(besides), "data", {"data.per_class"})
        yield study


def faults_of(lines, wrong, told):
    """What is not as promised of the errors `told`, (place, message) each."""
    expected = {lines.index(line) + 1: says for line, says in wrong}
    for place, message in told:
        found = re.fullmatch(r"study\.toml:(\d+):(\d+)", place)
        if not found:
            yield f"no place: {place}: {message}"
        elif int(found[1]) not in expected:
            yield f"a consequence, or the wrong place: {place}: {message}"
        elif expected[int(found[1])] not in message:
            yield f'does not say "{expected[int(found[1])]}": {place}: {message}'
    at = collections.Counter(place.split(":")[1] if ":" in place else place for place, _ in told)
    for line, says in expected.items():
        if at[str(line)] != 1:
            yield f"line {line} ({says}) is told {at[str(line)]} times"


def main():
    failed = count = 0
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, XDG_CACHE_HOME=folder + "/cache")
        for number, study in enumerate(studies()):
            if show not in (None, number):
                continue
            count += 1
            lines = list(study.lines())
            pathlib.Path(folder, "study.toml").write_text("\n".join(lines) + "\n")
            ended = subprocess.run([cambium, "check", "study.toml"], cwd=folder, env=environment, capture_output=True, text=True)
            faults = list(faults_of(lines, study.wrong, TOLD.findall(ended.stderr)))
            if ended.returncode != 2:
                faults.append(f"exit status {ended.returncode}")
            if show is not None:
                print(*(f"{at + 1:3} {line}" for at, line in enumerate(lines)), ended.stderr, sep="\n")
            if faults:
                failed += 1
                print(f"study {number}: {'; '.join(says for _, says in study.wrong)}", *faults, sep="\n    ")
    print(f"{count} studies, {failed} not as promised")
    return 1 if failed else 0


sys.exit(main())
