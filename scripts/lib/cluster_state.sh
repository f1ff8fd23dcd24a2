# shellcheck shell=bash
# What a cluster is, remembered in $RUN_DIR/cluster.state: how many gateways and workers, the first of
# its 100 ports, its password. Ports of a cluster that is down are taken again if nobody has them.

PORT_FIRST=18000
PORT_LAST=32000
PORT_BLOCK=100
MAX_GATEWAYS=20
MAX_WORKERS=20

GATEWAYS=0
WORKERS=0
PORT_BASE=
PASSWORD=

load_state() {
  local key value
  [[ -f $RUN_DIR/cluster.state ]] || return 0
  while IFS='=' read -r key value; do
    case $key in
      gateways) GATEWAYS=$value ;;
      workers) WORKERS=$value ;;
      port_base) PORT_BASE=$value ;;
      password) PASSWORD=$value ;;
      preset) STATE_PRESET=$value ;;
    esac
  done <"$RUN_DIR/cluster.state"
  set_ports
}

save_state() {
  printf '%s\n' "gateways=$GATEWAYS" "workers=$WORKERS" "port_base=$PORT_BASE" "password=$PASSWORD" \
    "preset=$PRESET" >"$RUN_DIR/cluster.state.new"
  mv "$RUN_DIR/cluster.state.new" "$RUN_DIR/cluster.state"
}

set_ports() {
  [[ -n $PORT_BASE ]] || return 0
  NGINX_PORT=$PORT_BASE
  AMQP_PORT=$((PORT_BASE + 1))
  DIST_PORT=$((PORT_BASE + 2))
  EPMD_PORT=$((PORT_BASE + 3))
  REDIS_PORT=$((PORT_BASE + 4))
  POSTGRES_PORT=$((PORT_BASE + 5))
}

# Clients at the even port, metrics and health at the odd one after it.
gateway_port() { echo $((PORT_BASE + 8 + 2 * $1)); }
worker_port() { echo $((PORT_BASE + 54 + 2 * $1)); }

# server_names, member_names (gateways and workers), all_names: in the order in which they start.
server_names() { printf '%s\n' rabbitmq redis postgres; }
member_names() {
  local i
  for ((i = 1; i <= GATEWAYS; i++)); do echo "gateway-$i"; done
  for ((i = 1; i <= WORKERS; i++)); do echo "worker-$i"; done
}
all_names() {
  server_names
  member_names
  echo nginx
}

known_name() {
  local names
  names=" $(all_names | tr '\n' ' ')"
  [[ $names == *" $1 "* ]] || die "there is no '$1' in this cluster; allowed:${names% }"
}

# port_of NAME, metrics_port_of NAME
port_of() {
  case $1 in
    rabbitmq) echo "$AMQP_PORT" ;;
    redis) echo "$REDIS_PORT" ;;
    postgres) echo "$POSTGRES_PORT" ;;
    nginx) echo "$NGINX_PORT" ;;
    gateway-*) gateway_port "${1#gateway-}" ;;
    worker-*) worker_port "${1#worker-}" ;;
  esac
}
metrics_port_of() { echo $(($(port_of "$1") + 1)); }

# Ports are chosen under a lock that all clusters of this user share; whoever has it keeps it until his
# Redis listens in the block, so that the next one sees the block as taken.
choose_ports() {
  exec 8>>"${TMPDIR:-/tmp}/stampede-ports.$UID.lock"
  flock -w 60 8 || die "another cluster has been choosing its ports for a minute"
  if [[ -z $PORT_BASE ]] || listening_in_block "$PORT_BASE"; then
    PORT_BASE=$(free_block "$PORT_FIRST" "$PORT_BLOCK" "$PORT_LAST")
  fi
  set_ports
}
ports_are_taken() { exec 8>&-; }

listening_in_block() {
  listening_ports | awk -v base="$1" -v size="$PORT_BLOCK" '$1 >= base && $1 < base + size {n = 1} END {exit !n}'
}
