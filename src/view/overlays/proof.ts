/** What a proof said of a pair, at the values that it is about. */
import { isGraphError } from "../../dsl/error.ts";
import { figure } from "../../dsl/figure.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { isUserError, sentenceOf } from "../../dsl/user-error.ts";
import type { Mismatch } from "../../passes/prove/refute/mismatch.ts";
import type { Refuted, Verdict } from "../../passes/prove/report/verdict.ts";
import type { Mark, Overlay } from "../data.ts";

const TITLE = { id: "proof", title: "proof" } as const;
const LEGEND: Overlay["legend"] = [
  ["good", "proven equal to what single-token calls give"],
  ["bad", "differs on the counterexample"],
  ["warn", "here the proof stopped"],
];

/** Asks for a verdict and shows it; `tell` puts it in words. What the prover refuses is why there is none. */
export async function proofOverlay(
  block: Graph,
  ask: () => Promise<Verdict>,
  tell: (verdict: Verdict) => string,
): Promise<Overlay> {
  try {
    const verdict = await ask();
    const says = tell(verdict)
      .split("\n")
      .filter((line) => line.trim() !== "");
    return {
      ...TITLE,
      state: "shown",
      says: [...says, ...preconditionsOf(verdict)],
      legend: LEGEND,
      marks: marksOf(block, verdict),
    };
  } catch (error) {
    if (!isGraphError(error) && !isUserError(error)) throw error;
    return { ...TITLE, state: "none", says: [`not proven: ${sentenceOf(error)}`], legend: [], marks: [] };
  }
}

const preconditionsOf = ({ verdict, preconditions }: Verdict): readonly string[] =>
  verdict === "PROVEN" ? preconditions.map(({ id, says }) => `${id}: ${says}`) : [];

function marksOf(block: Graph, verdict: Verdict): readonly Mark[] {
  const numbers = new Map(schedule(block).map((value, n) => [value, n]));
  const mark = (value: Tensor, rest: Omit<Mark, "node">): Mark => ({ node: numbers.get(value)!, ...rest });
  switch (verdict.verdict) {
    case "PROVEN": {
      const level = verdict.level === "exact" ? "in every bit, the sign of zero aside" : "over the real numbers";
      return resultsIn(block).map(([name, value]) =>
        mark(value, { tone: "good", says: [`${name}: proven equal ${level}`], short: "proven" }),
      );
    }
    case "REFUTED":
      return merged(
        refutedAt(block, verdict).map(([value, says, short]) => mark(value, { tone: "bad", says: [says], short })),
      );
    case "NOT PROVEN":
      return namedIn(block, verdict.finding.value).map((value) =>
        mark(value, { tone: "warn", says: [`the proof stopped here: ${verdict.finding.where}`], short: "stopped" }),
      );
  }
}

type At = readonly [value: Tensor, says: string, short: string];

/** The result that differs with its numbers, the value that the finding names with its own. */
function refutedAt(block: Graph, { finding, counterexample: { mismatch, value } }: Refuted): readonly At[] {
  const results = resultsIn(block).flatMap(([name, at]): readonly At[] =>
    name === mismatch.name ? [[at, numbersOf(mismatch), shortOf(mismatch)]] : [],
  );
  const first = namedIn(block, finding.value).map((at): At => {
    const parts = finding.block && finding.step ? `; the block has ${finding.block}, the steps ${finding.step}` : "";
    const numbers = value?.name === finding.value ? `; ${numbersOf(value)}` : "";
    return [
      at,
      `refuted at ${finding.value}, ${finding.where}${numbers}${parts}`,
      value ? shortOf(value) : "refuted here",
    ];
  });
  return [...first, ...results];
}

const numbersOf = ({ name, token, index, block, step }: Mismatch): string =>
  `on the counterexample ${name}[${index.join(",")}]${token === undefined ? "" : ` (token ${token})`} is ${block} in the block and ${step} in the steps`;

/** Two that differ never look the same. */
const shortOf = ({ block, step }: Mismatch): string => `${figure(block, step)} ≠ ${figure(step, block)}`;

/** One mark a value. */
function merged(marks: readonly Mark[]): readonly Mark[] {
  const all = new Map<number, Mark>();
  for (const mark of marks) {
    const before = all.get(mark.node);
    all.set(mark.node, before ? { ...before, says: [...before.says, ...mark.says] } : mark);
  }
  return [...all.values()];
}

const resultsIn = (block: Graph): readonly (readonly [name: string, value: Tensor])[] => [
  ...Object.entries(block.outputs),
  ...block.states.map(({ name, exit }) => [name, exit] as const),
];

/** The value of that name; an output or a state may be what is meant. */
function namedIn(block: Graph, name: string): readonly Tensor[] {
  const own = schedule(block).filter((value) => value.name === name && value.def.kind !== "state");
  return own.length > 0
    ? own.slice(0, 1)
    : resultsIn(block).flatMap(([result, value]) => (result === name ? [value] : []));
}
