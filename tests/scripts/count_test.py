"""Holds scripts/count_tests.py to what it promises: no failure, no crash and no missing program is counted as passed.

    python3 count_test.py CHECKOUT
"""
import json
import pathlib
import subprocess
import sys
import tempfile

script = pathlib.Path(sys.argv[1]) / "scripts/count_tests.py"
faults = []


def case(name, result="COMPLETED", failed=False):
    return {"name": name, "result": result, **({"failures": [{"failure": "x"}]} if failed else {})}


def check(what, entries, reports, programs, last_line, status):
    """`entries`: (name, ctest's status, skip message); `reports`: cases by program; `programs`: what each lists."""
    with tempfile.TemporaryDirectory() as folder:
        build = pathlib.Path(folder)
        (build / "tests/reports").mkdir(parents=True)
        lines = [
            f'<testcase name="{name}" status="{state}">' + (f'<skipped message="{skip}"/>' if skip else "") + "</testcase>"
            for name, state, skip in entries
        ]
        (build / "tests/reports/ctest.xml").write_text(f"<testsuite>{''.join(lines)}</testsuite>")
        for name, cases in reports.items():
            suites = {"testsuites": [{"name": "Suite", "testsuite": cases}]}
            (build / f"tests/reports/{name}_test.json").write_text(json.dumps(suites))
        for name, count in programs.items():
            program = build / f"tests/{name}_test"
            program.write_text("#!/bin/sh\necho Suite.\n" + "echo '  Case'\n" * count)
            program.chmod(0o755)
        run = subprocess.run([sys.executable, script, build, build / "tests/reports"], capture_output=True, text=True)
        said = run.stdout.splitlines()[-1] if run.stdout else run.stderr
        if (said, run.returncode) != (last_line, status):
            faults.append(f"{what}: {said!r} and status {run.returncode}, not {last_line!r} and {status}")


check("all is well", [("a", "run", ""), ("script", "run", "")], {"a": [case("One"), case("Two")]}, {"a": 2}, "3 passed, 0 failed", 0)
check("a case fails", [("a", "fail", "")], {"a": [case("One"), case("Two", failed=True)]}, {"a": 2}, "1 passed, 1 failed", 1)
check("a case skips", [("a", "run", "")], {"a": [case("One"), case("Two", "SKIPPED")]}, {"a": 2}, "1 passed, 0 failed, 1 skipped", 0)
check("a disabled case is none", [("a", "run", "")], {"a": [case("One"), case("Two", "SUPPRESSED")]}, {"a": 2}, "1 passed, 0 failed", 0)
check("a program crashes", [("a", "fail", "")], {}, {"a": 3}, "0 passed, 3 failed", 1)
check("it crashes at its end", [("a", "fail", "")], {"a": [case("One")]}, {"a": 1}, "1 passed, 1 failed", 1)
check("a program was not built", [("a", "notrun", "Unable to find executable")], {}, {}, "0 passed, 1 failed", 1)
check("a script skips", [("s", "notrun", "SKIP_RETURN_CODE=77")], {}, {}, "0 passed, 0 failed, 1 skipped", 0)
check("nothing ran", [], {}, {}, "0 passed, 0 failed", 1)

print("\n".join(faults) or "the count is honest")
sys.exit(1 if faults else 0)
