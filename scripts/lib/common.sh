# shellcheck shell=bash
# Sourced first by every script: strict mode, where the checkout is, how to speak.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Progress goes to standard error, so that standard output carries results only.
say() { printf '\033[2m--\033[0m %s\n' "$*" >&2; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
[[ -t 2 ]] || say() { printf -- '-- %s\n' "$*" >&2; }

has() { command -v "$1" >/dev/null 2>&1; }

# Prints the usage text: the comment block at the top of the calling script.
usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }

# need_value OPTION "$@": an option that is followed by nothing is an error that names it.
need_value() { (($# >= 2)) || die "$1 needs a value; see scripts/$(basename "$0") --help"; }

# need_number NAME VALUE MIN MAX
need_number() {
  if [[ ! $2 =~ ^[0-9]{1,9}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
    die "$1 is '$2'; allowed is a number from $3 to $4"
  fi
}
