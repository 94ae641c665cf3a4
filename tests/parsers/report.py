"""What readers make of the documents of the `parse` cases, as a page.

Usage: report.py VERDICTS EXPLANATIONS PAGE READER=VERSION ...

VERDICTS is a folder with what `referee parse-suite` printed for each reader. EXPLANATIONS has a block for each reason:
a line with the readers, the verdict and the reason, and below it, indented, patterns of ids that it explains. The verdict
`unaware` is that of a reader that accepts a document as what it is besides, and cannot know the rules that it breaks.
"""

import os
import re
import sys

folder, explanations, page, *readers = sys.argv[1:]
readers = [reader.split("=", 1) for reader in readers]


def matches(case, pattern):
    """Whether a pattern, in which only a star is special, is one of this id."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), case) is not None


def verdicts(name):
    """The disagreements of a reader as (verdict, id, what is owed), and how many documents it was asked and read."""
    found = []
    for line in open(os.path.join(folder, name), encoding="utf-8"):
        if match := re.match(r"(accepted|refused|failed) +(\S+)  (.*)$", line):
            found.append(match.groups())
        elif match := re.match(r"(\d+) documents(?:, (\d+) of a kind)?", line):
            asked, unread = int(match[1]), int(match[2] or 0)
    return found, asked, asked - unread


reasons = []
for number, line in enumerate(open(explanations, encoding="utf-8"), 1):
    if not line.strip() or line.startswith("#"):
        continue
    if line[0].isspace():
        reasons[-1]["patterns"].append(line.strip())
    else:
        names, verdict, text = line.strip().split(maxsplit=2)
        reasons.append({"readers": names.split(","), "verdict": verdict, "text": text, "patterns": [], "line": number})

wrong = []
used = set()
rows = []
sections = []
for name, version in readers:
    found, asked, read = verdicts(name)
    groups = {}
    for verdict, case, says in found:
        for index, reason in enumerate(reasons):
            if (
                name in reason["readers"]
                and reason["verdict"] in (verdict, "unaware" if verdict == "accepted" else verdict)
                and any(matches(case, pattern) for pattern in reason["patterns"])
            ):
                used.update((index, pattern) for pattern in reason["patterns"] if matches(case, pattern))
                groups.setdefault(index, []).append(case)
                break
        else:
            wrong.append(f"{name} {verdict} {case}: {says}")
    unaware = sum(len(cases) for index, cases in groups.items() if reasons[index]["verdict"] == "unaware")
    accepted = sum(verdict == "accepted" for verdict, *_ in found) - unaware
    refused = sum(verdict == "refused" for verdict, *_ in found)
    failed = len(found) - unaware - accepted - refused
    numbers = [read, read - len(found), unaware, accepted, refused, failed]
    rows.append(f"| [{name}](#{name}) {version} | " + " | ".join(map(str, numbers)) + " |")
    lines = [f"## {name}", "", "| verdict | documents | why |", "| --- | --- | --- |"]
    for index, cases in sorted(groups.items()):
        lines.append(f"| {reasons[index]['verdict']} | {len(cases)} | {reasons[index]['text']} |")
    lines.append("")
    lines.append("<details><summary>every document</summary>")
    lines.append("")
    for index, cases in sorted(groups.items()):
        lines.append(f"{reasons[index]['verdict'].capitalize()}: {reasons[index]['text']}")
        lines.append("")
        lines += [f"- `{case}`" for case in cases] + [""]
    lines += ["</details>", ""]
    sections.append("\n".join(lines))

for index, reason in enumerate(reasons):
    if not set(reason["readers"]) <= {name for name, _ in readers}:
        continue
    for pattern in reason["patterns"]:
        if (index, pattern) not in used:
            wrong.append(f"{explanations}:{reason['line']}: `{pattern}` explains nothing any more")

text = "\n".join(
    [
        "# What other readers make of the documents",
        "",
        "Made by `BLESS=1 tests/parsers/run` from the documents of the `parse` cases, which `referee parse-suite --emit DIR` writes as",
        "files. Each reader is asked about the kinds that it reads, by the media type. *Owed* is the verdict of the specification that",
        "the case names; a reader that only means to extract what its program needs breaks nothing by taking more than that, but two",
        "readers that take one document in two ways are how a signature comes to cover something else than what runs. *Unaware* is a",
        "reader of a document that breaks rules of another family than the one it is read as, such as those of an encrypted layer.",
        "",
        "| reader | read | as owed | unaware | accepted, though refusal is owed | refused, though acceptance is owed | no verdict |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        *sections,
    ]
)
text = text.rstrip("\n") + "\n"
if os.environ.get("BLESS"):
    open(page, "w", encoding="utf-8").write(text)
elif not wrong and open(page, encoding="utf-8").read() != text and len(readers) > 1:
    wrong.append(f"{page} is not current: run this with BLESS=1")
for line in wrong:
    print(line)
print(f"{len(readers)} readers, {len(wrong)} things to explain")
sys.exit(bool(wrong))
