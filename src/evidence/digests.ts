/** The identity of a package on disk: the digest of every file in it. */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { refusing } from "../files/files.ts";
import { openRegular } from "../files/regular.ts";

/** SHA-256 of a folder and of each file in it, as hex. */
export interface FolderDigest {
  /** That of the text that `sha256sum` prints for the files, sorted by path; the package digest of `graphc emit`. */
  readonly sha256: string;
  /** SHA-256 as hex by path inside the folder, with forward slashes. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Hashes every file below the folder.
 * @throws UserError when it cannot be read, is empty, or holds anything but files and folders.
 */
export async function digestFolder(folder: string): Promise<FolderDigest> {
  const files = new Map<string, string>();
  await visit(folder, "", files);
  if (files.size === 0) throw new UserError(`${folder} holds no files`);
  const sorted = [...files].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const lines = sorted.map(([path, sha256]) => `${sha256}  ./${path}\n`);
  return { sha256: createHash("sha256").update(lines.join("")).digest("hex"), files: Object.fromEntries(sorted) };
}

async function visit(folder: string, inside: string, files: Map<string, string>): Promise<void> {
  const here = join(folder, inside);
  const entries = await refusing(here, "read", () => readdir(here, { withFileTypes: true }));
  for (const entry of entries) {
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) await visit(folder, path, files);
    else if (entry.isFile()) files.set(path, await digestFile(join(folder, path)));
    else throw new UserError(`${join(folder, path)} is neither a file nor a folder; a package holds nothing else`);
  }
}

/** SHA-256 of a file as hex. @throws UserError when it cannot be read. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  const handle = await openRegular(path);
  const piece = new Uint8Array(1 << 20);
  try {
    for (;;) {
      const { bytesRead } = await refusing(path, "read", () => handle.read(piece, 0, piece.length));
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await handle.close().catch(() => {});
  }
}
