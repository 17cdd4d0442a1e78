"""Holds the code to .clang-format, where the clang-format of Debian 12 is installed: others lay out a little differently.

    python3 format_test.py CHECKOUT
"""
import pathlib
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
try:
    version = subprocess.run(["clang-format", "--version"], capture_output=True, text=True).stdout
except FileNotFoundError:
    version = ""
if " 14." not in version:
    print("clang-format 14 is not here")
    sys.exit(77)
files = [path for room in ("runner", "plugins", "tests", "scripts") for kind in ("*.h", "*.cpp") for path in (root / room).rglob(kind)]
run = subprocess.run(["clang-format", "--dry-run", "-Werror", *files])
print(f"{len(files)} files looked at" + (": `clang-format -i FILE` mends them" if run.returncode else ""))
sys.exit(1 if run.returncode else 0)
