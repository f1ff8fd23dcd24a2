# shellcheck shell=bash
# Runs the fuzz targets of tests/fuzz one after the other. Needs common.sh, packages.sh and build.sh.

# shellcheck disable=SC2034,SC2154  # packages.sh reads it
PACKAGES[fuzz]="clang++-14:clang-14 libclang-rt-14-dev llvm-symbolizer-14:llvm-14"
FUZZ_TARGETS="stomp_decoder ws_decoder utf8 session wire query jwt jwks users_file"
# How many executions of a campaign a target gets for each one of the others: the decoders meet every byte of
# everyone, and are quick.
declare -A FUZZ_WEIGHTS=([stomp_decoder]=10 [ws_decoder]=10)
# What targets have found interesting stays here and is where the next run begins; findings stay, too.
FUZZ_DIR=$ROOT/build/fuzzing

# run_fuzz_targets SECONDS: each target for that long; fails when one of them has a finding.
run_fuzz_targets() {
  local target failed=0
  need_number --fuzz "$1" 1 86400
  prepare_fuzzing
  for target in $FUZZ_TARGETS; do
    run_fuzz_target "$target" "for $1 s" -max_total_time="$1" || failed=1
  done
  return "$failed"
}

# run_fuzz_campaign EXECUTIONS: so many in all, shared out over the targets; fails when one has a finding. Inputs
# are short, so that there can be many.
run_fuzz_campaign() {
  local target runs all=0 failed=0
  need_number --fuzz-runs "$1" 1000 999999999
  prepare_fuzzing
  for target in $FUZZ_TARGETS; do all=$((all + ${FUZZ_WEIGHTS[$target]:-1})); done
  for target in $FUZZ_TARGETS; do
    runs=$(($1 * ${FUZZ_WEIGHTS[$target]:-1} / all))
    run_fuzz_target "$target" "$runs times" -runs="$runs" -max_len=512 || failed=1
  done
  return "$failed"
}

prepare_fuzzing() {
  ensure_packages build fuzz
  build_cpp fuzz fuzz_targets
  printf '%-14s %12s %9s  %s\n' TARGET EXECUTIONS SECONDS FINDING
}

# run_fuzz_target TARGET HOW_MUCH FLAG...: prints its line of the table. One of the FLAGs ends it.
run_fuzz_target() {
  local target=$1 status=0 started=$SECONDS
  local grown=$FUZZ_DIR/corpus/$target found=$FUZZ_DIR/findings log=$FUZZ_DIR/$target.log
  local program
  program=$(build_dir fuzz)/tests/fuzz/fuzz_$target
  mkdir -p "$grown" "$found"
  say "fuzzing $target $2"
  # Without entropic scheduling, whose bookkeeping takes longer than a session does. The timeout is by the clock on
  # the wall, and others may use the machine.
  "$program" -max_len=2048 -timeout=60 -rss_limit_mb=2048 \
    -entropic=0 -print_final_stats=1 -dict="$ROOT/tests/fuzz/dictionaries/$target.dict" \
    -artifact_prefix="$found/$target-" "${@:3}" "$grown" "$ROOT/tests/fuzz/corpus/$target" \
    >"$log" 2>&1 || status=$?
  # libFuzzer's own word for ^C.
  ((status != 72)) || exit 130
  printf '%-14s %12s %9s  %s\n' "$target" "$(executions "$log")" $((SECONDS - started)) \
    "$( ((status)) && reproducer "$log" || echo none)"
  ((status == 0)) || fuzz_finding "$target" "$program" "$log"
}

executions() { sed -n 's/^stat::number_of_executed_units: *//p' "$1"; }

# reproducer LOG: the file that libFuzzer wrote.
reproducer() { sed -n 's/.*Test unit written to //p' "$1" | tail -n 1; }

fuzz_finding() {
  local target=$1 program=$2 log=$3 input
  input=$(reproducer "$log")
  grep -a -m 3 -E '^finding:|ERROR: |runtime error:' "$log" >&2 || tail -n 20 "$log" >&2
  warn "$target has a finding; all that was said is in $log
   again:  $program ${input:-(no input was written)}
   mended: keep the input as a file of tests/fuzz/corpus/$target/"
  return 1
}
