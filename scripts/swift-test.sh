#!/bin/bash
# Builds tools/ with warnings as errors, runs its tests, then runs the real command line against the scripted engine on a
# build folder: packages, certificate and fixtures as graphc wrote them.
#   scripts/swift-test.sh [DIR]    DIR: such a folder; a small one is made when absent
set -euo pipefail
cd "$(dirname "$0")/.."
here=$(pwd)
swift() { (cd tools && "$here/scripts/swift-toolchain.sh" swift "$@"); }
run() { (cd tools && "$here/scripts/swift-toolchain.sh" .build/debug/graphc-ane "$@"); }

swift format lint --strict --recursive --configuration .swift-format Sources Standin Tests Package.swift
swift test -Xswiftc -warnings-as-errors

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
build=$made/build
if [ $# -gt 0 ]; then cp -r "$1" "$build"; else npx graphc emit examples/attention.ts --max-seq 64 --fixtures --target m4 --out "$build" >"$made/log"; fi

# The machine that the engine plays; "faults" says what goes wrong in which prediction. Its plan lists the operations of the packages,
# all on the engine but the constants, as graphc reads them: the same in all of them, by kind and name, for each function.
engine() {
  [ "$planned" = "$build" ] || functions=$(for package in "$build"/*.mlpackage; do npx graphc inspect "$package" --json; done | node -e '
    const texts = require("node:fs").readFileSync(0, "utf8").split(/^(?=\{)/m);
    const op = ({ type, outputs, blocks }) => ({
      name: type === "const" || type.startsWith("constexpr_") ? type : `ios18.${type}`,
      outputs: outputs.map(({ name }) => name),
      ...(type === "const" || type.startsWith("constexpr_") ? {} : { device: "ane" }),
      ...(blocks.length > 0 ? { blocks: blocks.map(({ operations }) => operations.map(op)) } : {}),
    });
    const all = texts.flatMap((text) => JSON.parse(text).functions);
    console.log(JSON.stringify(Object.fromEntries(all.map(({ name, operations }) => [name, operations.map(op)]))));')
  planned=$build
  cat >"$build/scripted-engine.json" <<JSON
{"system": {"osVersion": [15, 5, 0], "osBuild": "24F74", "chip": "Apple M4", "model": "scripted", "neuralEngine": true,
  "freeBytes": 1099511627776}, "functions": $functions, "faults": [$1]}
JSON
}
planned=
# Runs the gate and checks its exit code.
gate() {
  local code=0
  [ $# = 1 ] || engine "$2"
  run gate "$build" --calls 20 >"$made/log" 2>&1 || code=$?
  [ "$code" = "$1" ] || { cat "$made/log"; echo "swift-test: the gate ended with $code, not $1, for [${2-no engine}]" >&2; exit 1; }
  echo "exit $code: $(grep '^graphc-ane: ' "$made/log" | tail -1 || true)"
}

# Keeps a build with what the gate wrote, for the judge of the other half; he starts slowly, and is asked once of all.
kept=
keep() {
  local copy=$made/kept/$(basename "$build")
  mkdir -p "$made/kept"
  cp -r "$build" "$copy"
  kept=${kept:+$kept:}$copy
}

gate 0 ''
keep
# Evidence of a scripted engine is never accepted, however well it went.
code=0
npx graphc gate "$build" >"$made/log" || code=$?
[ "$code" = 1 ] && grep -q 'PROVEN (exact)' "$made/log" || { cat "$made/log"; exit 1; }
gate 1 '{"kind": "swapRows", "model": "block", "prediction": 1}'
gate 1 '{"kind": "silentCPU", "model": "step", "prediction": 3}'
gate 1 '{"kind": "corruptState", "model": "step", "prediction": 2}'
gate 3 '{"kind": "error", "model": "step", "prediction": 0}'
rm "$build/scripted-engine.json"
gate 2

# Caches that the host keeps, in two packages and in functions of one.
for how in '--tokens 4' '--functions infer,verify4'; do
  build=$made/caches${how//[^a-z0-9]/}
  # shellcheck disable=SC2086
  npx graphc emit examples/host-caches.ts --max-seq 64 --fixtures $how --out "$build" >"$made/log"
  gate 0 ''
  keep
  gate 1 '{"kind": "driftRows", "model": "block", "prediction": 8}'
done
# As the judge reads it all that he asks for is there, and it is no device's.
GRAPHC_EVIDENCE=$kept npx vitest run test/evidence/evidence.test.ts -t 'as the Swift tool writes it'
echo "swift-test: the command line did what it must on $(basename "$build")/"
