/** What is left of a proof that a run contradicted: the graphs and the data, so that the fault can be looked at. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dumpCounterexample, dumpFeed } from "../../evidence/dump.ts";
import { ProofContradicted } from "../../passes/prove/refute/contradicted.ts";

/** Writes them below the folder for temporary files and says where; undefined for any other error, or where nothing can be written. */
export async function dumpContradiction(error: unknown): Promise<string | undefined> {
  if (!(error instanceof ProofContradicted) || error.against.by !== "run") return undefined;
  const { sample, tokens, weights } = error.against.found;
  const dump = weights === "own" ? dumpFeed : dumpCounterexample;
  try {
    const folder = join(await mkdtemp(join(tmpdir(), "graphc-contradicted-")), "feed");
    await dump(folder, { pair: error.pair, sample, tokens });
    return folder;
  } catch {
    return undefined;
  }
}
