# shellcheck shell=bash
# Background processes under $RUN_DIR: pids/NAME holds "PID START", logs/NAME.log what it printed.
# START is the kernel's start time of the process, so that a pid that was given to somebody else
# meanwhile is never taken for ours. Needs common.sh; RUN_DIR is set by the caller.

# process_start NAME COMMAND...: in a session of its own, so that Ctrl-C in our terminal passes it by.
process_start() {
  local name=$1 pid
  shift
  mkdir -p "$RUN_DIR/pids" "$RUN_DIR/logs"
  # 8 and 9 are our locks; a child that kept them would hold them for its lifetime.
  setsid "$@" </dev/null >>"$RUN_DIR/logs/$name.log" 2>&1 8>&- 9>&- &
  pid=$!
  disown "$pid"
  echo "$pid $(start_time "$pid" || echo gone)" >"$RUN_DIR/pids/$name"
}

# with_open_files COMMAND...: with as many open files as this user may have; a connection is a file.
with_open_files() (
  ulimit -Sn "$(ulimit -Hn)"
  "$@"
)

# start_time PID: in clock ticks since boot; fails when the process is gone or a zombie.
start_time() {
  local stat fields
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The command's name is in parentheses and may hold anything; what follows it may not.
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != [ZX] ]] && echo "${fields[19]}"
}

# process_pid NAME: fails when it does not run.
process_pid() {
  local pid started
  { read -r pid started <"$RUN_DIR/pids/$1"; } 2>/dev/null || return 1
  [[ $(start_time "$pid") == "$started" ]] && echo "$pid"
}

process_alive() { process_pid "$1" >/dev/null; }

# process_stop NAME SIGNAL SECONDS: asks, waits, and takes it down when it does not go by itself.
process_stop() {
  local name=$1 pid
  if pid=$(process_pid "$name"); then
    kill -"$2" "$pid" 2>/dev/null || true
    if ! wait_until "$3" process_gone "$name"; then
      warn "$name did not end within $3 s of SIG$2; killing it"
      process_kill "$name"
    fi
  fi
  rm -f "$RUN_DIR/pids/$name"
}

process_gone() { ! process_alive "$1"; }

# process_kill NAME: SIGKILL to it and to its descendants, which a server's death may leave behind.
process_kill() {
  local name=$1 pid pids
  if pid=$(process_pid "$name"); then
    mapfile -t pids < <(descendants "$pid")
    kill -KILL "$pid" "${pids[@]}" 2>/dev/null || true
    wait_until 10 process_gone "$name" || die "$name (pid $pid) survives SIGKILL"
    wait_until 10 all_gone "${pids[@]}" || true
  fi
  rm -f "$RUN_DIR/pids/$name"
}

descendants() {
  local children child
  # Children belong to the thread that made them.
  read -ra children < <(cat "/proc/$1/task/"*/children 2>/dev/null | tr '\n' ' ') || true
  for child in "${children[@]}"; do
    echo "$child"
    descendants "$child"
  done
}

all_gone() {
  local pid
  for pid in "$@"; do
    start_time "$pid" >/dev/null && return 1
  done
  return 0
}

# wait_until SECONDS COMMAND...: fails when COMMAND has not succeeded within SECONDS.
wait_until() {
  local deadline=$((${EPOCHREALTIME//[!0-9]/} + $1 * 1000000))
  shift
  until "$@"; do
    ((${EPOCHREALTIME//[!0-9]/} < deadline)) || return 1
    sleep 0.05
  done
}

ready_or_ended() { "${@:2}" || process_gone "$1"; }

# wait_ready NAME SECONDS COMMAND...: like wait_until, but also fails at once when NAME has ended, and
# says what NAME printed last.
wait_ready() {
  local name=$1 seconds=$2
  shift 2
  if wait_until "$seconds" ready_or_ended "$name" "$@" && process_alive "$name"; then return 0; fi
  if process_alive "$name"; then
    warn "$name is not ready after $seconds s; the end of ${RUN_DIR#"$ROOT"/}/logs/$name.log:"
  else
    warn "$name ended at once; the end of ${RUN_DIR#"$ROOT"/}/logs/$name.log:"
  fi
  tail -n 15 "$RUN_DIR/logs/$name.log" | sed 's/^/   | /' >&2
  return 1
}
