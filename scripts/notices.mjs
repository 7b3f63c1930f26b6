// The notices of the packages whose code is bundled: name, version, licence, and its text or, where a package ships none, the
// comments at the heads of its bundled files.
import { existsSync, readFileSync } from "node:fs";

const FOLDER = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** @param inputs paths of all bundled files @returns one text, the packages sorted by name */
export function noticesOf(inputs) {
  const folders = [...new Set(inputs.flatMap((path) => FOLDER.exec(path)?.[1] ?? []))].sort();
  return folders
    .map((folder) =>
      noticeOf(
        folder,
        inputs.filter((path) => path.startsWith(`${folder}/`)),
      ),
    )
    .join("\n");
}

function noticeOf(folder, files) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const path = `${folder}/LICENSE`;
  const heads = () => [...new Set(files.map((file) => headOf(readFileSync(file, "utf8"))))].join("\n");
  const text = existsSync(path) ? readFileSync(path, "utf8") : heads();
  if (!license || text.trim() === "") throw new Error(`${name}: bundled, and no licence is found in ${folder}`);
  return `${name} ${version}, ${license}\n\n${text.trim()}\n`;
}

const headOf = (source) => /^(?:\/\/.*\n)+/.exec(source)?.[0].replaceAll(/^\/\/ ?/gm, "") ?? "";
