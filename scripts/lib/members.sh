# shellcheck shell=bash
# Gateways and workers of the local cluster: how they are started and when they are ready.

# start_member NAME
start_member() {
  local name=$1 port metrics flags=()
  port=$(port_of "$name")
  metrics=$(metrics_port_of "$name")
  local common=(--listen "127.0.0.1:$port" --metrics-listen "127.0.0.1:$metrics")
  case $name in
    gateway-*)
      read -ra flags <<<"${STAMPEDE_GATEWAY_FLAGS:-}"
      start_program "$name" "$(gateway_binary "$PRESET")" --name "$name" --web-root "$WEB_DIST" \
        --history-url "http://127.0.0.1:$NGINX_PORT" --trusted-proxies 127.0.0.1 "${common[@]}" \
        "${flags[@]}"
      ;;
    worker-*)
      read -ra flags <<<"${STAMPEDE_WORKER_FLAGS:-}"
      start_program "$name" "$(worker_binary "$PRESET")" --trusted-proxies 127.0.0.1 "${common[@]}" \
        "${flags[@]}"
      ;;
  esac
}

# URLs hold credentials, so they go by environment; nothing else of ours may get in from the caller's.
start_program() {
  local name=$1 variable
  shift
  local clean=()
  for variable in ${!STAMPEDE_@}; do clean+=(-u "$variable"); done
  [[ $name == worker-* ]] && clean+=("STAMPEDE_DATABASE_URL=$(database_url)")
  with_open_files process_start "$name" env "${clean[@]}" "STAMPEDE_AMQP_URL=$(amqp_url)" \
    "STAMPEDE_REDIS_URL=$(redis_url)" "$@"
}

# http_status URL: 000 when nobody answers.
http_status() { curl -s -o /dev/null -m 2 -w '%{http_code}' "$1" || true; }

# A member is up when it answers at all, and ready when it says that everything it needs is there.
up_member() { [[ $(http_status "http://127.0.0.1:$(metrics_port_of "$1")/healthz") == 200 ]]; }
ready_member() { [[ $(http_status "http://127.0.0.1:$(metrics_port_of "$1")/readyz") == 200 ]]; }
