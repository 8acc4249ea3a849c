# Shell functions of bench/run.sh and examples/demo.sh; to be sourced in the project's folder.
. test/support/setup.sh

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

compile_bench() {
  mkdir -p bench/dist/native
  for program in nat-tap nat-path http-server udp ping-pong; do
    "${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -o "bench/dist/native/$program" "bench/native/$program.c" || return 1
  done
  npx tsc -p bench/tsconfig.json || return 1
  for script in bench/memory/nat-path bench/memory/tables test/support/steady test/support/busy; do
    npx rolldown "$script.ts" -o "bench/dist/${script##*/}.cjs" --external benchmark --format cjs --platform node >/dev/null || return 1
  done
}
