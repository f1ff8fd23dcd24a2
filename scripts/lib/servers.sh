# shellcheck shell=bash
# Private RabbitMQ, Redis, PostgreSQL and nginx under $RUN_DIR, on loopback: how each is started, when
# it is ready, how it is asked to end. Ports and the password come from cluster_state.sh.

RABBITMQ_LIB=/usr/lib/rabbitmq/bin
PATH=$PATH:/usr/sbin:/sbin

amqp_url() { echo "amqp://stampede:$PASSWORD@127.0.0.1:$AMQP_PORT"; }
redis_url() { echo "redis://:$PASSWORD@127.0.0.1:$REDIS_PORT"; }
database_url() { echo "postgresql://stampede:$PASSWORD@127.0.0.1:$POSTGRES_PORT/stampede"; }

# --- RabbitMQ: two processes, because Erlang's name server would otherwise outlive the broker ---------

start_rabbitmq() {
  local dir=$RUN_DIR/rabbitmq
  mkdir -p "$dir"
  rabbitmq_env
  if ! process_alive epmd; then
    process_start epmd epmd -port "$EPMD_PORT" -address 127.0.0.1
  fi
  # RUNNING_UNDER_SYSTEMD makes the script become the broker instead of waiting for it as a child. The two
  # files that do not exist keep the system's (/etc/rabbitmq) out.
  process_start rabbitmq env -C "$dir" RUNNING_UNDER_SYSTEMD=true \
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$AMQP_PORT" RABBITMQ_DIST_PORT="$DIST_PORT" \
    RABBITMQ_CONFIG_FILE="$ROOT/rabbitmq/rabbitmq.conf" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$ROOT/rabbitmq/enabled_plugins" \
    RABBITMQ_CONF_ENV_FILE="$dir/no-env.conf" RABBITMQ_ADVANCED_CONFIG_FILE="$dir/no-advanced.config" \
    RABBITMQ_MNESIA_BASE="$dir/mnesia" RABBITMQ_LOG_BASE="$dir/log" RABBITMQ_PID_FILE="$dir/pid" \
    RABBITMQ_DEFAULT_USER=stampede RABBITMQ_DEFAULT_PASS="$PASSWORD" \
    ERL_AFLAGS="-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}" \
    "${RABBITMQ_ENV[@]}" "$RABBITMQ_LIB/rabbitmq-server"
}

# What the broker and rabbitmqctl must agree on; the cookie lives in HOME.
rabbitmq_env() {
  RABBITMQ_ENV=(HOME="$RUN_DIR/rabbitmq" RABBITMQ_NODENAME=stampede@localhost
    ERL_EPMD_PORT="$EPMD_PORT" ERL_EPMD_ADDRESS=127.0.0.1 LANG=C.UTF-8)
}

rabbitmq_ctl() {
  rabbitmq_env
  env -C "$RUN_DIR/rabbitmq" "${RABBITMQ_ENV[@]}" "$RABBITMQ_LIB/rabbitmqctl" "$@"
}

# The broker answers a protocol header with Connection.Start once it serves clients.
ready_rabbitmq() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "AMQP\0\0\11\1" >&3 &&
    [[ $(head -c 1 <&3 | od -An -tx1) == " 01" ]]' _ "$AMQP_PORT" 2>/dev/null
}

# --- Redis --------------------------------------------------------------------------------------------

start_redis() {
  local dir=$RUN_DIR/redis
  mkdir -p "$dir"
  cat >"$dir/redis.conf" <<CONF
bind 127.0.0.1
port $REDIS_PORT
requirepass $PASSWORD
dir "$dir"
daemonize no
# Order and recent messages survive a restart, at most the last second is lost.
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
CONF
  process_start redis redis-server "$dir/redis.conf"
}

ready_redis() {
  [[ $(REDISCLI_AUTH=$PASSWORD timeout 2 redis-cli -h 127.0.0.1 -p "$REDIS_PORT" ping 2>/dev/null) == PONG ]]
}

# --- PostgreSQL: refuses to run as root, so root lends it the package's user ---------------------------

postgres_bin() {
  local bin=(/usr/lib/postgresql/*/bin)
  [[ -x ${bin[-1]}/initdb ]] || die "PostgreSQL's server programs are not in /usr/lib/postgresql/*/bin"
  echo "${bin[-1]}"
}

# Sets POSTGRES_DIR and POSTGRES_AS. A checkout that postgres may not enter (/root/…) keeps its
# database elsewhere.
postgres_place() {
  POSTGRES_DIR=$RUN_DIR/postgres
  POSTGRES_AS=()
  ((EUID == 0)) || return 0
  POSTGRES_AS=(setpriv --reuid=postgres --regid=postgres --init-groups)
  if ! "${POSTGRES_AS[@]}" test -x "$RUN_DIR"; then
    POSTGRES_DIR=/var/lib/postgresql/stampede-$(printf '%s' "$RUN_DIR" | sha256sum | cut -c1-16)
  fi
}

start_postgres() {
  local bin
  bin=$(postgres_bin)
  [[ -f $POSTGRES_DIR/PG_VERSION ]] || create_postgres "$bin"
  forget_dead_postmaster
  process_start postgres "${POSTGRES_AS[@]}" env -C / "$bin/postgres" -D "$POSTGRES_DIR" -p "$POSTGRES_PORT" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200
}

# A killed postmaster leaves its pid file, and where nobody reaps orphans (a container without an init)
# its zombie makes PostgreSQL believe that it still runs.
forget_dead_postmaster() {
  local pid
  { read -r pid <"$POSTGRES_DIR/postmaster.pid"; } 2>/dev/null || return 0
  start_time "$pid" >/dev/null || rm -f "$POSTGRES_DIR/postmaster.pid"
}

# create_postgres BIN
create_postgres() {
  local password_file log=$RUN_DIR/logs/postgres.log
  mkdir -p "$POSTGRES_DIR" "$RUN_DIR/logs"
  password_file=$(mktemp "$POSTGRES_DIR.XXXXXX")
  echo "$PASSWORD" >"$password_file"
  if ((EUID == 0)); then chown postgres:postgres "$POSTGRES_DIR" "$password_file"; fi
  "${POSTGRES_AS[@]}" env -C / "$1/initdb" -D "$POSTGRES_DIR" -U stampede --auth=scram-sha-256 \
    --pwfile="$password_file" --encoding=UTF8 --locale=C >>"$log" 2>&1 || {
    rm -f "$password_file"
    tail -n 5 "$log" >&2
    die "initdb failed"
  }
  rm -f "$password_file"
}

# Ready means the database exists, which the first start creates.
ready_postgres() {
  local bin admin
  bin=$(postgres_bin)
  "$bin/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT" || return 1
  [[ -f $RUN_DIR/postgres.created ]] && return 0
  admin=$(database_url)
  "$bin/psql" -Xq "${admin%/*}/postgres" -c 'CREATE DATABASE stampede' >>"$RUN_DIR/logs/postgres.log" 2>&1 ||
    "$bin/psql" -Xq "$admin" -c '' 2>/dev/null || return 1
  touch "$RUN_DIR/postgres.created"
}

# --- nginx: the files of nginx/ and, beside them, a generated site/ ------------------------------------

write_nginx_site() {
  local conf=$RUN_DIR/nginx/conf i
  mkdir -p "$conf/site"
  ln -sfn "$ROOT/nginx/nginx.conf" "$conf/nginx.conf"
  ln -sfn "$ROOT/nginx/headers.conf" "$conf/headers.conf"
  printf 'listen 127.0.0.1:%s;\nroot "%s";\n' "$NGINX_PORT" "$WEB_DIST" >"$conf/site/listen.conf"
  {
    printf 'upstream stampede_gateways {\n  zone stampede_gateways 64k;\n  least_conn;\n'
    # An upstream must have a server: without gateways it is one that is known to be down.
    ((GATEWAYS)) || echo "  server 127.0.0.1:1 down;"
    for ((i = 1; i <= GATEWAYS; i++)); do
      echo "  server 127.0.0.1:$(gateway_port "$i") max_fails=1 fail_timeout=2s;"
    done
    echo "}"
    printf 'upstream stampede_workers {\n  zone stampede_workers 64k;\n'
    ((WORKERS)) || echo "  server 127.0.0.1:1 down;"
    for ((i = 1; i <= WORKERS; i++)); do
      echo "  server 127.0.0.1:$(worker_port "$i") max_fails=1 fail_timeout=2s;"
    done
    echo "  keepalive 16;"
    echo "}"
  } >"$conf/site/upstreams.conf"
}

start_nginx() {
  local as_user=""
  write_nginx_site
  # Its workers must be able to read the page, which root may keep where nobody else may look.
  ((EUID == 0)) && as_user="user root; "
  with_open_files process_start nginx nginx -p "$RUN_DIR/nginx" -c "$RUN_DIR/nginx/conf/nginx.conf" -g "${as_user}daemon off;"
}

ready_nginx() { curl -s -o /dev/null -m 2 "http://127.0.0.1:$NGINX_PORT/"; }

# When gateways or workers were added or removed. Connections that are open stay with the old workers.
reload_nginx() {
  local pid upstreams=$RUN_DIR/nginx/conf/site/upstreams.conf before
  before=$(<"$upstreams")
  write_nginx_site
  [[ $(<"$upstreams") != "$before" ]] || return 0
  if pid=$(process_pid nginx); then kill -HUP "$pid"; fi
}
