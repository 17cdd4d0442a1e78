"""Counts what ctest ran, one by one: each case of a GoogleTest program, and each other test.

    python3 count_tests.py BUILD REPORTS

REPORTS holds ctest's ctest.xml and a JSON report of each GoogleTest program that came to its end. All the cases of a program
that did not are failures. The last line is "N passed, N failed[, N skipped]"; the exit status is 1 if any failed or none ran.
"""
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

build, reports = map(pathlib.Path, sys.argv[1:])


def case_results(report):
    """The result of each case of a GoogleTest report, with the case's name."""
    for suite in json.loads(report.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            name = f'{suite["name"]}.{case["name"]}'
            if "failures" in case:
                yield "failed", name
            elif case["result"] == "SKIPPED":
                yield "skipped", name
            elif case["result"] == "COMPLETED":
                yield "passed", name


def cases_of(program):
    listing = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True).stdout
    return sum(line.startswith("  ") for line in listing.splitlines())


def results_of(test):
    """The results of one entry of ctest."""
    name = test.get("name")
    skipped = test.find("skipped")
    ended_well = test.get("status") == "run"
    program = build / "tests" / f"{name}_test"
    report = reports / f"{name}_test.json"
    if report.exists():
        results = list(case_results(report))
        if not ended_well and all(result != "failed" for result, _ in results):
            results.append(("failed", f"{name}: failed after its last case"))
        return results
    if program.exists():
        return [("failed", f"{name}: ended without a report, so all its cases count as failed")] * max(1, cases_of(program))
    if skipped is not None and skipped.get("message", "").startswith("SKIP_"):
        return [("skipped", name)]
    return [("passed" if ended_well else "failed", name)]


results = [r for test in xml.etree.ElementTree.parse(reports / "ctest.xml").getroot().iter("testcase") for r in results_of(test)]
count = {what: sum(result == what for result, _ in results) for what in ("passed", "failed", "skipped")}
for what in ("skipped", "failed"):
    for name in dict.fromkeys(name for result, name in results if result == what):
        print(f"{what}: {name}")
print(f'{count["passed"]} passed, {count["failed"]} failed' + (f', {count["skipped"]} skipped' if count["skipped"] else ""))
sys.exit(1 if count["failed"] or not results else 0)
