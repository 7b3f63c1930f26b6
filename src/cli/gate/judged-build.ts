/** Judges a build folder and shows how far it is: packages are run again, which takes a while. */
import { checkMemory } from "../../api/memory.ts";
import { type EvidenceFile, type JudgedBuild, judgeBuild } from "../../evidence/judge/build.ts";
import type { Io } from "../terminal/io.ts";

/** @throws UserError as `judgeBuild` does, the signal's reason never: nothing is written that an interrupt would leave behind */
export async function judgedWithProgress(
  folder: string,
  io: Pick<Io, "progress">,
  file?: EvidenceFile,
): Promise<JudgedBuild> {
  const progress = io.progress("computing the fixtures again");
  try {
    const watcher = {
      checkMemory: (plans: Parameters<typeof checkMemory>[0]) => checkMemory(plans, "computing the fixtures again"),
      onCall: progress.update,
      now: Date.now(),
    };
    return await judgeBuild(folder, watcher, file);
  } finally {
    progress.end();
  }
}
