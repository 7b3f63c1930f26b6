/** The packages of a built model, loaded: in memory as far as they have room there, and read as a call needs them beyond it. */

import type { Graph } from "../../dsl/graph.ts";
import { packageFiles, packageWeights } from "../../emit/read/blobs/package-store.ts";
import type { Arithmetic } from "../../passes/kernels/arithmetic.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";
import { type Plan, planOf } from "../../passes/run/plan.ts";
import { bytesOf, type Executor, prepare } from "../../passes/run/run.ts";
import { type CallPlace, keptCaches } from "./kept-caches.ts";

/** A package that is loaded: called with its inputs at one of its sizes, it keeps its own states, or this host its caches. */
export interface Part extends Pick<Executor, "close"> {
  call(
    tokens: number,
    values: Readonly<Record<string, RawArray>>,
    place?: CallPlace,
  ): Readonly<Record<string, RawArray>>;
}

/** How packages are run. */
export interface PartOptions {
  readonly threads?: number;
  /** Bytes beyond which weights are read from their files whenever a call needs them; 1.3 GB when absent. */
  readonly resident?: number;
  /** fp16 when absent. */
  readonly precision?: Arithmetic;
  onProgress?(done: number, total: number): void;
}

/** With node itself and what it reads by, 1.5 GB. */
const RESIDENT = 1.3e9;

/** Of a head, which has no cache. */
const NOWHERE: CallPlace = { at: 0, used: 0 };

type Plans = ReadonlyMap<number, Plan>;

/** Each package at the sizes that it takes. The first have the first claim on the memory. */
export async function loadedParts(
  packages: readonly ReadonlyMap<number, Graph>[],
  { threads = 1, resident = RESIDENT, precision = "fp16", onProgress }: PartOptions,
): Promise<readonly Part[]> {
  const planned = packages.map(
    (graphs) =>
      new Map(
        [...graphs].map(([tokens, graph]) => [tokens, planOf(graph, { precision, keepCodes: true, keepStates: true })]),
      ),
  );
  const isHeld = heldWithin(planned, threads, resident);
  const parts: Part[] = [];
  for (const [k, plans] of planned.entries()) {
    const fromFile = isHeld[k]! ? undefined : packageFiles;
    const executor = await prepare([...plans.values()], packageWeights().stream, { threads, fromFile });
    parts.push({ call: callsOf(executor, plans), close: executor.close });
    onProgress?.(k + 1, packages.length);
  }
  return parts;
}

/** Which packages have room for their weights, beside what all take without. */
function heldWithin(planned: readonly Plans[], threads: number, resident: number): readonly boolean[] {
  const sizes = planned.map((plans) => {
    const all = [...plans.values()];
    return { whole: bytesOf(all, { threads }), lean: bytesOf(all, { threads, fromFile: packageFiles }) };
  });
  let left = resident - sizes.reduce((sum, { lean }) => sum + lean, 0);
  return sizes.map(({ whole, lean }) => {
    const isHeld = whole - lean <= left;
    if (isHeld) left -= whole - lean;
    return isHeld;
  });
}

/** States begin as zeros, as Core ML makes them, and stay in the executor. */
function callsOf(executor: Executor, plans: Plans): Part["call"] {
  const [any] = plans.values();
  const caches = keptCaches(any!.graph);
  return (tokens, values, place = NOWHERE) => {
    const { outputs } = executor.run(plans.get(tokens)!, { ...values, ...caches.before(place.at) });
    caches.after(outputs, place);
    return outputs;
  };
}
