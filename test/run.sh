#!/bin/sh
# Everything, in a fresh clone on Debian: installs what is missing (apt, as root), builds, lints, runs the unit tests and
# the cases in network namespaces. The last line is "N passed, N failed, N skipped"; what is skipped says why.
set -u
cd "$(dirname "$0")/.."
say() { printf '\n== %s\n' "$*"; }

# command:package; a header stands for a library
needed="cc:gcc c++:g++ make:make python3:python3 ip:iproute2 iperf3:iperf3 curl:curl nft:nftables dig:dnsutils nc:netcat-openbsd ping:iputils-ping
traceroute:traceroute ps:procps socat:socat nsenter:util-linux ethtool:ethtool /usr/include/stdio.h:libc6-dev
dockerd:docker.io busybox:busybox-static"
missing=""
PATH="$PATH:/usr/sbin:/sbin"
for pair in $needed; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || [ -f "${pair%%:*}" ] || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing$missing"
    policy=/usr/sbin/policy-rc.d # what dockerd's package brings is not to be started: the cases start their own
    if [ -e $policy ]; then policy=""; else printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy; fi
    # shellcheck disable=SC2086 # a list of packages
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >/dev/null ||
      echo "run.sh: apt-get could not install$missing" >&2
    [ -z "$policy" ] || rm -f $policy
  else
    echo "run.sh: not installed:$missing (as root: apt-get install$missing)" >&2
  fi
fi
[ "$(id -u)" = 0 ] || echo "run.sh: without root the cases in test/integration are skipped" >&2

if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say "npm ci"
  # node-gyp (raw-socket) would download node's headers; the running node may have brought them
  prefix=$(node -p 'path.dirname(path.dirname(fs.realpathSync(process.execPath)))')
  [ -f "$prefix/include/node/node.h" ] && export npm_config_nodedir="$prefix"
  npm ci --no-audit --no-fund || exit 1
fi

say "build"
npm run --silent build || exit 1

say "lint and types"
lint=0
npm run --silent lint || lint=1
npx tsc -p test/tsconfig.json || lint=1

say "tests" # verbose, since only that says why a test was skipped
report=$(mktemp)
trap 'rm -f "$report"' EXIT
npx vitest run --config test/vitest.config.ts --reporter=verbose --reporter=json --outputFile.json="$report" "$@"
node test/summary.mjs "$report" "$lint"
