/** What `emit` writes beside the packages: the proof's certificate and the fixtures for the device tool. */
import { join } from "node:path";
import { checkMemory } from "../../api/memory.ts";
import { UserError } from "../../dsl/user-error.ts";
import { writeFixtures } from "../../evidence/fixtures.ts";
import { PREDICTED_CHIPS } from "../../evidence/format/predicted-chips.ts";
import { settingsOf } from "../../evidence/format/settings.ts";
import { isBorne } from "../../evidence/judge/row-bounds.ts";
import { writeRopeTables } from "../../evidence/rope-tables.ts";
import { namesIn } from "../../files/regular.ts";
import { writeWhole } from "../../files/whole.ts";
import { record } from "../../passes/parity/record/record.ts";
import { certificate } from "../../passes/prove/report/certificate.ts";
import { planOf } from "../../passes/run/plan.ts";
import { prepare } from "../../passes/run/run.ts";
import { requestedSize } from "../options/size-options.ts";
import { heldRecord } from "../ranges/author/safe-text.ts";
import { rangesClaim } from "../ranges/claim.ts";
import { certifiedEquality, safeRecord } from "../ranges/safe-text.ts";
import { TOOL_VERSION } from "../terminal/version.ts";
import { identityOf } from "./ground.ts";
import type { EmitJob, ProofOnBytes } from "./packages.ts";
import type { PlannedGraph, PlannedSet } from "./plan.ts";
import { type FedRows, rowsFed } from "./rows.ts";
import { sidesOf } from "./safe.ts";

const FIXTURES = ".fixtures.json";

/** The names of what stands beside the packages of this name; what speaks of others comes behind them. */
export const namesBeside = (name: string) => ({
  ropeData: `${name}.rope.safetensors`,
  ropeTables: `${name}.rope.json`,
  data: `${name}.fixtures.safetensors`,
  fixtures: `${name}${FIXTURES}`,
});

/** The name of the certificate of a block: of one of several it has the function's name in it. */
export const certificateName = (name: string, block: { readonly function?: string | undefined }): string =>
  [name, ...(block.function === undefined ? [] : [block.function]), "certificate.json"].join(".");

/** Writes the certificate beside the staged packages. @throws UserError when it cannot be written */
export async function writeCertificate(
  { subject, planned, guaranteed, ground }: EmitJob,
  staging: string,
  proof: ProofOnBytes,
) {
  const { verdict, block, step, equality } = proof;
  const { safe, safeGraph, ropeList } = subject;
  const chosen = safe ? safeRecord(safe) : safeGraph && heldRecord(safeGraph);
  const engineSafe = chosen && equality && { ...chosen, equality: certifiedEquality(equality, sidesOf(subject)) };
  const record = {
    ...certificate(verdict, { block, step }, TOOL_VERSION, ropeList),
    ...(guaranteed ? { ranges: rangesClaim(guaranteed, verdict) } : {}),
    ...(ground ? { ground } : {}),
    ...(engineSafe ? { engineSafe } : {}),
  };
  const text = `${JSON.stringify(record, null, 2)}\n`;
  const path = join(staging, certificateName(planned.name, proof));
  await writeWhole(path, async (handle) => void (await handle.writeFile(text)));
}

/** Writes LongRoPE's tables beside the staged packages, for a model that has them. @throws UserError when that is refused */
export async function emitRopeTables({ subject, planned, args }: EmitJob, staging: string): Promise<void> {
  const { config, ropeList } = subject;
  const { name } = planned;
  if (!ropeList || config?.rope.type !== "longrope") return;
  const { ropeData, ropeTables } = namesBeside(name);
  await writeRopeTables({
    name,
    decoder: { ...config, rope: config.rope },
    maxSeq: requestedSize(args).maxSeq,
    assumed: ropeList,
    paths: { data: join(staging, ropeData), tables: join(staging, ropeTables) },
  });
}

/** The device tool takes one set of fixtures a folder. @throws UserError when the folder has one of another name */
export async function checkOnlyFixtures(folder: string, name: string): Promise<void> {
  const other = (await namesIn(folder)).find((file) => file.endsWith(FIXTURES) && file !== namesBeside(name).fixtures);
  if (other !== undefined)
    throw new UserError(
      `${folder} holds fixtures of another name, ${other}, and the device tool takes one set a folder`,
      "give another --out",
    );
}

/** The block that fixtures are of. @throws UserError where there are several, of which the device tool takes one */
export function recordedBlock({ blocks }: PlannedSet): PlannedGraph {
  const [block, ...more] = blocks as readonly [PlannedGraph, ...PlannedGraph[]];
  if (more.length === 0) return block;
  throw new UserError(
    `fixtures are of one block and its step, and these functions are ${blocks.length} blocks`,
    `leave out --fixtures, or give two functions, such as --functions infer=1,${block.function}=${block.tokens}`,
  );
}

const packageIn = (staging: string, { in: name, function: fn }: PlannedGraph) => ({
  path: join(staging, name),
  ...(fn === undefined ? {} : { function: fn }),
});

/**
 * Runs the usual sequence in fp16 and fp64 and writes what a device must reproduce beside the staged packages.
 * @throws the signal's reason when the user interrupts
 */
export async function emitFixtures(job: EmitJob, staging: string, proven: boolean): Promise<readonly FedRows[]> {
  const { subject, planned, store, args, io } = job;
  const seed = args.whole("seed");
  const settings = subject.config && settingsOf(subject.config, subject.ropeList);
  const first = recordedBlock(planned);
  const [{ graph: block }, { graph: step }] = [first, planned.step];
  const plans = [planOf(block), planOf(step), planOf(block, { precision: "fp64" })] as const;
  const predicted = PREDICTED_CHIPS.find((chip) => chip === args.text("target"));
  const engine = predicted ? planOf(block, { precision: "engine" }) : undefined;
  const all = [...plans, ...(engine ? [engine] : [])];
  checkMemory(all, "recording fixtures");
  const loading = io.progress("loading weights");
  const executor = await prepare(all, store.stream, { progress: loading.update }).finally(loading.end);
  const running = io.progress("recording fixtures");
  try {
    const recording = await record(
      { block, step, runBlock: (v) => executor.run(plans[0], v), runStep: (v) => executor.run(plans[1], v) },
      (v) => executor.run(plans[2], v),
      {
        seed,
        borne: isBorne,
        ...(settings ? { config: settings } : {}),
        ...(engine ? { runPredicted: (v: Parameters<typeof executor.run>[1]) => executor.run(engine, v) } : {}),
        onCall(done, total) {
          running.update(done, total);
          io.signal.throwIfAborted();
        },
      },
    );
    await writeFixtures({
      tool: `graphc ${TOOL_VERSION}`,
      name: planned.name,
      seed,
      ...(subject.layers ? { layers: subject.layers } : {}),
      ...(settings ? { settings } : {}),
      graph: identityOf(subject, { ...requestedSize(args), tokens: recording.tokens }),
      ...(subject.ropeList ? { ropeList: subject.ropeList } : {}),
      block: packageIn(staging, first),
      step: packageIn(staging, planned.step),
      ...(proven ? { certificate: join(staging, certificateName(planned.name, first)) } : {}),
      ...(predicted ? { predicted } : {}),
      recording,
    });
    return rowsFed(recording);
  } finally {
    running.end();
    await executor.close();
  }
}
