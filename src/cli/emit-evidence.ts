/** What `emit` writes beside the packages: the proof's certificate and the fixtures for the device tool. */
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Graphs } from "../dsl/twins.ts";
import { writeFixtures } from "../evidence/fixtures.ts";
import { type Ground, groundFor, judgeBuild } from "../evidence/policy.ts";
import { writeWhole } from "../files/files.ts";
import { record } from "../passes/parity/record.ts";
import { certificate, graphHash } from "../passes/prove/report/certificate.ts";
import type { Verdict } from "../passes/prove/report/verdict.ts";
import { planOf } from "../passes/run/plan.ts";
import { prepare } from "../passes/run/run.ts";
import type { WeightStore } from "../weights/store.ts";
import type { Args } from "./command.ts";
import { Interrupted } from "./interrupted.ts";
import type { Io } from "./io.ts";
import { checkMemory } from "./memory.ts";
import { requestedSize, type Subject } from "./target.ts";
import { TOOL_VERSION } from "./version.ts";

/** Writes `NAME.certificate.json` and returns its path. */
export async function writeCertificate(
  folder: string,
  name: string,
  verdict: Verdict,
  graphs: Graphs,
): Promise<string> {
  const path = join(folder, `${name}.certificate.json`);
  const text = `${JSON.stringify(certificate(verdict, graphs, TOOL_VERSION), null, 2)}\n`;
  await writeWhole(path, async (handle) => void (await handle.writeFile(text)));
  return path;
}

/** What an earlier emit left beside packages of this name: it speaks of other bytes now. */
export async function removeStale(folder: string, name: string): Promise<void> {
  for (const kind of ["certificate.json", "fixtures.json", "fixtures.safetensors"])
    await rm(join(folder, `${name}.${kind}`), { force: true });
}

/** What to record fixtures for: graphs as they were emitted into `folder`, and the certificate beside them. */
export interface FixtureRequest extends Graphs {
  readonly subject: Subject;
  readonly folder: string;
  readonly certificate?: string;
}

/** Runs the usual sequence in fp16 and fp64 and writes what a device must reproduce. */
export async function emitFixtures(request: FixtureRequest, store: WeightStore, args: Args, io: Io): Promise<string> {
  const { subject, folder, block, step } = request;
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
          if (io.signal.aborted) throw new Interrupted("interrupted; the packages are written, their fixtures are not");
        },
      },
    );
    const { manifest } = await writeFixtures({
      name: subject.name,
      graph: identityOf(subject, args),
      block: { path: packagePath(folder, subject, args.whole("tokens")) },
      step: { path: packagePath(folder, subject, 1) },
      ...(request.certificate === undefined ? {} : { certificate: request.certificate }),
      recording,
    });
    return manifest;
  } finally {
    running.end();
    await executor.close();
  }
}

/** `FOLDER/NAME.t<T>.mlpackage`. */
export const packagePath = (folder: string, { name }: Subject, tokens: number): string =>
  join(folder, `${name}.t${tokens}.mlpackage`);

/** The one-layer block graph apart from its weights: what evidence for a stack must be about. */
const identityOf = (subject: Subject, args: Args): string => graphHash(subject.oneLayer(requestedSize(args)));

/** On what ground several layers may be emitted. @throws UserError when there is none. */
export async function groundOf(subject: Subject, args: Args, folder: string): Promise<Ground | undefined> {
  const layers = args.whole("layers");
  if (layers === 1) return undefined;
  const build = args.text("evidence") ?? folder;
  const judged = (await hasFixtures(build)) ? await judgeBuild(build) : undefined;
  return groundFor({
    layers,
    graph: identityOf(subject, args),
    ahead: args.flag("ahead-of-evidence"),
    ...(judged ? { judged } : {}),
  });
}

const hasFixtures = async (folder: string): Promise<boolean> =>
  existsSync(folder) && (await readdir(folder)).some((file) => file.endsWith(".fixtures.json"));

/** One line for the output. */
export const printGround = (ground: Ground): string =>
  ground.kind === "evidence"
    ? `more than one layer: on passed evidence of the one-layer gate (${ground.chip}, ${ground.osBuild})`
    : `more than one layer AHEAD OF EVIDENCE; open: ${ground.open.join("; ")}`;
