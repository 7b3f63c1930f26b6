/** `graphc parity`: a block of T tokens against T single tokens, bit for bit, chained through the state. */
import { UserError } from "../../dsl/user-error.ts";
import type { Accumulate } from "../../passes/kernels/accumulate.ts";
import { type ParityReport, parity as runParity } from "../../passes/parity/parity.ts";
import { planOf } from "../../passes/run/plan.ts";
import { bytesOf, prepare } from "../../passes/run/run.ts";
import type { Args, Command } from "../command.ts";
import { Interrupted } from "../interrupted.ts";
import type { Io } from "../io.ts";
import { checkMemory, type OpenPair, pairOf } from "../pair.ts";
import { printParity } from "../parity-text.ts";
import { MODEL_OPTIONS } from "../target.ts";

export const parity: Command = {
  name: "parity",
  summary: "Runs blocks of T tokens against the same tokens one by one and compares every bit.",
  operands: "phi4-mini | GRAPH.ts | BLOCK.mlpackage [STEP.mlpackage]",
  arity: [1, 2],
  options: {
    ...MODEL_OPTIONS,
    threads: { type: "string", value: "N", help: "1 or 2; the bits are the same", default: "1" },
    accumulate: {
      type: "string",
      value: "fp16:A/B",
      help: "model hardware that sums in fp16 chunks of A terms in the block, B in the steps",
    },
  },
  notes: [
    "The sequence rejects tokens, writes over stale rows, scatters, pads, and ends on the last block that fits.",
    "Exit code 0 only when every bit is equal (the sign of zero aside).",
  ],
  async run(args, io) {
    const pair = await pairOf(args);
    const started = performance.now();
    const report = await measure(pair, args, io);
    const seconds = (performance.now() - started) / 1000;
    if (args.flag("json"))
      io.out(JSON.stringify({ pair: pair.name, weights: pair.weights, seconds, ...report }, null, 2));
    else io.out(printParity(report, { name: pair.name, weights: pair.weights, seconds }));
    return report.equal ? 0 : 1;
  },
};

async function measure(pair: OpenPair, args: Args, io: Io): Promise<ParityReport> {
  const [blockSums, stepSums] = accumulation(args.text("accumulate"));
  const [block, step] = [planOf(pair.block, blockSums), planOf(pair.step, stepSums)];
  const threads = args.whole("threads", 1);
  checkMemory(bytesOf([block, step], { threads }), "this run");
  const loading = io.progress("loading weights");
  const store = await pair.openWeights();
  const executor = await prepare([block, step], store.stream, { threads, progress: loading.update }).finally(
    loading.end,
  );
  const running = io.progress("running blocks");
  try {
    return await runParity(
      {
        block: pair.block,
        step: pair.step,
        runBlock: (values) => executor.run(block, values),
        runStep: (values) => executor.run(step, values),
      },
      {
        seed: args.whole("seed", 0),
        ...(pair.config ? { config: pair.config } : {}),
        onCall(done, total) {
          running.update(done, total);
          if (io.signal.aborted) throw new Interrupted("interrupted");
        },
      },
    );
  } finally {
    running.end();
    await executor.close();
    await store.close();
  }
}

/** `fp16:32/256` as the model of the block and of the steps. */
function accumulation(text: string | undefined): readonly [{ accumulate?: Accumulate }, { accumulate?: Accumulate }] {
  if (text === undefined) return [{}, {}];
  const match = /^fp16:(\d+)\/(\d+)$/.exec(text);
  if (!match) throw new UserError(`--accumulate must look like fp16:32/256, not "${text}"`);
  const model = (chunk: string) => ({ accumulate: { dtype: "fp16", chunk: Number(chunk) } }) as const;
  return [model(match[1]!), model(match[2]!)];
}
