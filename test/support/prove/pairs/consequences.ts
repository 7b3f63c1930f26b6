/** Each corollary of a verdict as an experiment: what it says is done with the interpreter, and must come out. */
import type { Graph } from "../../../../src/dsl/graph.ts";
import type { Twins } from "../../../../src/dsl/host/twins.ts";
import type { NDArray } from "../../../../src/passes/interpret/array.ts";
import { type Contract, type Experiment, experimentOf, type Feeds } from "./feeds.ts";
import { gapsOf, type Level, parts, type Ran, runCall } from "./oracle.ts";

interface Corollary {
  readonly name: string;
  readonly holds: boolean;
  readonly says: string;
}

interface Job {
  readonly pair: Twins;
  readonly contract: Contract;
  readonly level: Level;
  readonly seed: number;
}

/** The first claimed corollary that an experiment contradicts, and where. */
export function contradictedBy(job: Job, corollaries: readonly Corollary[]): string | undefined {
  for (const { name, holds } of corollaries) {
    if (!holds) continue;
    const found = EXPERIMENTS[name]?.(job);
    if (found !== undefined) return `${name}: ${found}`;
  }
  return undefined;
}

const EXPERIMENTS: Readonly<Record<string, (job: Job) => string | undefined>> = {
  acceptPrefix: (job) => afterRejection(job, true),
  rejectedRows: (job) => afterRejection(job, false),
  padding: paddingLeaves,
  capacity: atTheEnd,
};

/** Masks that a host feeds: an entry is open where it is told so, and shut elsewhere. */
function hostMasks(
  { roles }: Twins,
  graph: Graph,
  fed: Feeds,
  rows: readonly number[],
  open: (t: number, slot: number) => boolean,
  first: number,
): Feeds {
  const next: Record<string, NDArray> = { ...fed };
  for (const x of graph.inputs) {
    const name = x.name ?? "";
    const role = roles.get(name)!;
    if (role.kind === "shared" || role.kind === "rows") continue;
    const { shape, dtype } = x.type;
    const t = (ix: readonly number[]) => first + (role.tokenAxis === undefined ? 0 : ix[role.tokenAxis]!);
    const at = (ix: readonly number[]): number => {
      if (role.kind === "position") return rows[t(ix)]!;
      const slot = ix[role.slotAxis]!;
      if (role.kind === "write_mask") return Number(rows[t(ix)] === slot);
      const seen = open(t(ix), slot);
      return dtype === "bool" ? Number(seen) : seen ? 0 : -10_000;
    };
    next[name] = { dtype, shape, data: Float64Array.from(places(shape), at) };
  }
  return next;
}

function* places(shape: readonly number[]): Generator<readonly number[]> {
  const ix = shape.map(() => 0);
  const n = shape.reduce((a, b) => a * b, 1);
  for (let k = 0; k < n; k++) {
    yield [...ix];
    for (let axis = ix.length - 1; axis >= 0; axis--) {
      ix[axis]!++;
      if (ix[axis]! < shape[axis]!) break;
      ix[axis] = 0;
    }
  }
}

/** What a run met; undefined where it broke P7 or P8, so that nothing can be said. */
type Calls = (graph: Graph, fed: Feeds) => Ran | undefined;

function callsOf({ pair, contract, level }: Job, { weight }: Experiment): Calls {
  return (graph, fed) => {
    const ran = tried(() => runCall(graph, fed, weight, level === "exact" ? "fp16" : "fp64"));
    if (!ran?.finite) return undefined;
    return contract.gap !== undefined && gapsOf(pair, graph, fed, weight) > contract.gap ? undefined : ran;
  };
}

function tried<X>(run: () => X): X | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

const noiseOf = (level: Level, ...ran: readonly Ran[]): number =>
  level === "exact" ? 0 : 1e-9 * (1 + Math.max(...ran.map((x) => x.largest)));

/**
 * The block with all tokens, of which m are accepted, and m steps; then fresh tokens go on at the rows of the rejected
 * ones. The outputs of those must be equal, and with `states` also the states once all those rows are written again.
 */
function afterRejection(job: Job, states: boolean): string | undefined {
  const { pair, contract, level, seed } = job;
  const { block, step, tokens } = pair;
  const one = experimentOf(pair, contract, seed);
  const later = experimentOf(pair, contract, seed + 7777);
  const call = callsOf(job, one);
  const { rows } = one;
  const committed = (slot: number) => !rows.includes(slot) && (seed + slot) % 3 !== 0;
  const open = (t: number, slot: number) => committed(slot) || rows.slice(0, t + 1).includes(slot);
  const whole = call(block, { ...hostMasks(pair, block, one.block, rows, open, 0), ...one.states });
  if (!whole) return undefined;
  for (let m = 0; m < tokens; m++) {
    let after: Feeds | undefined = one.states;
    for (let t = 0; t < m && after; t++)
      after = call(step, { ...hostMasks(pair, step, one.steps[t]!, rows, open, t), ...after })?.states;
    let stale: Feeds = whole.states;
    for (let t = m; t < tokens; t++) {
      const fed = hostMasks(pair, step, later.steps[t]!, rows, open, t);
      const [a, b] = [after && call(step, { ...fed, ...stale }), after && call(step, { ...fed, ...after })];
      if (!a || !b) return undefined;
      for (const name of Object.keys(step.outputs)) {
        const found = parts(a.outputs[name]!.data, b.outputs[name]!.data, noiseOf(level, a, b));
        if (found)
          return `after ${m} of ${tokens} were accepted, output ${name} of the token at row ${rows[t]} is ${found.block} where steps give ${found.step}`;
      }
      [stale, after] = [a.states, b.states];
      if (t < tokens - 1 || !states) continue;
      for (const { name } of step.states) {
        const found = parts(a.states[name]!.data, b.states[name]!.data, noiseOf(level, a, b));
        if (found)
          return `after ${m} of ${tokens} were accepted and the rest written again, state ${name} holds ${found.block} where steps leave ${found.step}`;
      }
    }
  }
  return undefined;
}

/** Columns of zeros, all of them or some: the states, and the rows of the other tokens, are as if they were not there. */
function paddingLeaves(job: Job): string | undefined {
  const { pair, contract, level, seed } = job;
  const { block, step, tokens } = pair;
  const one = experimentOf(pair, contract, seed);
  const call = callsOf(job, one);
  for (const pattern of [0, 1, seed % 2 ** tokens]) {
    const live = (t: number) => ((pattern >> t) & 1) === 1;
    const rows = one.rows.map((row, t) => (live(t) ? row : -1));
    const open = (t: number, slot: number) =>
      (!one.rows.includes(slot) && (seed + slot) % 3 !== 0) || rows.slice(0, t + 1).includes(slot);
    const padded = call(block, { ...hostMasks(pair, block, one.block, rows, open, 0), ...one.states });
    let after: Feeds = one.states;
    for (let t = 0; t < tokens; t++) {
      if (!live(t)) continue;
      const ran = call(step, { ...hostMasks(pair, step, one.steps[t]!, rows, open, t), ...after });
      if (!ran) return undefined;
      after = ran.states;
    }
    if (!padded) return undefined;
    for (const { name } of block.states) {
      const found = parts(padded.states[name]!.data, after[name]!.data, noiseOf(level, padded));
      if (found)
        return `with live columns ${pattern.toString(2)}, state ${name} holds ${found.block} where it should be ${found.step}`;
    }
  }
  return undefined;
}

/** The last block that fits runs. */
function atTheEnd({ pair, contract, seed }: Job): string | undefined {
  const slots = pair.slots;
  if (slots === undefined || !pair.block.inputs.some((x) => pair.roles.get(x.name ?? "")?.kind === "write_mask"))
    return undefined;
  const one = experimentOf(pair, contract, seed);
  const rows = Array.from({ length: pair.tokens }, (_, t) => slots - pair.tokens + t);
  const fed = hostMasks(pair, pair.block, one.block, rows, (t, slot) => rows.slice(0, t + 1).includes(slot), 0);
  return tried(() => runCall(pair.block, { ...fed, ...one.states }, one.weight, "fp16"))
    ? undefined
    : "the last block that fits does not run";
}
