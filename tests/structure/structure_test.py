"""Holds the includes below runner/ against the table of rooms in docs/architecture.md.

    python3 structure_test.py CHECKOUT
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
runner = root / "runner"

# What a room may include, beside itself; the same as docs/architecture.md says.
MAY = {
    "include": set(),
    "sdk": {"include"},
    "protocol": {"include"},
    "weights": {"include"},
    "study": {"include", "protocol"},
    "plan": {"include", "protocol", "study", "weights"},
    "store": {"include"},
    "report": {"include", "store"},
    "page": {"include", "store", "report", "study"},
    "exec": {"include", "protocol", "study", "plan", "store", "weights"},
    "cli": {"include", "protocol", "study", "plan", "store", "report", "page", "exec", "weights"},
    "plugins": {"include", "protocol"},
    "measures": {"include"},
    "engine": {"include", "protocol", "plugins", "weights", "measures"},
    "worker": {"include", "protocol", "plugins", "engine", "weights"},
}
TORCH_ROOMS = {"plugins", "measures", "engine", "worker"}
TORCH_HEADERS = {"backbone.h", "dataset.h", "exported_program.h", "module.h", "nn.h", "plugin.h", "strategy.h"}
ONLY = {"sqlite3.h": "store", "boost/dll": "plugins", "toml++": "study"}

faults = []
files = [p for p in runner.rglob("*") if p.suffix in {".h", ".cpp"}]
for path in files:
    relative = path.relative_to(runner)
    room = relative.parts[0]
    torch_allowed = room in TORCH_ROOMS or "torch" in relative.parts or path.name in TORCH_HEADERS
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        name = match.group(2)
        where = f"runner/{relative}:{number}"
        for header, owner in ONLY.items():
            if name.startswith(header) and room != owner:
                faults.append(f"{where}: only runner/{owner} includes {header}")
        torch = re.match(r"(ATen|c10|torch)/", name) or (name.startswith("cambium/") and name.split("/")[1] in TORCH_HEADERS)
        if torch and not torch_allowed:
            faults.append(f"{where}: {name} brings LibTorch into a room that has none")
        if match.group(1) == '"':
            target = "include" if name.startswith("cambium/") else name.split("/")[0]
            if target in MAY and target != room and target not in MAY[room]:
                faults.append(f"{where}: {room} may not include {target}")
            if re.match(r"(backbones|datasets|strategies)/", name):
                faults.append(f"{where}: nothing includes a plugin")

table = (root / "docs/architecture.md").read_text()
for room in MAY:
    if f"runner/{room}" not in table:
        faults.append(f"docs/architecture.md does not name runner/{room}")
for path in runner.iterdir():
    if path.is_dir() and path.name not in MAY:
        faults.append(f"runner/{path.name} is no room of docs/architecture.md")
if len((runner / "cli/main.cpp").read_text().splitlines()) >= 60:
    faults.append("runner/cli/main.cpp does more than dispatch")

print("\n".join(faults) or f"{len(files)} files keep to their rooms")
sys.exit(1 if faults else 0)
