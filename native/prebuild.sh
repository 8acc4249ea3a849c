#!/bin/sh
# Compiles what the package ships into native/prebuilt, on Debian, whatever the machine: the addon for x64 and arm64
# with glibc and with musl, and the programs beside it for both, static. `npm pack` runs it.
# A compiler that is missing is installed by apt when this is root. musl comes from Debian's packages, unpacked into
# native/build/sysroot: they cannot be installed for another architecture without changing the machine's.
# TSPROXY_PLATFORMS="linux-x64-glibc linux-x64-musl" packs those alone; a platform that cannot be had is an error.
set -eu
cd "$(dirname "$0")/.."
. native/compile.sh
out=native/prebuilt
platforms=${TSPROXY_PLATFORMS:-linux-x64-glibc linux-x64-musl linux-arm64-glibc linux-arm64-musl}

fail() { echo "native/prebuild.sh: $*" >&2; exit 1; }

# names PLATFORM: what its toolchain is called
names() {
  case $1 in
    linux-x64-*) gnu=x86_64-linux-gnu debian=amd64 ;;
    linux-arm64-*) gnu=aarch64-linux-gnu debian=arm64 ;;
    *) fail "there is no platform '$1' (linux-x64-glibc, linux-x64-musl, linux-arm64-glibc, linux-arm64-musl)" ;;
  esac
  case $1 in *-glibc | *-musl) ;; *) fail "there is no platform '$1'" ;; esac
  platform=$1 launcher="${1%-*}" musl="${gnu%-gnu}-musl"
}

install_compilers() {
  missing=""
  for name in $platforms; do
    names "$name"
    if [ "$(dpkg --print-architecture)" = $debian ]; then
      headers_of=/usr/include packages="gcc libc6-dev"
    else
      headers_of=/usr/$gnu/include packages="gcc-$(echo $gnu | tr _ -) libc6-dev-$debian-cross"
    fi
    command -v $gnu-gcc >/dev/null && [ -f $headers_of/stdio.h ] || missing="$missing $packages"
  done
  [ -z "$missing" ] && return
  [ "$(id -u)" = 0 ] || fail "not installed:$missing (as root: apt-get install$missing)"
  echo "installing$missing"
  # shellcheck disable=SC2086 # a list of packages
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >/dev/null ||
    fail "apt-get could not install$missing"
}

# fetch_musl: musl, its headers and the kernel's for $debian, in $sysroot
fetch_musl() {
  sysroot=native/build/sysroot/$debian
  [ -d $sysroot ] && return
  echo "fetching musl for $debian"
  rm -rf $sysroot.tmp
  mkdir -p $sysroot.tmp/apt/lists/partial $sysroot.tmp/apt/archives/partial $sysroot.tmp/root
  apt=$PWD/$sysroot.tmp/apt
  : >"$apt/status"
  cat >"$apt/conf" <<EOF
APT::Architecture "$debian";
APT::Architectures { "$debian"; };
APT::Sandbox::User "root";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
EOF
  (
    export APT_CONFIG="$apt/conf"
    cd "$apt"
    apt-get update -qq && apt-get download -qq musl musl-dev linux-libc-dev
  ) >/dev/null || fail "cannot fetch the packages musl, musl-dev and linux-libc-dev of architecture $debian"
  for package in "$apt"/*.deb; do dpkg-deb -x "$package" $sysroot.tmp/root; done
  mv $sysroot.tmp/root $sysroot
  rm -rf $sysroot.tmp
}

# with_musl FUNCTION FILE [FLAG...]: compiles without a header, a library or a start file of the machine's own
with_musl() {
  fetch_musl
  function=$1 file=$2
  shift 2
  set -- -nostdinc -isystem $sysroot/usr/include/$musl -isystem "$($gnu-gcc -print-file-name=include)" \
    -isystem $sysroot/usr/include -isystem $sysroot/usr/include/$gnu -nostdlib -s "$@"
  # The functions that gcc would call to find out about atomics ask glibc.
  [ $debian = arm64 ] && set -- -mno-outline-atomics "$@"
  $function "$file" $gnu-gcc "$@"
}

prebuild_addon() {
  addon=$out/$platform/tsproxy.node
  case $platform in
    *-glibc) libraries="" compile_addon $addon $gnu-gcc -s ;;
    *-musl) libraries="-L$sysroot/lib/$musl -lc -lgcc" with_musl compile_addon $addon ;;
  esac
}

prebuild_programs() {
  lib=$sysroot/usr/lib/$musl
  libraries="$lib/crt1.o $lib/crti.o -L$lib -lc -lgcc $lib/crtn.o"
  with_musl compile_launcher $out/$launcher/tsproxy-docker-proxy -static
  with_musl compile_cni $out/$launcher/tsproxy-cni -static
  with_musl compile_sandbox $out/$launcher/tsproxy-sandbox -static
  libraries=""
}

for name in $platforms; do names "$name"; done # a wrong name ends it before anything is done
inputs="native/*.c native/*.h native/*.sh package.json"
wanted="$platforms"
# shellcheck disable=SC2086 # a list of files
if [ "$(cat $out/platforms 2>/dev/null)" = "$wanted" ] && [ -z "$(find $inputs -newer $out/platforms)" ]; then exit; fi
command -v dpkg >/dev/null || fail "this needs Debian"
install_compilers
rm -rf $out
for name in $platforms; do
  names "$name"
  fetch_musl
  echo "compiling $platform"
  prebuild_addon
  [ -f $out/$launcher/tsproxy-sandbox ] || prebuild_programs
done
cp $sysroot/usr/share/doc/musl/copyright $out/COPYRIGHT.musl # of what the launchers are linked with
echo "$wanted" >$out/platforms
