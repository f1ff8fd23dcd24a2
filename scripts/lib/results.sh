# shellcheck shell=bash
# Counts what suites report and prints the summary of scripts/test. Needs common.sh.

SUITES=()        # "NAME PASSED FAILED SECONDS"
FAILED_NAMES=()  # what to look at

# record NAME PASSED FAILED SECONDS
record() { SUITES+=("$*"); }

# count_ctest JUNIT_FILE GTEST_DIR: sets PASSED and FAILED. A binary's own report says how many tests it
# has; one that left none, because it is no GoogleTest or because it crashed, counts as one test.
count_ctest() {
  local name status report tests failures
  PASSED=0 FAILED=0
  while read -r name status; do
    report=$2/${name/./_}.xml tests=1 failures=0
    if [[ -f $report ]]; then
      tests=$(attribute tests "$report")
      failures=$(attribute failures "$report")
    fi
    if [[ $status != run ]]; then
      FAILED_NAMES+=("$name")
      if ((failures == 0)); then
        failures=1
        [[ -f $report ]] && tests=$((tests + 1))
      fi
    fi
    PASSED=$((PASSED + tests - failures)) FAILED=$((FAILED + failures))
  done < <(sed -n 's/.*<testcase name="\([^"]*\)".* status="\([^"]*\)".*/\1 \2/p' "$1")
}

# attribute NAME FILE: of the first <testsuites>.
attribute() { sed -n "/<testsuites /{s/.* $1=\"\([0-9]*\)\".*/\1/p;q}" "$2"; }

# count_node OUTPUT EXIT_CODE NAME: adds to PASSED and FAILED what node's test runner summed up.
count_node() {
  local passed failed
  passed=$(sed -nE 's/^(#|ℹ) pass ([0-9]+)$/\2/p' "$1" | tail -n 1)
  failed=$(sed -nE 's/^(#|ℹ) (fail|cancelled) ([0-9]+)$/\3/p' "$1" | paste -sd+)
  passed=${passed:-0} failed=$((${failed:-0}))
  if (($2 != 0 && failed == 0)); then failed=1; fi
  if ((failed)); then FAILED_NAMES+=("$3"); fi
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
}

# summary: the table, then the line that sums it up. Fails when anything failed.
summary() {
  local suite passed=0 failed=0 name p f seconds
  printf '\n%-14s %8s %8s %9s\n' SUITE PASSED FAILED SECONDS
  for suite in "${SUITES[@]}"; do
    read -r name p f seconds <<<"$suite"
    printf '%-14s %8s %8s %9s\n' "$name" "$p" "$f" "$seconds"
    passed=$((passed + p)) failed=$((failed + f))
  done
  ((${#FAILED_NAMES[@]} == 0)) || printf 'failed: %s\n' "${FAILED_NAMES[*]}"
  printf '%s passed, %s failed\n' "$passed" "$failed"
  ((failed == 0))
}
