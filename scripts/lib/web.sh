# shellcheck shell=bash
# npm packages, the client library and the chat page. Needs common.sh.

CLIENT_DIR=$ROOT/clients/js
WEB_DIR=$ROOT/clients/web
WEB_DIST=$WEB_DIR/dist

# npm_install DIR: `npm ci`, only when the lock or the Node changed since the last time.
npm_install() {
  local dir=$1 stamp key
  stamp=$dir/node_modules/.stampede-installed
  key=$(node --version)-$(sha256sum <"$dir/package-lock.json")
  [[ -f $stamp && $(<"$stamp") == "$key" ]] && return 0
  say "installing npm packages of ${dir#"$ROOT"/}"
  (cd "$dir" && npm ci --no-audit --no-fund --loglevel=error </dev/null) >&2 ||
    die "npm ci failed in ${dir#"$ROOT"/}"
  echo "$key" >"$stamp"
}

# build_page: the client library and the chat page, only when a source is newer than the last build.
build_page() {
  local stamp=$ROOT/build/page.stamp
  npm_install "$CLIENT_DIR"
  npm_install "$WEB_DIR"
  if [[ -f $WEB_DIST/index.html && -f $CLIENT_DIR/dist/index.js && -f $stamp ]] && [[ -z $(find "$WEB_DIR" "$CLIENT_DIR" \
    \( -name node_modules -o -name dist -o -name .cache -o -name test -o -name LICENSE \) -prune \
    -o -type f -newer "$stamp" -print -quit) ]]; then
    return 0
  fi
  say "building the client library and the chat page"
  (cd "$CLIENT_DIR" && npm run --silent build </dev/null) >&2 || die "the client library did not build"
  (cd "$WEB_DIR" && npm run --silent build </dev/null) >&2 || die "the chat page did not build"
  mkdir -p "$ROOT/build"
  touch "$stamp"
}
