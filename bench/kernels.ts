/** The work of bench/kernels.mjs. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { type Graph, graph, schedule } from "../src/dsl/graph.ts";
import { conv } from "../src/dsl/ops/index.ts";
import { input, state, type Tensor } from "../src/dsl/tensor.ts";
import { packedBytes, type Shape, sizeOf } from "../src/dsl/type.ts";
import { PHI4_MINI } from "../src/models/config.ts";
import { blockPositions, causalMask, ropeRows, writeMask } from "../src/models/host.ts";
import { decoderLayers } from "../src/models/layers.ts";
import { halfBits } from "../src/passes/kernels/code/runtime.ts";
import type { RawArray } from "../src/passes/kernels/raw.ts";
import { quantised } from "../src/passes/quantise.ts";
import type { WeightStream } from "../src/passes/run/constants.ts";
import { type Plan, planOf } from "../src/passes/run/plan.ts";
import { bytesOf, prepare } from "../src/passes/run/run.ts";
import { memoryReader } from "./read-memory.ts";

const TOKENS = 4;
const MAX_SEQ = 2048;

export interface BenchOptions {
  readonly rounds: number;
  /** How many threads, one after another. */
  readonly threads: readonly number[];
  /** Command line of the numpy process. */
  readonly numpy: readonly [command: string, script: string];
}

/** One pass of a contender, in milliseconds. */
type Pass = () => Promise<number>;

export async function benchKernels({ rounds, threads: counts, numpy }: BenchOptions): Promise<void> {
  // As `generate` runs it: caches stay where they are.
  const keepStates = true;
  const layer = planOf(decoderLayers(PHI4_MINI, { tokens: TOKENS, maxSeq: MAX_SEQ }), { keepStates });
  const linear = planOf(linearParts(layer.graph));
  const engine = planOf(layer.graph, { precision: "engine" });
  const codes = planOf(quantised(layer.graph, { how: "nearest", kept: [], others: [] }), {
    keepCodes: true,
    keepStates,
  });
  const codeBytes = codes.constants.reduce((sum, { type }) => sum + packedBytes(type), 0);
  console.log(`Phi-4-mini layer, T=${TOKENS}, max_seq ${MAX_SEQ}: median (least) ms of ${rounds} rounds in turns`);
  for (const threads of counts) {
    const fill = planOf(filling(layer.graph), { keepStates });
    const executor = await prepare([layer, linear, engine, fill], randomWeights, { threads });
    const inCodes = await prepare([codes, fill], randomWeights, { threads });
    for (const by of [executor, inCodes]) by.run(fill, feed(fill.graph));
    const reader = memoryReader(codeBytes, threads);
    const rival = await startNumpy(numpy, threads);
    const pass = (plan: Plan, values: Readonly<Record<string, RawArray>>, by = executor): Pass => {
      return async () => {
        const begin = performance.now();
        by.run(plan, values);
        return performance.now() - begin;
      };
    };
    const contenders: Record<string, Pass> = {
      "linear parts": pass(linear, feed(linear.graph)),
      ...(rival ? { "numpy, the same": rival.pass } : {}),
      // The last block of a full cache: nothing is masked away that could be skipped.
      "whole layer, full cache": pass(layer, feed(layer.graph, MAX_SEQ - TOKENS)),
      "whole layer, position 5": pass(layer, feed(layer.graph, 5)),
      "the engine's arithmetic": pass(engine, feed(layer.graph, MAX_SEQ - TOKENS)),
      "in int8, full cache": pass(codes, feed(layer.graph, MAX_SEQ - TOKENS), inCodes),
      "reading its int8 weights": reader.pass,
    };
    const times = await takeTurns(contenders, rounds);
    report(threads, times, bytesOf([layer, linear, engine], { threads }));
    reportLimit(times, codeBytes);
    reportLayer(times);
    reportEngine(times);
    rival?.child.kill();
    await Promise.all([executor.close(), inCodes.close(), reader.close()]);
  }
}

/** The four projections of a layer on inputs of their own. */
function linearParts(layer: Graph): Graph {
  const matrices = schedule(layer).filter(
    (x) => x.def.kind === "weight" && x.type.shape[1]! > 1 && x.type.shape[0]! > 1,
  );
  const inputs = matrices.map((w, n) => input(`x${n}`, [1, w.type.shape[1]!, TOKENS, 1]));
  const outputs = Object.fromEntries(matrices.map((w, n) => [`y${n}`, conv(inputs[n]!, w as Tensor<Shape, "fp16">)]));
  return graph({ name: "linear", inputs, outputs });
}

/** Puts its inputs into the states of a layer. */
function filling(layer: Graph): Graph {
  const states = layer.states.map(({ name, entry }) => {
    const rows = input(`${name}_rows`, entry.type.shape);
    return [state(name, entry.type.shape), rows] as const;
  });
  const inputs = states.map(([, rows]) => rows);
  return graph({ name: "fill", inputs, outputs: { first: inputs[0]! }, states });
}

/** Uniform numbers in [-1, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}

/** Weights of about the size of the real ones, some of them subnormal; codes of any bytes. */
const randomWeights: WeightStream = async function* randomWeights(_, { dtype, shape }) {
  const next = random(sizeOf(shape));
  if (dtype === "int8") return yield new Uint8Array(sizeOf(shape)).map(() => 127 * next());
  const chunk = new Uint16Array(2 ** 20);
  for (let left = sizeOf(shape); left > 0; left -= chunk.length) {
    for (let i = 0; i < chunk.length; i++) chunk[i] = halfBits(Math.fround(next() * 0.03));
    yield new Uint8Array(chunk.buffer, 0, 2 * Math.min(left, chunk.length));
  }
};

/** Random rows, a random cache where it is given, and what the host feeds for a block at `start`. */
function feed(g: Graph, start?: number): Readonly<Record<string, RawArray>> {
  const next = random(1);
  const given: Record<string, ArrayLike<number>> = {};
  if (start !== undefined) {
    const positions = blockPositions(start, TOKENS, MAX_SEQ);
    const { cos, sin } = ropeRows(PHI4_MINI, positions, MAX_SEQ);
    Object.assign(given, { rope_cos: cos.data, rope_sin: sin.data });
    given.attn_mask = causalMask(positions, MAX_SEQ).data;
    given.kv_write_mask = writeMask(positions, MAX_SEQ).data;
  }
  const leaves = [...g.inputs, ...g.states.map((s) => s.entry)];
  return Object.fromEntries(
    leaves.map(({ name, type }) => {
      const numbers = given[name!] ?? Float64Array.from({ length: sizeOf(type.shape) }, next);
      return [name!, { ...type, data: Uint16Array.from(numbers, halfBits) }];
    }),
  );
}

async function takeTurns(contenders: Readonly<Record<string, Pass>>, rounds: number) {
  const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]));
  // The first rounds warm up: compilers, caches, OpenBLAS's threads.
  for (let round = -3; round < rounds; round++) {
    for (const [name, pass] of Object.entries(contenders)) {
      const ms = await pass();
      if (round >= 0) times.get(name)!.push(ms);
    }
  }
  return times;
}

function report(threads: number, times: ReadonlyMap<string, readonly number[]>, bytes: number): void {
  console.log(`\n${threads} thread${threads > 1 ? "s" : ""}, ${(bytes / 1e6).toFixed(0)} MB foreseen`);
  const middle = (name: string) => times.get(name)!.toSorted((a, b) => a - b)[times.get(name)!.length >> 1]!;
  for (const [name, all] of times) {
    const ratio =
      name === "linear parts" ? "" : `   ${(middle(name) / middle("linear parts")).toFixed(2)} × linear parts`;
    const [median, least] = [middle(name), Math.min(...all)].map((ms) => ms.toFixed(1));
    console.log(`  ${name.padEnd(24)} ${median!.padStart(6)} (${least})${ratio}`);
  }
}

/** What a layer costs beside its linear parts, of the round's two figures. */
function reportLayer(times: ReadonlyMap<string, readonly number[]>): void {
  const [layer, linear] = [times.get("whole layer, full cache")!, times.get("linear parts")!];
  const ratios = layer.map((ms, round) => ms / linear[round]!).toSorted((a, b) => a - b);
  const ratio = ratios[ratios.length >> 1]!;
  console.log(`  layer: ${ratio.toFixed(2)} × its linear parts   target 1.5  ${ratio < 1.5 ? "met" : "MISSED"}`);
}

/** What share of the machine's limit the layer in int8 has, of the round's two figures. */
function reportLimit(times: ReadonlyMap<string, readonly number[]>, bytes: number): void {
  const [layer, reading] = [times.get("in int8, full cache")!, times.get("reading its int8 weights")!];
  const shares = layer.map((ms, round) => reading[round]! / ms).toSorted((a, b) => a - b);
  const share = shares[shares.length >> 1]!;
  const rate = bytes / 1e6 / layer.toSorted((a, b) => a - b)[layer.length >> 1]!;
  console.log(
    `  int8: ${rate.toFixed(1)} GB/s of weights, ${(100 * share).toFixed(0)} % of what the memory gives   target 50 %  ${share >= 0.5 ? "met" : "MISSED"}`,
  );
}

/** What the engine's arithmetic costs beside the reference's. */
function reportEngine(times: ReadonlyMap<string, readonly number[]>): void {
  const [engine, fp16] = ["the engine's arithmetic", "whole layer, full cache"].map((name) =>
    Math.min(...times.get(name)!),
  );
  const met = engine! < 5000 ? "met" : "MISSED";
  console.log(
    `  engine: ${(engine! / fp16!).toFixed(1)} × fp16; ${(engine! / 1000).toFixed(2)} s   target 5 s  ${met}`,
  );
}

/** A numpy process, or undefined when there is no Python with numpy. */
async function startNumpy([command, script]: readonly [string, string], threads: number) {
  const env = { ...process.env, OPENBLAS_NUM_THREADS: `${threads}` };
  const child: ChildProcess = spawn(command, [script, `${TOKENS}`], { env, stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const answer = await Promise.race([lines.next(), new Promise<never>((_, fail) => child.on("error", fail))]).catch(
    () => undefined,
  );
  if (answer?.value !== "ready") {
    console.log("no numpy: ours alone");
    return undefined;
  }
  const pass: Pass = async () => {
    child.stdin!.write("go\n");
    const ms = Number((await lines.next()).value);
    // OpenBLAS's threads spin for a while when they are done, on the cores that the next contender needs.
    await setTimeout(200);
    return ms;
  };
  return { child, pass };
}
