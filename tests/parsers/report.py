"""What readers make of the documents of the `parse` cases, as a page.

Usage: report.py VERDICTS EXPLANATIONS PAGE READER=VERSION ...

VERDICTS is a folder with what `referee parse-suite` printed for each reader. EXPLANATIONS has a block for each reason:
a line with the reader, the verdict and the reason, and below it, indented, patterns of ids that it explains.
"""

import fnmatch
import os
import re
import sys

folder, explanations, page, *readers = sys.argv[1:]
readers = [reader.split("=", 1) for reader in readers]


def verdicts(name):
    """The disagreements of a reader as (verdict, id, what is owed), and how many documents it was asked and read."""
    found = []
    for line in open(os.path.join(folder, name), encoding="utf-8"):
        if match := re.match(r"(accepted|refused) +(\S+)  (.*)$", line):
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
                and reason["verdict"] == verdict
                and any(fnmatch.fnmatchcase(case, pattern) for pattern in reason["patterns"])
            ):
                used.update((index, name, pattern) for pattern in reason["patterns"] if fnmatch.fnmatchcase(case, pattern))
                groups.setdefault(index, []).append(case)
                break
        else:
            wrong.append(f"{name} {verdict} {case}: {says}")
    accepted = sum(verdict == "accepted" for verdict, *_ in found)
    rows.append(f"| [{name}](#{name}) {version} | {read} | {read - len(found)} | {accepted} | {len(found) - accepted} |")
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

for reason_index, reason in enumerate(reasons):
    for name in reason["readers"]:
        if name not in dict(readers):
            continue
        for pattern in reason["patterns"]:
            if not any((reason_index, other, pattern) in used for other in reason["readers"]):
                wrong.append(f"{explanations}:{reason['line']}: `{pattern}` explains nothing any more")
                break

text = "\n".join(
    [
        "# What other readers make of the documents",
        "",
        "Made by `BLESS=1 tests/parsers/run` from the documents of the `parse` cases, which `referee parse-suite --emit DIR` writes as",
        "files. Each reader is asked about the kinds that it reads, by the media type. *Owed* is the verdict of the specification that",
        "the case names; a reader that only means to extract what its program needs breaks nothing by taking more than that, but two",
        "readers that take one document in two ways are how a signature comes to cover something else than what runs.",
        "",
        "| reader | read | as owed | accepted, though refusal is owed | refused, though acceptance is owed |",
        "| --- | --- | --- | --- | --- |",
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
