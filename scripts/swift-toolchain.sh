#!/bin/bash
# Finds or installs Swift 6, then runs a command with it in the current directory:
#   scripts/swift-toolchain.sh            install only
#   scripts/swift-toolchain.sh swift test install if need be, then run
# On a machine that has Swift 6 (macOS with Xcode 16, say) nothing is installed. On Debian, where only trixie packages
# Swift, the packages are unpacked into a folder of their own ($GRAPHC_SWIFT_ROOT, else ~/.cache/graphc-swift) and run
# there by chroot; that needs root. About 1 minute on 2 cores, 2.4 GB on disk.
set -euo pipefail

if command -v swift >/dev/null && swift --version 2>/dev/null | grep -qE 'Swift version ([6-9]|[1-9][0-9])\.'; then
  [ $# -eq 0 ] || exec "$@"
  exit 0
fi
if [ "$(uname -s)" != Linux ] || ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "swift-toolchain: Swift 6 is not installed; this script can install it only as root on Debian" >&2
  exit 2
fi

mirror=${GRAPHC_DEBIAN_MIRROR:-http://deb.debian.org/debian}
# libstdc++ and libc headers: without them the compiler cannot build its dispatch module. binutils: its linker.
packages=swiftlang,libc6-dev,libstdc++-14-dev,binutils,dash,bash,coreutils
root=${GRAPHC_SWIFT_ROOT:-$HOME/.cache/graphc-swift}/trixie-$(echo "$packages" | cksum | cut -d' ' -f1)

install_root() {
  if ! command -v mmdebstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap >/dev/null
  fi
  mkdir -p "$(dirname "$root")"
  rm -rf "$root".part.*
  local part=$root.part.$$
  # "extract" unpacks the packages and their dependencies and runs no maintainer script: all that a compiler needs.
  mmdebstrap --quiet --variant=extract --include="$packages" trixie "$part" "$mirror"
  [ -e "$part/bin/sh" ] || ln -s dash "$part/bin/sh"
  mv "$part" "$root"
}

# One installer at a time; a root that exists is complete, because it gets its name last.
mkdir -p "$(dirname "$root")"
exec 9>"$root.lock"
flock 9
[ -d "$root" ] || install_root
exec 9>&-
[ $# -gt 0 ] || exit 0

# The current project is seen under its own path, so that messages and arguments mean the same inside and out.
top=$(git rev-parse --show-toplevel 2>/dev/null || pwd)
exec unshare --mount bash -c '
  root=$1 top=$2 here=$3; shift 3
  mount --bind /proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --bind /tmp "$root/tmp"
  mkdir -p "$root$top"
  mount --bind "$top" "$root$top"
  exec chroot "$root" /usr/bin/env -i HOME=/tmp LANG=C.UTF-8 \
    PATH=/usr/libexec/swift/bin:/usr/bin:/bin \
    LD_LIBRARY_PATH=/usr/libexec/swift/lib/swift/linux:/usr/libexec/swift/lib \
    /bin/bash -c "cd \"\$1\" && shift && exec \"\$@\"" bash "$here" "$@"
' bash "$root" "$top" "$(pwd)" "$@"
