#!/usr/bin/env python3
"""Reads what the official conformance suite says, beside what Referee says.

official.py collect JUNIT EXIT_CODE         what the suite said, as JSON: each check with how often it passed, failed, was skipped
official.py compare NAME=RESULT=REPORT ...  the table of every disagreement; ends with 1 where one has no explanation
official.py mutants FOLDER LISTS VERSION... what the suite notices of planted violations
official.py put MARK SECTION PAGE           writes a section between its marks in a page

NAME is registry@version, RESULT what `collect` wrote and REPORT Referee's report.json. The topics by which both are compared are in
official-topics.tsv, and the explanations in official-explained.tsv.
"""
import fnmatch
import json
import os
import re
import sys
import xml.etree.ElementTree as tree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = "OCI Conformance Test/"
# The settings by which the suite can be told of an allowed choice; it does not find out by itself.
SETTINGS = {
    "blob-deletion-off-400": "OCI_API_BLOBS_DELETE=false",
    "deletion-delayed": "OCI_API_…_ATOMIC=false",
    "no-referrers": "OCI_API_REFERRER=false",
    "retention-unaware": "OCI_API_REFERRER=false",
    "no-sha-512": "OCI_DATA_SHA512=false",
    "empty-blobs-off": "OCI_DATA_EMPTY_BLOB=false",
    "tag-parameters-off": "OCI_API_MANIFESTS_TAG_PARAM=false",
    "uploads-without-digest-header": "OCI_API_BLOBS_DIGEST_HEADER=false",
}
STATES = {"passed": "pass", "failure": "fail", "error": "fail", "skipped": "skip"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def rows(name, columns):
    """The lines of a table of ours."""
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                fields = line.split("\t")
                if len(fields) != columns:
                    sys.exit(f"{name}: {len(fields)} columns instead of {columns}: {line}")
                yield fields


def shortened(text):
    """What a check says, without the middle of the bodies in it."""
    lines = [line if len(line) < 400 else line[:200] + " ... " + line[-200:] for line in text.splitlines()]
    return "\n".join(lines[:20] + lines[20:][-20:])


def collect(junit, code):
    """Every check by its name. Content has no order in the suite, so checks of one name are counted, not numbered."""
    checks = {}
    if os.path.exists(junit):
        for case in tree.parse(junit).getroot().iter("testcase"):
            name = case.get("name").removeprefix(ROOT)
            check = checks.setdefault(name, {"pass": 0, "fail": 0, "skip": 0, "says": []})
            state = STATES[case.get("status")]
            check[state] += 1
            said = shortened(case.findtext("system-out") or "")
            if state != "pass" and said:
                check["says"].append([state, said])
    return {"exit": code, "checks": checks}


class Topic:
    """One question that both ask."""

    def __init__(self, name, checks, says, requirements):
        self.name = name
        self.checks = re.compile(checks)
        self.says = re.compile(says, re.DOTALL)
        self.requirements = requirements.split()

    def of_suite(self, checks):
        """How often the suite failed, passed and skipped it, and what its failures say."""
        count = {"fail": 0, "pass": 0, "skip": 0}
        says = []
        for name, check in checks.items():
            if not self.checks.search(name):
                continue
            count["pass"] += check["pass"]
            count["skip"] += check["skip"]
            for state, said in check["says"]:
                if state == "fail" and self.says.search(said):
                    count["fail"] += 1
                    says.append((name, said))
        return count, says

    def of_referee(self, requirements):
        """The requirements of the topic by what became of them."""
        sorts = {"fail": [], "warn": [], "held": []}
        for one in requirements:
            if not any(fnmatch.fnmatchcase(one["id"], glob) for glob in self.requirements):
                continue
            if one["broken"] and one["level"].startswith("must"):
                sorts["fail"].append(one["id"])
            elif one["broken"] and one["level"].startswith("should"):
                sorts["warn"].append(one["id"])
            elif one["held"]:
                sorts["held"].append(one["id"])
        return sorts


def verdict(count):
    for state in ("fail", "pass", "skip"):
        if count[state]:
            return state
    return "not asked"


def explanation(table, registry, version, topic):
    for registries, versions, name, right, text in table:
        if name == topic and registry in registries.split() and version in versions.split():
            return right, text
    return None


def one_line(name, text):
    """What a check said, fit for a table: digests and hosts have no meaning there."""
    text = re.sub(r"sha(256|512):[0-9a-f]{16,}", r"sha\1:…", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text).splitlines()
    text = next((line for line in text if "unexpected status" in line), text[0]) if text else ""
    return f"`{name}`: " + text.replace("|", "\\|")[:170]


def compare(arguments):
    topics = [Topic(*fields) for fields in rows("official-topics.tsv", 4)]
    table = list(rows("official-explained.tsv", 5))
    faults = []
    numbers = []
    pages = {}
    for argument in arguments:
        name, result, report = argument.split("=")
        registry, version = name.split("@")
        checks = read(result)["checks"]
        report = read(report)
        requirements = report["requirements"]
        findings = [one for one in report["findings"] if not one.get("known")]
        failing = {one["requirement"] for one in findings if one["weight"] == "fail"}
        page = pages.setdefault(registry, {})
        number = {
            "name": name,
            "checks": sum(sum(check[state] for state in ("pass", "fail", "skip")) for check in checks.values()),
            "failed": sum(check["fail"] for check in checks.values()),
            "agreed": 0, "milder": 0, "alone": 0,
            "skipped": sum(check["skip"] for check in checks.values()),
            "cases": sum(report["counts"].values()),
            "judged": sum(1 for one in requirements if one["held"] + one["broken"]),
            "findings": len(failing),
            "warnings": sum(1 for one in findings if one["weight"] == "warn"),
            "both pass": 0, "both fail": 0, "severity": 0, "suite alone": 0, "referee alone": 0, "not asked": 0,
        }
        placed, confirmed = set(), set()
        elsewhere = {one for topic in topics if topic.of_suite(checks)[0]["fail"] for one in topic.of_referee(requirements)["fail"]}
        for topic in topics:
            count, says = topic.of_suite(checks)
            ours = topic.of_referee(requirements)
            placed.update((check, said) for check, said in says)
            theirs = verdict(count)
            if theirs == "fail":
                confirmed.update(ours["fail"])
            if theirs == "fail" and ours["fail"]:
                number["both fail"] += 1
                continue
            seen = {"fail": f"{count['fail']} failed, such as " + one_line(*says[0]) if says else "", "pass": f"{count['pass']} passed",
                    "skip": f"{count['skip']} skipped", "not asked": "did not come to it"}[theirs]
            if theirs == "fail":
                kind = "severity" if ours["warn"] else "suite alone"
            elif ours["fail"]:
                # What the suite sees under another topic is confirmed there.
                if set(ours["fail"]) <= elsewhere:
                    continue
                kind = "referee alone"
            elif theirs == "pass" and ours["warn"]:
                kind = "severity"
            else:
                # Nothing can be agreed upon where one of the two did not look.
                number["both pass"] += bool(theirs == "pass" and ours["held"])
                continue
            number[kind] += 1
            explained = explanation(table, registry, version, topic.name)
            if explained is None:
                faults.append(f"{name}: no explanation of {topic.name}: {seen}; Referee {ours}")
                continue
            row = page.setdefault((topic.name, explained), {"versions": [], "seen": seen, "ours": said_by_referee(ours)})
            row["versions"].append(version)
        of_topics = [(topic, topic.of_referee(requirements)) for topic in topics]
        for check, outcome in checks.items():
            for state, said in outcome["says"]:
                if state != "fail":
                    continue
                if (check, said) not in placed:
                    faults.append(f"{name}: no topic for {check}: {said}")
                ours = [sorts for topic, sorts in of_topics if topic.checks.search(check) and topic.says.search(said)]
                number["agreed" if any(one["fail"] for one in ours) else "milder" if any(one["warn"] for one in ours) else "alone"] += 1
        asked = {one["id"] for one in requirements for topic in topics
                 if any(fnmatch.fnmatchcase(one["id"], glob) for glob in topic.requirements)}
        number["confirmed"] = len(confirmed)
        for finding in findings:
            if finding["requirement"] in asked:
                continue
            number["not asked"] += finding["weight"] == "fail"
            unasked = page.setdefault("not asked" if finding["weight"] == "fail" else "not warned of", {})
            unasked.setdefault(finding["requirement"], (finding, []))[1].append(version)
        numbers.append(number)
    write_comparison(numbers, pages)
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(bool(faults))


def said_by_referee(ours):
    parts = []
    for sort in ("fail", "warn"):
        if ours[sort]:
            parts.append(f"{sort} " + ", ".join(f"`{one}`" for one in ours[sort]))
    if not parts:
        parts.append("holds: " + ", ".join(f"`{one}`" for one in ours["held"][:4]) if ours["held"] else "not judged")
    return "; ".join(parts)


def write_comparison(numbers, pages):
    columns = ["checks", "failed", "agreed", "milder", "alone", "skipped", "cases", "judged", "findings", "warnings",
               "both pass", "both fail", "severity", "suite alone", "referee alone", "confirmed", "not asked"]
    print("| registry, version | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for number in numbers:
        print(f"| {number['name'].replace('@', ', ')} | " + " | ".join(str(number[column]) for column in columns) + " |")
    for registry, page in pages.items():
        unasked, unwarned = page.pop("not asked", {}), page.pop("not warned of", {})
        print(f"\n### {registry}\n")
        print("| topic | versions | the suite | Referee | who is right | why |")
        print("| --- | --- | --- | --- | --- | --- |")
        for (topic, (right, text)), row in page.items():
            print(f"| {topic} | {', '.join(row['versions'])} | {row['seen']} | {row['ours']} | {right} | {text} |")
        if unasked:
            print("\nBroken *musts* that the suite has no question for:\n")
            print("| requirement | versions | what it asks |")
            print("| --- | --- | --- |")
            for requirement, (finding, versions) in unasked.items():
                print(f"| `{requirement}` | {', '.join(versions)} | {finding['text']} ([{finding['section']}]({finding['link']})) |")
        if unwarned:
            print("\nWarnings of Referee that it has no question for: " + ", ".join(f"`{one}`" for one in sorted(unwarned)) + ".")


def mutants(folder, lists, versions):
    """What the suite notices of the planted violations, and which allowed choices it accuses."""
    levels = {version: dict(re.fullmatch(r"(\S+) \((.+)\)", one["name"]).groups() for one in read(f"{lists}/requirements.{version}.json"))
              for version in versions}

    def result(version, kind, name):
        path = os.path.join(folder, f"{version}.{kind}.{name}.json")
        return read(path) if os.path.exists(path) else None

    def seen(one):
        return one is not None and one["exit"] != 0

    def skips(one):
        return {name for name, check in one["checks"].items() if check["skip"]}

    planted = {}
    for one in read(f"{lists}/mutants.json"):
        if not one["name"].startswith("deep-"):
            planted[one["name"]] = re.search(r"\[breaks (\S+)\]", one["says"]).group(1)
    noticed = {}
    skipped = []
    for name in planted:
        outcomes = [(version, result(version, "mutant", name)) for version in versions]
        if outcomes[0][1] is None:
            sys.exit(f"{name} was not tried with {versions[0]}")
        noticed[name] = next((version for version, one in outcomes if seen(one)), None)
        plain = read(os.path.join(folder, f"{versions[0]}.plain.json"))
        if noticed[name] is None and not planted[name].startswith("dist-auth") and skips(outcomes[0][1]) - skips(plain):
            skipped.append(name)

    first = versions[0]
    print("| planted violations | of them | noticed with " + first + " | with " + " or ".join(versions) + " |")
    print("| --- | ---: | ---: | ---: |")
    groups = {"all": lambda breaks: True}
    for version in versions:
        groups[f"of a *must* of {version}"] = lambda breaks, v=version: levels[v].get(breaks, "").startswith("must")
        groups[f"of a *should* of {version}"] = lambda breaks, v=version: levels[v].get(breaks, "").startswith("should")
    groups["of what the OCI profiles do not ask"] = lambda breaks: not any(breaks in levels[v] for v in versions)
    for title, fits in groups.items():
        names = [name for name, breaks in planted.items() if fits(breaks)]
        one = sum(1 for name in names if noticed[name] == first)
        both = sum(1 for name in names if noticed[name])
        share = f" ({100 * both // len(names)} %)" if names else ""
        print(f"| {title} | {len(names)} | {one} | {both}{share} |")
    broken = {breaks for breaks in planted.values() if any(levels[v].get(breaks, "").startswith("must") for v in versions)}
    found = {planted[name] for name in planted if noticed[name]}
    print(f"\nOf {len(broken)} *musts* with a planted violation, the suite notices one at least for {len(broken & found)}.")
    hangs = [name for name in planted for version in versions if (result(version, "mutant", name) or {}).get("exit") == 124]
    if hangs:
        print("\nIt comes to no end, which counts as noticed: " + ", ".join(f"`{name}`" for name in hangs) + ".")
    if skipped:
        print(f"\nFor {len(skipped)} it only says that something is not supported, which fails nothing: "
              + ", ".join(f"`{name}`" for name in skipped) + ".")

    print("\n### Allowed choices that it accuses\n")
    print("| variant | versions | what it is, and the sentence that allows it | the suite says | setting |")
    print("| --- | --- | --- | --- | --- |")
    variants = read(f"{lists}/variants.json")
    accused = untold = 0
    for one in variants:
        versions_of, said = [], ""
        for version in versions:
            outcome = result(version, "variant", one["name"])
            # What earlier versions leave open, dev may forbid.
            if seen(outcome) and not (version == "dev" and "[Up to 1.1.1" in one["says"]):
                versions_of.append(version)
                failing = [(name, check) for name, check in outcome["checks"].items() if check["fail"]]
                total = sum(check["fail"] for _, check in failing)
                if failing and not said:
                    name, check = failing[0]
                    told = [entry if isinstance(entry, str) else entry[1] for entry in check["says"]]
                    said = f"{total} failed, such as " + one_line(name, told[0] if told else "")
        if versions_of:
            accused += 1
            untold += one["name"] not in SETTINGS
            print(f"| `{one['name']}` | {', '.join(versions_of)} | {one['says']} | {said or 'comes to no end'} "
                  f"| {SETTINGS.get(one['name'], '')} |")
    print(f"\nThat is {accused} of {len(variants)} variants, {untold} of them without a setting for it; Referee accuses none (`cargo test --test prove`).")

    print("\n### Which violations\n")
    print("| requirements | noticed | not noticed |")
    print("| --- | --- | --- |")
    areas = {}
    for name, breaks in planted.items():
        # The distribution specification is told by its sections, all else by its document.
        parts = breaks.split("-")
        areas.setdefault("-".join(parts[:2 if parts[0] == "dist" else 1]), []).append(name)
    for area, names in sorted(areas.items()):
        yes = [f"`{name}`" + ("" if noticed[name] == first else f" ({noticed[name]})") for name in names if noticed[name]]
        no = [f"`{name}`" for name in names if not noticed[name]]
        print(f"| {area}-* | {len(yes)}: {', '.join(yes)} | {len(no)}: {', '.join(no)} |")


def put(mark, section, page):
    with open(page, encoding="utf-8") as file:
        text = file.read()
    with open(section, encoding="utf-8") as file:
        new = file.read()
    begin, end = f"<!-- begin {mark} -->\n", f"<!-- end {mark} -->"
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    with open(page, "w", encoding="utf-8") as file:
        file.write(before + begin + new + end + after)


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "collect":
        print(json.dumps(collect(arguments[0], int(arguments[1]))))
    elif command == "compare":
        compare(arguments)
    elif command == "mutants":
        mutants(arguments[0], arguments[1], arguments[2:])
    elif command == "put":
        put(*arguments)
    else:
        sys.exit(f"unknown command {command}")


if __name__ == "__main__":
    main()
