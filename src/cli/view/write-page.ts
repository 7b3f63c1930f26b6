/** Where a page goes: its place is looked at before any work, and it appears whole or not at all. */
import { access, constants, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { refusing } from "../../files/files.ts";
import { statOf } from "../../files/regular.ts";
import { PAGE_MARK } from "../../view/html.ts";

/** Bytes in which a page of graphc has its mark. */
const HEAD = 400;

/** @throws UserError when no page can be written there, or something stands there that is no page of graphc's */
export async function checkPlace(out: string, shown: string): Promise<void> {
  const folder = await statOf(dirname(out));
  if (!folder?.isDirectory())
    throw new UserError(`${shown} cannot be written: there is no folder ${dirname(out)}`, "make it first");
  await refusing(shown, "write", () => access(dirname(out), constants.W_OK));
  const there = await statOf(out);
  if (!there) return;
  if (!there.isFile()) throw new UserError(`${shown} is no file, and a page would be one`, "say --out FILE.html");
  if (!(await isPage(out, shown)))
    throw new UserError(`${shown} is there, and is no page of graphc view`, "say --out another file, or remove it");
}

async function isPage(out: string, shown: string): Promise<boolean> {
  const file = await refusing(shown, "read", () => open(out));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    return buffer.subarray(0, bytesRead).includes(PAGE_MARK);
  } finally {
    await file.close();
  }
}

/** Written beside and renamed. @returns its bytes @throws UserError when the file system refuses */
export async function writePage(out: string, shown: string, text: string): Promise<number> {
  const beside = `${out}.${process.pid}.part`;
  return refusing(shown, "write", async () => {
    try {
      await writeFile(beside, text, { flag: "wx" });
      await rename(beside, out);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
    return Buffer.byteLength(text);
  });
}
