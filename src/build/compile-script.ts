/** The script that compiles a build's packages on a Mac to the names that its manifest holds. */

/** @param paths of the packages, relative to the build's folder, without an extension */
export function compileScript(paths: readonly string[]): string {
  const lines = paths.map((path) => {
    const folder = path.includes("/") ? `/${path.slice(0, path.lastIndexOf("/"))}` : "";
    return `xcrun coremlcompiler compile "$here/${path}.mlpackage" "$here${folder}"`;
  });
  return ["#!/bin/sh", "# Compiles every package beside itself; needs a Mac with Xcode's tools.", "set -eu"]
    .concat('here=$(cd "$(dirname "$0")" && pwd)', lines, "")
    .join("\n");
}
