# shellcheck shell=bash
# Which TCP ports of this machine are listened on. Read from the kernel's tables, so that nothing is
# connected to and no tool is needed.

# listening_ports: one a line, sorted.
listening_ports() {
  # Column 2 is the local address as HEX:PORT, column 4 the state; 0A is LISTEN.
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk '$4 == "0A" {sub(/.*:/, "", $2); print $2}' | sort -u |
    while read -r hex; do echo $((16#$hex)); done | sort -n
}

# port_free PORT
port_free() { ! grep -qx "$1" <<<"$(listening_ports)"; }

# free_port FIRST: FIRST, or the next port that nobody listens on.
free_port() {
  local port=$1 taken
  taken=$(listening_ports)
  while grep -qx "$port" <<<"$taken"; do port=$((port + 1)); done
  echo "$port"
}

# free_block FIRST SIZE LAST: the first of FIRST, FIRST+SIZE, … in which nobody listens on any port.
free_block() {
  local base taken port
  taken=$(listening_ports)
  for ((base = $1; base + $2 <= $3; base += $2)); do
    for port in $taken; do
      ((port >= base && port < base + $2)) && continue 2
    done
    echo "$base"
    return 0
  done
  die "no $2 free ports in a row from $1 to $3"
}
