#!/bin/bash
# Runs a part of the tests on other versions of Node than the one that is installed; npm's package `node` brings them.
#   scripts/node-versions.sh [--all] [VERSION...]    22 and 24 when none is named; --all: the whole short suite
set -euo pipefail
cd "$(dirname "$0")/.."
# What another version could do otherwise: the library, the command as a process, WebAssembly, and bytes.
tests=(test/api test/cli/terminal/process.test.ts test/passes/kernels/{kernels,code}.test.ts test/emit/write/{package,encode,lower}.test.ts)
[ "${1-}" = --all ] && tests=() && shift
versions=("$@")
[ ${#versions[@]} -gt 0 ] || versions=(22 24)

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
for version in "${versions[@]}"; do
  npm install --silent --no-audit --no-fund --prefix "$made/$version" "node@$version"
  bin=$made/$version/node_modules/.bin
  echo "on Node $("$bin/node" --version)"
  # A setting or a module that this version does not know would be told here.
  said=$("$bin/node" dist/cli.js --version 2>&1)
  [ "$said" = "$(node -p 'require("./package.json").version')" ] || { echo "graphc --version says: $said" >&2; exit 1; }
  PATH=$bin:$PATH "$bin/node" node_modules/vitest/vitest.mjs run --project short "${tests[@]}"
done
