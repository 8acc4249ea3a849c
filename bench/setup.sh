# Shell functions of run.sh and demo.sh; to be sourced in the project's folder.

say() { printf '\n== %s\n' "$*"; }
PATH="$PATH:/usr/sbin:/sbin"

# install_missing COMMAND:PACKAGE... (a header stands for a library). Services that a package brings are not started.
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
  # One by one when not all can be had: what is missing then is left out of the benchmark.
  # shellcheck disable=SC2086 # a list of packages
  apt_install $missing || for package in $missing; do apt_install "$package" || echo "cannot install $package" >&2; done
  [ -z "$policy" ] || rm -f $policy
  trap - EXIT INT TERM
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

# Docker's daemon would change the machine's firewall at the next boot, so its package is not installed.
unpack_docker_proxy() {
  for file in /usr/sbin /usr/bin /usr/libexec/docker /usr/local/libexec/docker bench/dist/docker/usr/sbin; do
    [ -x "$file/docker-proxy" ] && return
  done
  say "unpacking docker-proxy"
  folder=$(mktemp -d)
  chmod 755 "$folder"
  (cd "$folder" && apt-get download -qq docker.io) && mkdir -p bench/dist/docker && dpkg-deb -x "$folder"/docker.io_*.deb bench/dist/docker
  rm -rf "$folder"
}

install_modules() {
  [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] && return
  say "npm ci"
  # node-gyp (raw-socket) would download node's headers; the running node may have brought them
  prefix=$(node -p 'path.dirname(path.dirname(fs.realpathSync(process.execPath)))')
  [ -f "$prefix/include/node/node.h" ] && export npm_config_nodedir="$prefix"
  npm ci --no-audit --no-fund
}

build_all() {
  say "build"
  npm run --silent build
}

compile_bench() {
  mkdir -p bench/dist/native
  for program in nat-tap nat-path http-server udp; do
    "${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -o "bench/dist/native/$program" "bench/native/$program.c" || return 1
  done
  npx tsc -p bench/tsconfig.json || return 1
  for script in bench/memory/nat-path bench/memory/tables test/support/steady; do
    npx rolldown "$script.ts" -o "bench/dist/${script##*/}.js" --external benchmark --format esm --platform node >/dev/null || return 1
  done
}
