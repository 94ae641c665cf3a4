#!/usr/bin/env bash
# What the GitHub action runs: certifies, shows the findings as annotations and the summary on the page of the job.
# Its settings come in INPUT_* variables, as action.yml names them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
referee=${REFEREE:-$here/target/release/referee}
out=${INPUT_OUT:-referee-report}

refuse() { echo "::error title=Referee::$1"; echo "result=failed" >>"${GITHUB_OUTPUT:-/dev/null}"; exit 2; }
# A name that is not set gives an empty text, which must not certify something else.
[ -n "${INPUT_URL:-}" ] || refuse "url is empty: give the address of a registry, or embedded for the reference registry"
case ${INPUT_STRICT:-false} in
  true | false) ;;
  *) refuse "strict is neither true nor false" ;;
esac

# What begins with a dash is a value all the same.
arguments=(run "--profile=${INPUT_PROFILE:-oci-1.1}" "--out=$out" --format=junit,json,html,markdown,github --wait=30s)
[ -z "${INPUT_FILTER:-}" ] || arguments+=("--filter=$INPUT_FILTER")
[ "${INPUT_STRICT:-false}" = false ] || arguments+=(--strict)
[ -z "${INPUT_KNOWN_FAILURES:-}" ] || arguments+=("--known-failures=$INPUT_KNOWN_FAILURES")
[ "$INPUT_URL" = embedded ] || arguments+=(-- "$INPUT_URL")
[ -n "${REFEREE_USERNAME:-}" ] || unset REFEREE_USERNAME REFEREE_PASSWORD

# An earlier report is not passed off as this one.
rm -f -- "$out"/{annotations.txt,report.md,report.json,report.html,junit.xml}
# What a registry says is printed, and shall give no commands to the runner: they are off until a word comes that it
# cannot know.
word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$word"
code=0
"$referee" "${arguments[@]}" || code=$?
echo "::$word::"
[ ! -f "$out/annotations.txt" ] || cat -- "$out/annotations.txt"
summary=${GITHUB_STEP_SUMMARY:-/dev/null}
if [ -f "$out/report.md" ]; then
  cat -- "$out/report.md" >>"$summary"
else
  echo "❔ Referee certified nothing: it ended with $code, see the log of the step." >>"$summary"
fi
case $code in
  0) result=conforms ;;
  1) result=findings ;;
  *) result=failed ;;
esac
echo "result=$result" >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$code"
