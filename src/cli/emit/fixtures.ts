/** The fixtures for the device tool, beside the packages. */
import { join } from "node:path";
import { checkMemory } from "../../api/memory.ts";
import { UserError } from "../../dsl/user-error.ts";
import { writeFixtures } from "../../evidence/fixtures.ts";
import { PREDICTED_CHIPS } from "../../evidence/format/predicted-chips.ts";
import { settingsOf } from "../../evidence/format/settings.ts";
import { isBorne } from "../../evidence/judge/row-bounds.ts";
import { namesIn } from "../../files/regular.ts";
import { record, recordable } from "../../passes/parity/record/record.ts";
import { planOf } from "../../passes/run/plan.ts";
import { prepare } from "../../passes/run/run.ts";
import { requestedSize } from "../options/size-options.ts";
import { TOOL_VERSION } from "../terminal/version.ts";
import { identityOf } from "./ground.ts";
import { certificateName, FIXTURES, namesBeside } from "./names.ts";
import type { EmitJob } from "./packages.ts";
import type { PlannedGraph, PlannedSet } from "./plan.ts";
import { type FedRows, rowsFed } from "./rows.ts";

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

/** @throws GraphError for graphs of which no fixtures can be recorded; UserError for several blocks */
export function checkRecordable(planned: PlannedSet): void {
  recordable({ block: recordedBlock(planned).graph, step: planned.step.graph });
}
