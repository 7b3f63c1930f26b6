/** While which steps a plan's values are needed, and which of them may live in the place of a state. */
import { type Graph, resultsOf } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { type Owners, sourcesOf } from "./order.ts";
import type { Step } from "./plan.ts";

/** Steps at which a value is first written and last read; −1 for what is there before the first. */
export interface Life {
  from: number;
  to: number;
}

/** Values that live in the place of a state, each with the state's name. */
export type Kept = ReadonlyMap<Tensor, string>;

/** Inputs live from before the first step, results to after the last; everything else while it is needed. */
export function livesOf(
  graph: Graph,
  steps: readonly { readonly value: Tensor }[],
  owners: Owners,
): ReadonlyMap<Tensor, Life> {
  const leaves = [...graph.inputs, ...graph.states.map((s) => s.entry)];
  const lives = new Map<Tensor, Life>();
  for (const leaf of leaves) lives.set(leaf, { from: -1, to: -1 });
  for (const [n, { value }] of steps.entries()) {
    lives.set(value, { from: n, to: n });
    for (const x of sourcesOf(value, owners)) if (lives.has(x)) lives.get(x)!.to = n;
  }
  for (const result of resultsOf(graph)) {
    const life = lives.get(owners.get(result)!);
    if (life) life.to = steps.length;
  }
  return lives;
}

/** A step as far as it is known where it may write. */
type WritingStep = Pick<Step, "value" | "kernel" | "operands">;

/**
 * The entries of the states, and of their exits those that can be written over the entry, which nothing reads any more then. Where an exit
 * is made of the entry in two steps that write over what they read (cache · kept + rows), what is between them lives there as well.
 */
export function keptValues(
  { states }: Graph,
  owners: Owners,
  lives: ReadonlyMap<Tensor, Life>,
  steps: readonly WritingStep[],
): Kept {
  const kept = new Map(states.map(({ name, entry }) => [entry as Tensor, name]));
  for (const { name, entry, exit } of states) {
    const owner = owners.get(exit)!;
    const from = lives.get(owner)?.from ?? -1;
    // A step may write its result before it has read all of an operand.
    if (lives.get(entry)!.to < from) kept.set(owner, name);
    const between = overwritten(steps[from], owners, lives).find((x) => isMadeOf(x, entry, { steps, owners, lives }));
    if (between && kept.get(owner) === name) kept.set(between, name);
  }
  return kept;
}

/** What a step may write over: nothing reads it later. */
function overwritten(
  step: WritingStep | undefined,
  owners: Owners,
  lives: ReadonlyMap<Tensor, Life>,
): readonly Tensor[] {
  if (!step) return [];
  const at = lives.get(step.value)!.from;
  return (step.kernel.overwrites ?? [])
    .map((n) => owners.get(step.operands[n]!)!)
    .filter((x) => lives.get(x)?.to === at);
}

interface Planned {
  readonly steps: readonly WritingStep[];
  readonly owners: Owners;
  readonly lives: ReadonlyMap<Tensor, Life>;
}

const isMadeOf = (value: Tensor, entry: Tensor, { steps, owners, lives }: Planned): boolean =>
  value !== entry && overwritten(steps[lives.get(value)!.from], owners, lives).includes(entry);
