# shellcheck shell=bash
# What has to be installed, by purpose. Only what is missing is installed, and a machine that has
# everything sees no apt call at all.

# An entry is `package`, or `command:package` where any installation of the command will do.
declare -A PACKAGES=(
  [build]="g++ cmake ninja-build pkg-config ccache libboost1.81-dev libssl-dev zlib1g-dev libspdlog-dev
    prometheus-cpp-dev libpq-dev libsqlite3-dev libcli11-dev rapidjson-dev librabbitmq-dev
    libhiredis-dev libsodium-dev libcjose-dev libgtest-dev libgmock-dev python3:python3 curl:curl"
  [web]="node:nodejs npm:npm"
  [servers]="rabbitmq-server redis-server postgresql-15 nginx:nginx-light curl:curl"
  [integration]="openssl:openssl promtool:prometheus psql:postgresql-client-15"
  [browser]="chromium:chromium"
  [bench]="libbenchmark-dev libnginx-mod-nchan nginx:nginx-light python3-matplotlib valgrind:valgrind
    taskset:util-linux psql:postgresql-client-15"
  [lint]="clang-format:clang-format clang-tidy:clang-tidy shellcheck:shellcheck"
)
MIN_NODE=18

# ensure_packages PURPOSE...: installs what these purposes miss.
ensure_packages() {
  local purpose missing=()
  for purpose in "$@"; do
    [[ $purpose == web ]] && check_node
    mapfile -t -O "${#missing[@]}" missing < <(missing_packages "$purpose")
  done
  ((${#missing[@]})) || return 0
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  has apt-get || die "these Debian packages (or your system's equivalents) are missing and there is no
       apt-get to install them: ${missing[*]}"
  install_packages "${missing[@]}"
}

missing_packages() {
  local entry package
  # shellcheck disable=SC2086  # the list is words
  for entry in ${PACKAGES[$1]}; do
    package=${entry#*:}
    if [[ $entry == *:* ]]; then
      # nginx and others live in sbin, which a normal user's PATH need not have.
      PATH=$PATH:/usr/sbin:/sbin has "${entry%%:*}" || echo "$package"
    elif [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      echo "$package"
    fi
  done
}

# Debian's npm insists on Debian's nodejs, so it is no answer where Node came from elsewhere.
check_node() {
  has node || return 0
  local version
  version=$(node --version)
  local major=${version#v}
  ((${major%%.*} >= MIN_NODE)) ||
    die "node is $version; the page and the tests need $MIN_NODE or newer"
  if ! has npm && [[ $(dpkg-query -W -f '${Version}' nodejs 2>/dev/null) != *dfsg* ]]; then
    die "node is there ($(command -v node)) but npm is not; install the npm of that Node"
  fi
}

install_packages() {
  local root=() log
  if ((EUID != 0)); then
    has sudo || die "as root, run: apt-get install --no-install-recommends $*"
    root=(sudo)
  fi
  say "installing $# Debian packages, which takes some minutes on a new machine: $*"
  log=$(mktemp)
  # One child, so that the policy file goes away whatever happens to us in between.
  if ! "${root[@]}" env DEBIAN_FRONTEND=noninteractive bash -s -- "$@" >"$log" 2>&1 <<'ROOT'; then
set -euo pipefail
# Debian starts a server as soon as it is installed. Ours are started by scripts/cluster, privately;
# nothing system-wide shall run because of us.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
# Without an index of what there is, or with an old one, the install below fails and says so.
apt-get -q update </dev/null || true
apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends install "$@" </dev/null
ROOT
    tail -n 30 "$log" | sed 's/^/   | /' >&2
    die "apt-get could not install: $*"
  fi
  rm -f "$log"
}
