"""Validates a folder of case files against the schemas that `referee schema` prints.

Usage: schema_agrees.py REFEREE FOLDER [--bad]: with --bad, every file that is YAML at all has to be refused.
Needs the packages pyyaml and jsonschema.
"""

import json
import pathlib
import subprocess
import sys

import jsonschema
import yaml

KINDS = ["cases", "document", "profiles", "capabilities", "always"]


def validator(referee, kind):
    schema = json.loads(subprocess.check_output([referee, "schema", "--of", kind]))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def main():
    referee, folder, bad = sys.argv[1], pathlib.Path(sys.argv[2]), "--bad" in sys.argv
    validators = {kind: validator(referee, kind) for kind in KINDS}
    files = sorted(folder.rglob("*.yaml"))
    wrong = 0
    for path in files:
        kind = "cases"
        if path.parent.name == "spec":
            kind = path.stem if path.stem in KINDS else "document"
        try:
            document = yaml.safe_load(path.read_text())
        except yaml.YAMLError as error:
            wrong += not bad
            print(f"{path}: {error}")
            continue
        error = jsonschema.exceptions.best_match(validators[kind].iter_errors(document))
        if (error is None) == bad:
            wrong += 1
            print(f"{path}: {error.json_path + ': ' + error.message if error else 'not refused'}")
    print(f"{len(files)} files, {wrong} not as they should be")
    return 1 if wrong or not files else 0


sys.exit(main())
