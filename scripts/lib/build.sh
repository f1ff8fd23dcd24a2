# shellcheck shell=bash
# Configures and builds C++ targets of a preset. Needs common.sh.

BUILD_PRESETS="dev release asan tsan fuzz"

# build_dir PRESET
build_dir() { echo "$ROOT/build/$1"; }

# check_preset NAME [ALLOWED...]
check_preset() {
  local name=$1 allowed=${*:2}
  allowed=${allowed:-$BUILD_PRESETS}
  [[ " $allowed " == *" $name "* ]] || die "preset is '$name'; allowed: ${allowed// /, }"
}

# One compiler takes up to 1.5 GiB on the Asio files.
build_jobs() {
  local cores kib
  cores=$(nproc)
  kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  local by_memory=$((kib / 1536 / 1024))
  ((by_memory < 1)) && by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# build_cpp PRESET [TARGET...]: no target means all.
build_cpp() {
  local preset=$1 dir
  shift
  dir=$(build_dir "$preset")
  # Several checkouts share the compiler cache.
  export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$ROOT
  if [[ ! -f $dir/build.ninja ]]; then
    say "configuring build/$preset"
    local said
    said=$(cd "$ROOT" && cmake --preset "$preset" 2>&1) || {
      printf '%s\n' "$said" >&2
      die "cmake could not configure build/$preset"
    }
  fi
  say "building ${*:-everything} (build/$preset)"
  # On a terminal ninja shows its progress in one line; a log is spared the hundreds of lines.
  local quiet=(--quiet)
  [[ ! -t 2 ]] || quiet=()
  ninja "${quiet[@]}" -C "$dir" -j "$(build_jobs)" "$@" >&2 || die "the build failed"
}

gateway_binary() { echo "$(build_dir "$1")/gateway/stampede-gateway"; }
worker_binary() { echo "$(build_dir "$1")/storage-worker/stampede-worker"; }
