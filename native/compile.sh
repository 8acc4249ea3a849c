# Shell functions of build.sh and prebuild.sh; to be sourced in the project's folder.

# In a clone npm brings the headers of Node-API, in a package they lie beside the sources.
headers=node_modules/node-api-headers/include
[ -f $headers/node_api.h ] || headers=native/include
[ -f $headers/node_api.h ] || { echo "$0: the headers of Node-API are missing: run 'npm ci' first" >&2; exit 1; }

version=$(sed -n 's/^ *"version": "\(.*\)",$/\1/p' package.json)
link_flags="-Wl,-z,relro,-z,now"

# compile_addon FILE COMPILER [FLAG...]
compile_addon() {
  sources=""
  for source in native/*.c; do
    case $source in native/docker-proxy* | native/sandbox.c | native/front.c | native/cni.c) ;; *) sources="$sources $source" ;; esac
  done
  compile "$@" -std=gnu11 -O2 -fPIC -shared -fvisibility=hidden -Wno-cast-function-type -DNODE_GYP_MODULE_NAME=tsproxy -I$headers
}

# The programs beside the addon wait by the thousand, so each is small and on its own.
# compile_launcher FILE COMPILER [FLAG...]
compile_launcher() {
  sources="native/docker-proxy.c native/docker-proxy-flags.c native/docker-proxy-keeper.c"
  compile_program "$@"
}

# compile_sandbox FILE COMPILER [FLAG...]
compile_sandbox() {
  sources="native/sandbox.c native/front.c"
  compile_program "$@"
}

# compile_cni FILE COMPILER [FLAG...]
compile_cni() {
  sources="native/cni.c"
  compile_program "$@"
}

compile_program() {
  compile "$@" -std=gnu11 -Os -no-pie -s -ffunction-sections -Wl,--gc-sections "-DVERSION=\"$version\""
}

# What is running goes on with the file that it has: the new one takes its place.
compile() {
  file=$1
  shift
  mkdir -p "$(dirname "$file")"
  # shellcheck disable=SC2086 # lists
  "$@" -Wall -Wextra $link_flags -o "$file.tmp" $sources ${libraries:-}
  mv "$file.tmp" "$file"
}
