#!/bin/sh
# What `npm pack` runs first: everything that the package ships and that git does not hold.
set -eu
cd "$(dirname "$0")/../.."
rm -rf dist native/include
npm run --silent build:ts
# For a platform that none is compiled for: build.sh needs them, and the package has no node-api-headers.
mkdir native/include
cp node_modules/node-api-headers/include/*.h node_modules/node-api-headers/LICENSE native/include/
sh native/prebuild.sh
