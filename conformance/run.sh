#!/usr/bin/env bash
# Holds graphc against people who never saw its code. Makes its own virtual environment; needs Python 3.10 or later.
# With --installed first, environment and build are another run's, which still goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${GRAPHC_CONFORMANCE_VENV:-conformance/.venv}
if [ "${1-}" = --installed ]; then
  shift
  cmp -s conformance/requirements.txt "$venv/requirements.txt" || { echo "conformance: $venv is not there" >&2; exit 1; }
  exec "$venv/bin/python" -m pytest conformance -q --color=no -p no:cacheprovider "$@"
fi
if ! cmp -s conformance/requirements.txt "$venv/requirements.txt"; then
  echo "conformance: installing the oracles into $venv (a few minutes, once)"
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r conformance/requirements.txt
  cp conformance/requirements.txt "$venv/requirements.txt"
fi
npm run --silent build
exec "$venv/bin/python" -m pytest conformance -q --color=no -p no:cacheprovider "$@"
