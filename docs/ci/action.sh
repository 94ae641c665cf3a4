#!/usr/bin/env bash
# What the GitHub action runs: certifies, shows the findings as annotations and the summary on the page of the job.
# Its settings come in INPUT_* variables, as action.yml names them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
referee=${REFEREE:-$here/target/release/referee}
out=${INPUT_OUT:-referee-report}

arguments=(run --profile "${INPUT_PROFILE:-oci-1.1}" --out "$out" --format junit,json,html,markdown,github)
[ -z "${INPUT_URL:-}" ] || arguments+=("$INPUT_URL")
[ -z "${INPUT_FILTER:-}" ] || arguments+=(--filter "$INPUT_FILTER")
[ "${INPUT_STRICT:-false}" != true ] || arguments+=(--strict)
[ -z "${INPUT_KNOWN_FAILURES:-}" ] || arguments+=(--known-failures "$INPUT_KNOWN_FAILURES")
[ -n "${REFEREE_USERNAME:-}" ] || unset REFEREE_USERNAME REFEREE_PASSWORD

code=0
"$referee" "${arguments[@]}" || code=$?
[ ! -f "$out/annotations.txt" ] || cat "$out/annotations.txt"
[ ! -f "$out/report.md" ] || cat "$out/report.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
case $code in
  0) result=conforms ;;
  1) result=findings ;;
  *) result=failed ;;
esac
echo "result=$result" >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$code"
