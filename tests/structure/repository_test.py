"""Holds the repository to its own rules: what lies at the top, how long a file is, that links and named files exist.

    python3 repository_test.py CHECKOUT
"""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1]).resolve()
TOP = {".ci", ".clang-format", ".clang-tidy", ".gitignore", "CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "cmake",
       "docs", "experiments", "plugins", "results", "runner", "scripts", "tests"}
LONGEST = 400  # lines

listing = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
if listing.returncode != 0:
    print("not a git checkout: nothing to hold to")
    sys.exit(77)
files = [pathlib.Path(name) for name in listing.stdout.splitlines() if (root / name).is_file()]
faults = []

for name in sorted({path.parts[0] for path in files} - TOP):
    faults.append(f"{name}: the top level holds {', '.join(sorted(TOP))}, and no more")

for path in files:
    if path.suffix in {".h", ".cpp", ".py", ".cmake", ".sh"}:
        lines = (root / path).read_text().count("\n")
        if lines > LONGEST:
            faults.append(f"{path}: {lines} lines; a file has {LONGEST} at most")

pages = [path for path in files if path.suffix == ".md"]
linked = set()
for page in pages:
    text = (root / page).read_text()
    prose = re.sub(r"^(```.*?^```|    .*?$)|`[^`]*`", "", text, flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
        if not re.match(r"[a-z]+:", target):
            linked.add((root / page.parent / target).resolve())
            if not (root / page.parent / target).exists():
                faults.append(f"{page}: the link {target} leads nowhere")
    for name in re.findall(r"(?<![\w/.-])(?:cmake|docs|experiments|plugins|runner|scripts|tests)/[\w./-]+\.(?:toml|md|h|cpp|py|cmake)\b", text):
        if not (root / name).exists() and not (root / page.parent / name).exists():
            faults.append(f"{page}: names {name}, which is not there")
for page in pages:
    if page.parts[0] == "docs" and (root / page) not in linked:
        faults.append(f"{page}: no other page links to it")

print("\n".join(faults) or f"{len(files)} files keep to the rules")
sys.exit(1 if faults else 0)
