/** `graphc build`: a whole model for a runtime that exists: shards, heads, embedding and manifest, each proven or checked. */
import { resolve } from "node:path";
import { type BuildEvent, type Built, buildModel } from "../../build/build.ts";
import type { EngineDrift } from "../../build/engine-drift.ts";
import type { LayerError } from "../../build/layer-errors.ts";
import { widest } from "../../build/sizes.ts";
import { figure } from "../../dsl/figure.ts";
import { type QuantisingStore, quantisingStore } from "../../weights/quantise/quantise.ts";
import type { WeightReport } from "../../weights/store.ts";
import { checkReport, lossReport } from "../build/loss-report.ts";
import { type WholeModel, wholeModel } from "../build/model.ts";
import { BUILD_OPTIONS } from "../build/options.ts";
import { engineRecord, engineText, layersText, quantisedText } from "../build/quantised-text.ts";
import { planText } from "../build/text.ts";
import { printGround, wholeGround } from "../emit/ground.ts";
import { buildDrift } from "../emit/safe.ts";
import { Interrupted } from "../errors/interrupted.ts";
import type { Args, Command } from "../options/command.ts";
import { EXPLAIN_OPTION } from "../options/verdict-options.ts";
import { safeDriftLine, safeLines, safeRecord } from "../ranges/safe-text.ts";
import type { Io } from "../terminal/io.ts";
import { tellVerdict } from "../verdict/tell.ts";

/** Everything that the runtime reads; what stands already is kept. */
export const buildCommand: Command = {
  name: "build",
  operands: "phi4-mini | CHECKPOINT",
  arity: [1, 1],
  needs: "a model (phi4-mini) or a checkpoint",
  example: "phi4-mini",
  options: {
    ...BUILD_OPTIONS,
    out: { kind: "folder", help: "folder for the model", default: "model" },
    report: {
      kind: "file",
      help: "also run each layer in fp16 and quantised, and write what every matrix and layer lost, as JSON",
      with: ["quantize"],
    },
    force: { kind: "flag", help: "replace a build of other settings" },
    evidence: { kind: "folders", help: "passed one-layer build, one for each kind of layer; else --out" },
    ...EXPLAIN_OPTION,
    "ahead-of-evidence": { kind: "flag", help: "build without such evidence, and write that down" },
  },
  notes: [
    "Writes shards of layers, heads, the embedding, and last the manifest; an interrupted build goes on where it stopped.",
    "Exit code 1 when a shard is not proven, or a weight is not finite: there is no manifest then.",
  ],
  async run(args, io) {
    const model = await wholeModel(args.operands[0]!, args, io);
    const folder = resolve(args.text("out")!);
    await checkReport(args.text("report"), folder);
    const { tokens, maxSeq } = model.plan.settings;
    // The one-layer gate is passed by the largest block.
    const ground = await wholeGround(model, { tokens: widest(tokens), maxSeq }, args, folder, io);
    for (const note of model.notes) io.err(`note: ${note}`);
    if (model.plan.settings.cache === "io")
      io.err(
        `note: the ${model.plan.settings.host}'s runtime knows caches as states alone and cannot run this build; graphc generate does`,
      );
    const { ids, note } = await model.stops();
    const texts = await model.texts();
    if (texts.note !== undefined) io.err(`note: ${texts.note}`);
    const store = quantisingStore(await model.openWeights());
    try {
      const { plan, weights, source } = model;
      const common = {
        plan,
        folder,
        store,
        stops: ids,
        texts: texts.files,
        weights,
        source,
        force: args.flag("force"),
      };
      const told = { ...common, ...(ground ? { ground } : {}) };
      const built = await interruptible(io, args, (on) => buildModel({ ...told, signal: io.signal, on }));
      // Layers that are run for a report read their weights again.
      const converted = store.report();
      const layers = built.kind === "built" ? await lossReport(model, { args, io, store }) : undefined;
      const drift = built.kind === "built" && model.safe ? await buildDrift(plan, store, io) : undefined;
      return report(built, model, {
        args,
        io,
        store,
        converted,
        layers,
        drift,
        stops: note,
        ground: ground && printGround(ground),
      });
    } finally {
      await store.close();
    }
  },
};

/** Shows what happens; an interrupt leaves what stands, and says so. */
async function interruptible(io: Io, args: Args, work: (on: (event: BuildEvent) => void) => Promise<Built>) {
  const progress = io.progress("building");
  try {
    return await work((event) => {
      if (event.kind === "progress") progress.update(event.done, event.total);
      else if (event.kind === "warning") io.err(`warning: ${event.text}`);
      else if (!args.flag("json"))
        io.out(
          `${event.path}: ${event.kind === "kept" ? "there already, as it was written" : "written"}${event.claim ? `, ${event.claim}` : ""}`,
        );
    });
  } catch (error) {
    if (io.signal.aborted) throw new Interrupted("interrupted; the same command goes on from here");
    throw error;
  } finally {
    progress.end();
  }
}

interface Told {
  readonly args: Args;
  readonly io: Io;
  readonly store: QuantisingStore;
  /** What converting cost the build. */
  readonly converted: WeightReport;
  /** What each layer lost, where that was asked for. */
  readonly layers: readonly LayerError[] | undefined;
  /** How far the engine is from fp64 with exponents and without, where there are some. */
  readonly drift: EngineDrift | undefined;
  /** At which tokens the runtime stops. */
  readonly stops: string;
  readonly ground: string | undefined;
}

function report(
  built: Built,
  { plan, safe }: WholeModel,
  { args, io, store, converted, layers, drift, stops, ground }: Told,
) {
  if (built.kind === "not finite") {
    const { path, tensor, count } = built;
    io.out(
      args.flag("json")
        ? JSON.stringify(built)
        : `NOT FINITE: ${tensor} holds ${count} values that are no finite numbers`,
    );
    io.err(`the build stopped at ${path}, and there is no manifest`);
    return 1;
  }
  if (built.kind === "not proven") {
    io.out(
      args.flag("json")
        ? JSON.stringify({
            path: built.path,
            function: built.function,
            isEquality: built.isEquality,
            verdict: built.verdict.verdict,
          })
        : tellVerdict(built.verdict, args),
    );
    const why =
      built.function !== undefined
        ? `, for its function ${built.function} is not proven`
        : built.isEquality
          ? ", for it is not known to be what it is without exponents"
          : "";
    io.err(`${built.path} was not written${why}, and there is no manifest`);
    return 1;
  }
  const { rounded, worstError } = converted;
  if (args.flag("json")) {
    io.out(
      JSON.stringify(
        {
          manifest: built.manifest,
          stops,
          ground,
          weights: converted,
          quantised: store.quantised(),
          layers,
          engine: engineRecord(plan.settings.quantize, args.text("target")),
          ...(safe ? { engineSafe: { ...safeRecord(safe), drift } } : {}),
          parts: built.state.done,
        },
        null,
        2,
      ),
    );
    return 0;
  }
  io.out(planText(plan));
  for (const line of quantisedText(store.quantised())) io.out(line);
  if (layers) io.out(layersText(layers));
  for (const line of engineText(plan.settings.quantize, args.text("target"))) io.out(line);
  if (safe) for (const line of safeLines(safe)) io.out(line);
  if (drift && safe) io.out(safeDriftLine(drift, safe));
  io.out(`weights: ${rounded} elements rounded to fp16, worst by ${figure(worstError)}`);
  io.out(stops);
  if (ground) io.out(ground);
  io.out(built.manifest);
  return 0 as const;
}
