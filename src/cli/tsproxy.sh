#!/bin/sh
":" /*
# The command `tsproxy`. Starting Node.js takes longer than starting a sandbox does: `run` and `exec` go by a small program,
# if there is one for this machine (native/front.c); it leaves to main.js what is not for it.
# Whoever says `node tsproxy` is served too: to Node.js all of this is a comment, up to the last line.
here=$(readlink -f "$0")
here=${here%/dist/cli/tsproxy}
case ${1-} in
run | exec)
  front=$here/native/build/tsproxy-sandbox
  if [ ! -x "$front" ]; then
    case $(uname -m) in
    x86_64) front=$here/native/prebuilt/linux-x64/tsproxy-sandbox ;;
    aarch64) front=$here/native/prebuilt/linux-arm64/tsproxy-sandbox ;;
    esac
  fi
  [ -x "$front" ] && exec "$front" front "$here/dist/cli/main.js" "$@"
  ;;
esac
# With it Node.js reads all certificates of the machine at its start, 30 ms. The main job, whose arguments are options, has no TLS.
case ${1-} in -*) unset NODE_EXTRA_CA_CERTS ;; esac
exec node "$here/dist/cli/main.js" "$@"
# */; require("./main.js");
