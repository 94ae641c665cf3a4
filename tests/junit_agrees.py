"""The counts of a JUnit file, read by an independent parser, agree with those of the JSON report."""

import json
import sys

from junitparser import Error, Failure, JUnitXml, Skipped

junit, report = sys.argv[1:]
cases = [case for suite in JUnitXml.fromfile(junit) for case in suite]
names = [(case.classname, case.name) for case in cases]
assert len(names) == len(set(names)), "two test cases share class and name"


def count(kind):
    return sum(any(isinstance(result, kind) for result in case.result) for case in cases)


with open(report, encoding="utf-8") as file:
    counts = json.load(file)["counts"]
seen = {
    "total": len(cases),
    "fail": count(Failure),
    "error and broken": count(Error),
    "skip": count(Skipped),
}
said = {
    "total": sum(counts.values()),
    "fail": counts["fail"],
    "error and broken": counts["error"] + counts["broken"],
    "skip": counts["skip"],
}
assert seen == said, f"JUnit has {seen}, JSON has {said}"
print(f"JUnit and JSON agree: {seen}")
