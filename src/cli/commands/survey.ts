/** `graphc survey`: how the numbers of a layer sit in fp16, and which RMSNorm form is safe for them. */
import type { Tensor } from "../../dsl/tensor.ts";
import { twinsOf } from "../../dsl/twins.ts";
import { UserError } from "../../dsl/user-error.ts";
import { type RawArray, toNDArray } from "../../passes/kernels/raw.ts";
import { feed } from "../../passes/parity/feeds.ts";
import { planOf } from "../../passes/run/plan.ts";
import { bytesOf, prepare } from "../../passes/run/run.ts";
import { type NormSurvey, surveyNorms } from "../../passes/survey/norms.ts";
import { surveyor, type ValueSurvey } from "../../passes/survey/survey.ts";
import type { Arrays } from "../../weights/arrays.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Args, Command } from "../command.ts";
import { ROLE_OPTIONS } from "../given-roles.ts";
import type { Io } from "../io.ts";
import { checkMemory, type OpenPair, requestedPair } from "../pair.ts";
import { table } from "../table.ts";
import { INPUT_SEED_OPTION, SIZE_OPTIONS, WEIGHTS_OPTION } from "../target.ts";

const EMBEDDING = "model.embed_tokens.weight";
const BLOCKS = 4;
/** Doublings left before overflow at which a value is worth a warning. */
const NARROW = 2;

/** Figures per value over a few blocks that share their cache; a value that is not finite is a no. */
export const surveyCommand: Command = {
  name: "survey",
  operands: "phi4-mini | GRAPH.ts",
  arity: [1, 1],
  needs: "a model (phi4-mini) or a graph file",
  example: "phi4-mini",
  options: { ...WEIGHTS_OPTION, ...SIZE_OPTIONS, ...INPUT_SEED_OPTION, ...ROLE_OPTIONS },
  notes: [
    "Reports per value: max |x|, rms, subnormals, room before overflow, worst channel.",
    "With --weights and --layer 0 the rows are embeddings of tokens of the checkpoint; otherwise they are random, rms 1.",
    "Exit code 1 when a value is not finite.",
  ],
  async run(args, io) {
    const pair = await requestedPair(args);
    const { values, norms } = await measure(pair, args, io);
    if (args.flag("json")) io.out(JSON.stringify({ values, norms }, null, 2));
    else io.out(surveyText(pair, values, norms));
    return values.some((v) => v.nonFinite > 0) ? 1 : 0;
  },
};

interface Survey {
  readonly values: readonly ValueSurvey[];
  readonly norms: readonly NormSurvey[];
}

async function measure(pair: OpenPair, args: Args, io: Io): Promise<Survey> {
  const plan = planOf(pair.block);
  checkMemory(bytesOf([plan]), "this run");
  const loading = io.progress("loading weights");
  const store = await pair.openWeights();
  try {
    const executor = await prepare([plan], store.stream, { progress: loading.update }).finally(loading.end);
    const seen = surveyor();
    const rows: Float64Array[] = [];
    const observe = (value: Tensor, contents: RawArray): void => {
      seen.observe(value, contents);
      if (/(^|\.)(attn\.residual|out)$/.test(value.name ?? "")) rows.push(...tokenRows(contents));
    };
    let states = zeroStates(pair);
    for (let block = 0; block < BLOCKS; block++) {
      const inputs = await blockInputs(pair, store, args, block);
      for (const x of pair.block.inputs) observe(x, inputs[x.name ?? ""]!);
      if (inputs.x) rows.push(...tokenRows(inputs.x));
      states = executor.run(plan, { ...inputs, ...states }, observe).states;
    }
    await executor.close();
    return { values: seen.report(), norms: pair.config ? await surveyNorms(rows, pair.config.eps) : [] };
  } finally {
    await store.close();
  }
}

const zeroStates = ({ block }: OpenPair): Arrays =>
  Object.fromEntries(
    block.states.map(({ name, entry: { type } }) => [
      name,
      { ...type, data: new Uint16Array(type.shape.reduce((n, size) => n * size, 1)) },
    ]),
  );

async function blockInputs(pair: OpenPair, store: WeightStore, args: Args, block: number): Promise<Arrays> {
  const { roles, slots: maxSeq = Number.MAX_SAFE_INTEGER } = twinsOf(pair.block, pair.step, pair.given);
  const tokens = args.whole("tokens");
  if (tokens * BLOCKS > maxSeq)
    throw new UserError(`${BLOCKS} blocks of ${tokens} tokens do not fit --max-seq ${maxSeq}`);
  const first = block * tokens;
  const source = { seed: args.whole("seed"), roles, maxSeq, ...(pair.config ? { config: pair.config } : {}) };
  const inputs = feed(pair.block, source, {
    rows: Array.from({ length: tokens }, (_, t) => first + t),
    committed: new Set(Array.from({ length: first }, (_, row) => row)),
    stream: first,
  });
  const embedded = pair.config && args.text("weights") && args.whole("layer") === 0;
  return embedded ? { ...inputs, x: await embeddings(pair, store, first, tokens) } : inputs;
}

/** Rows of the embedding, spread evenly over the vocabulary, as x [1, d, T, 1]. */
async function embeddings({ config }: OpenPair, store: WeightStore, first: number, tokens: number): Promise<RawArray> {
  const { vocab, hiddenSize } = config!;
  const data = new Uint16Array(hiddenSize * tokens);
  for (let t = 0; t < tokens; t++) {
    const id = Math.floor(((first + t + 0.5) * vocab) / (BLOCKS * tokens));
    const source = { from: "checkpoint", tensor: EMBEDDING, rows: [id, id + 1] } as const;
    let channel = 0;
    for await (const chunk of store.stream(source, { dtype: "fp16", shape: [1, hiddenSize] })) {
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let i = 0; i < chunk.byteLength; i += 2) data[channel++ * tokens + t] = view.getUint16(i, true);
    }
  }
  return { dtype: "fp16", shape: [1, hiddenSize, tokens, 1], data };
}

/** The rows of a value [1, d, T, 1], one per token. */
function tokenRows(contents: RawArray): readonly Float64Array[] {
  const { data, shape } = toNDArray(contents);
  const [, d = 0, tokens = 0] = shape;
  return Array.from({ length: tokens }, (_, t) => Float64Array.from({ length: d }, (_, c) => data[c * tokens + t]!));
}

function surveyText(pair: OpenPair, values: readonly ValueSurvey[], norms: readonly NormSurvey[]): string {
  const figure = (x: number) => (x === 0 ? "0" : x.toExponential(2));
  const rows = values.map((v) => [
    v.value,
    figure(v.maxAbs),
    figure(v.rms),
    `${(100 * v.subnormal).toFixed(1)}%`,
    Number.isFinite(v.headroom) ? v.headroom.toFixed(1) : "none",
    `${v.worstChannel}`,
    v.nonFinite > 0 ? `${v.nonFinite} NOT FINITE` : v.headroom < NARROW ? "near overflow" : "",
  ]);
  return [
    `${pair.name}, weights ${pair.weights}`,
    table(["value", "max |x|", "rms", "subnormal", "doublings left", "worst channel", ""], rows),
    ...(norms.length === 0 ? [] : ["", "RMSNorm forms on these rows, fp16 against fp64:", normTable(norms)]),
  ].join("\n");
}

const normTable = (norms: readonly NormSurvey[]): string =>
  table(
    ["form", "worst row", ""],
    norms.map(({ form, worstRow, safe }) => [
      form,
      Number.isFinite(worstRow) ? worstRow.toExponential(1) : "not finite",
      safe ? "safe" : "NOT SAFE",
    ]),
  );
