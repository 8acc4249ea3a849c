# Shell functions of test/run.sh, bench/run.sh and examples/demo.sh: install what is missing, build. To be sourced in the project's folder.

say() { printf '\n== %s\n' "$*"; }
PATH="$PATH:/usr/sbin:/sbin"

# install_missing COMMAND:PACKAGE... (a header stands for a library). Services that a package brings are not started.
# What cannot be installed is named; its user says what is then left out.
install_missing() {
  missing=""
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || [ -f "${pair%%:*}" ] || missing="$missing ${pair#*:}"
  done
  [ -z "$missing" ] && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed:$missing (as root on Debian: apt-get install$missing)" >&2
    return
  fi
  say "installing$missing"
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
  else
    policy=""
  fi
  apt-get update -qq >/dev/null
  # One by one when not all can be had.
  # shellcheck disable=SC2086 # a list of packages
  apt_install $missing || for package in $missing; do apt_install "$package" || echo "cannot install $package" >&2; done
  [ -z "$policy" ] || rm -f $policy
  trap - EXIT INT TERM
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

install_modules() {
  [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] && return
  say "npm ci"
  # No package needs its install script but raw-socket, which is compiled where a compiler is and used where that went well.
  npm ci --ignore-scripts --no-audit --no-fund || return
  # node-gyp would download node's headers; the running node may have brought them
  prefix=$(node -p 'path.dirname(path.dirname(fs.realpathSync(process.execPath)))')
  [ -f "$prefix/include/node/node.h" ] && export npm_config_nodedir="$prefix"
  npm rebuild raw-socket >/dev/null 2>&1 || echo "raw-socket is not compiled: the addon's own echo is used" >&2
}

build_all() {
  say "build"
  npm run --silent build
}
