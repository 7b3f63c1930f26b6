/** Judges a build folder and shows how far it is: packages are run again, which takes a while. */
import { type JudgedBuild, judgeBuild } from "../evidence/judge/build.ts";
import type { Io } from "./io.ts";
import { checkMemory } from "./memory.ts";

/** @throws UserError as `judgeBuild` does, the signal's reason never: nothing is written that an interrupt would leave behind */
export async function judgedWithProgress(folder: string, io: Pick<Io, "progress">): Promise<JudgedBuild> {
  const progress = io.progress("computing the fixtures again");
  try {
    return await judgeBuild(folder, {
      checkMemory: (plans) => checkMemory(plans, "computing the fixtures again"),
      onCall: progress.update,
    });
  } finally {
    progress.end();
  }
}
