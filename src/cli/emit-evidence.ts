/** What `emit` writes beside the packages: the proof's certificate and the fixtures for the device tool. */
import { join } from "node:path";
import type { Graph } from "../dsl/graph.ts";
import type { Size } from "../dsl/model.ts";
import { UserError } from "../dsl/user-error.ts";
import { writeFixtures } from "../evidence/fixtures.ts";
import { type Ground, groundFor, judgeBuild, type StackRequest } from "../evidence/policy.ts";
import { namesIn, statOf } from "../files/regular.ts";
import { writeWhole } from "../files/whole.ts";
import type { Decoder } from "../models/decoder.ts";
import { decoderLayers } from "../models/layers.ts";
import { record } from "../passes/parity/record.ts";
import { certificate, graphHash } from "../passes/prove/report/certificate.ts";
import { planOf } from "../passes/run/plan.ts";
import { prepare } from "../passes/run/run.ts";
import type { Args } from "./command.ts";
import type { EmitJob, ProofOnBytes } from "./emit-packages.ts";
import { checkMemory } from "./memory.ts";
import { requestedSize, type Subject } from "./target.ts";
import { TOOL_VERSION } from "./version.ts";

const FIXTURES = ".fixtures.json";

/** The names of what stands beside the packages of this name; what speaks of others comes behind them. */
export const namesBeside = (name: string) => ({
  data: `${name}.fixtures.safetensors`,
  certificate: `${name}.certificate.json`,
  fixtures: `${name}${FIXTURES}`,
});

/** Writes the certificate into the folder. @throws UserError when it cannot be written */
export async function writeCertificate(folder: string, name: string, { verdict, ...graphs }: ProofOnBytes) {
  const text = `${JSON.stringify(certificate(verdict, graphs, TOOL_VERSION), null, 2)}\n`;
  const path = join(folder, namesBeside(name).certificate);
  await writeWhole(path, async (handle) => void (await handle.writeFile(text)));
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

/**
 * Runs the usual sequence in fp16 and fp64 and writes what a device must reproduce beside the staged packages.
 * @throws the signal's reason when the user interrupts
 */
export async function emitFixtures(job: EmitJob, staging: string, proven: boolean): Promise<void> {
  const { subject, planned, store, args, io } = job;
  const [block, step = block] = planned.map(({ graph }) => graph) as unknown as [Graph, Graph?];
  const plans = [planOf(block), planOf(step), planOf(block, { precision: "fp64" })] as const;
  checkMemory(plans, "recording fixtures");
  const loading = io.progress("loading weights");
  const executor = await prepare(plans, store.stream, { progress: loading.update }).finally(loading.end);
  const running = io.progress("recording fixtures");
  try {
    const recording = await record(
      { block, step, runBlock: (v) => executor.run(plans[0], v), runStep: (v) => executor.run(plans[1], v) },
      (v) => executor.run(plans[2], v),
      {
        seed: args.whole("seed"),
        ...(subject.config ? { config: subject.config } : {}),
        onCall(done, total) {
          running.update(done, total);
          io.signal.throwIfAborted();
        },
      },
    );
    await writeFixtures({
      name: subject.name,
      graph: identityOf(subject, args),
      block: { path: join(staging, planned[0]!.name) },
      step: { path: join(staging, planned.at(-1)!.name) },
      ...(proven ? { certificate: join(staging, namesBeside(subject.name).certificate) } : {}),
      recording,
    });
  } finally {
    running.end();
    await executor.close();
  }
}

/** The one-layer block graph apart from its weights: what evidence for a stack must be about. */
const identityOf = (subject: Subject, args: Args): string => graphHash(subject.oneLayer(requestedSize(args)));

/** On what ground several layers may be emitted. @throws UserError when there is none. */
export async function groundOf(subject: Subject, args: Args, folder: string): Promise<Ground | undefined> {
  const layers = args.whole("layers");
  const ahead = args.flag("ahead-of-evidence");
  return layers === 1
    ? undefined
    : groundIn(args.text("evidence") ?? folder, { layers, ahead, graph: identityOf(subject, args) });
}

/** A whole model, and where the evidence of its one-layer build is looked for. */
export interface Stack {
  readonly layers: number;
  readonly decoder: Decoder;
  readonly size: Size;
  readonly folder: string;
  readonly ahead: boolean;
}

/** On what ground a whole model may be built. @throws UserError when there is none. */
export async function stackGround({ layers, decoder, size, folder, ahead }: Stack): Promise<Ground | undefined> {
  const { tokens, maxSeq } = size;
  const graph = graphHash(decoderLayers(decoder, { tokens, maxSeq }));
  return layers === 1 ? undefined : groundIn(folder, { layers, ahead, graph });
}

async function groundIn(build: string, request: Omit<StackRequest, "judged">): Promise<Ground | undefined> {
  const judged = (await hasFixtures(build)) ? await judgeBuild(build) : undefined;
  return groundFor({ ...request, ...(judged ? { judged } : {}) });
}

const hasFixtures = async (folder: string): Promise<boolean> =>
  (await statOf(folder)) !== undefined && (await namesIn(folder)).some((file) => file.endsWith(FIXTURES));

/** One line for the output. */
export const printGround = (ground: Ground): string =>
  ground.kind === "evidence"
    ? `more than one layer: on passed evidence of the one-layer gate (${ground.chip}, ${ground.osBuild})`
    : `more than one layer AHEAD OF EVIDENCE; open: ${ground.open.join("; ")}`;
