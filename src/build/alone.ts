/** One build at a time in a folder: its parts are placed one by one, and each looks at what the others left. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { refusing } from "../files/files.ts";
import { giveSignsOfLife, type LockKind, takeLock } from "../files/lock.ts";

const BUILD: LockKind = { prefix: ".graphc-build-", work: "a build" };

/** Does the work while the folder, made where it is not there, is this build's alone. @throws UserError while another is at work there */
export async function alone<X>(folder: string, work: () => Promise<X>): Promise<X> {
  const { own, left } = await refusing(folder, "write", async () => {
    await mkdir(folder, { recursive: true });
    return takeLock(folder, BUILD);
  });
  const stop = giveSignsOfLife(folder, own);
  try {
    // What cannot be tidied up is no reason to fail.
    for (const name of left) await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
    return await work();
  } finally {
    await stop();
    await rm(join(folder, own), { recursive: true, force: true }).catch(() => {});
  }
}
