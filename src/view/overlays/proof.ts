/** What a proof said of a pair, at the values that it is about. */
import { isGraphError } from "../../dsl/error.ts";
import { figure } from "../../dsl/figure.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import { type Graphs, twinsOf } from "../../dsl/host/twins.ts";
import type { GivenRoles, RoleRecord } from "../../dsl/role.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { isUserError, sentenceOf } from "../../dsl/user-error.ts";
import type { Precondition } from "../../passes/prove/logic/preconditions.ts";
import { findCuts } from "../../passes/prove/program/cuts.ts";
import { differencesOn } from "../../passes/prove/refute/differences.ts";
import type { Mismatch } from "../../passes/prove/refute/mismatch.ts";
import type { Counterexample } from "../../passes/prove/refute/shrink.ts";
import type { Proven, Refuted, Verdict } from "../../passes/prove/report/verdict.ts";
import { alignedWith } from "../aligned.ts";
import type { Mark, Overlay } from "../data.ts";

const TITLE = { id: "proof", title: "proof" } as const;
const LEGEND: Overlay["legend"] = [
  ["good", "proven equal to what single-token calls give"],
  ["bad", "differs on the counterexample"],
  ["warn", "here the proof stopped"],
  ["note", "the proof rests on what the host promises of this input, or is cut here"],
];

/** The graph that is drawn, and the pair that is proven of it. */
export interface Asked extends Graphs {
  readonly drawn: Graph;
  readonly given: GivenRoles;
}

/** Asks for a verdict and shows it; `tell` puts it in words. What the prover refuses is why there is none. */
export async function proofOverlay(
  asked: Asked,
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
      marks: merged([...marksOf(asked.drawn, verdict), ...marksOnTheWay(asked, verdict)]),
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
      return refutedAt(block, verdict).map(([value, says, short]) => mark(value, { tone: "bad", says: [says], short }));
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

/** What is known of values that are no results: cuts and preconditions of a proof, numbers of a counterexample. */
function marksOnTheWay({ drawn, ...pair }: Asked, verdict: Verdict): readonly Mark[] {
  switch (verdict.verdict) {
    case "PROVEN":
      return [...preconditionMarks(drawn, verdict), ...cutMarks(drawn, pair, verdict)];
    case "REFUTED":
      return numberMarks(drawn, verdict.counterexample);
    case "NOT PROVEN":
      return [];
  }
}

/** What each precondition that speaks of some inputs alone is about. */
const ABOUT: Readonly<Partial<Record<Precondition, readonly RoleRecord["role"][]>>> = {
  P1: ["write_mask"],
  P2: ["write_mask", "position"],
  "P2'": ["write_mask", "position"],
  P3: ["mask"],
  P4: ["mask"],
  P5: ["mask"],
  P6: ["mask", "rows"],
  P8: ["mask"],
  P9: ["shared"],
  P10: ["write_mask", "position"],
  P11: ["write_mask"],
  P12: ["position"],
  P13: ["mask"],
  P14: ["mask"],
};

function preconditionMarks(drawn: Graph, { preconditions, roles }: Proven): readonly Mark[] {
  const kinds = new Map(roles.map(({ input, role }) => [input, role]));
  return schedule(drawn).flatMap((value, node): readonly Mark[] => {
    const kind = value.def.kind === "input" ? kinds.get(value.def.name) : undefined;
    const used = kind ? preconditions.filter(({ id }) => ABOUT[id]?.includes(kind)) : [];
    if (used.length === 0) return [];
    const says = used.map(({ id, says }) => `the proof uses ${id}: ${says}`);
    return [{ node, tone: "note", says, short: used.map(({ id }) => id).join(" ") }];
  });
}

/** A proof of one part is of the whole, and cuts were not used. */
function cutMarks(drawn: Graph, { block, step, given }: Omit<Asked, "drawn">, { sizes }: Proven): readonly Mark[] {
  const run = sizes.segments > 1 ? alignedWith(drawn, block) : undefined;
  if (!run) return [];
  const places = new Map(run.map((value, node) => [value, node]));
  return findCuts(twinsOf(block, step, given)).map(({ block: value }, k) => ({
    node: places.get(value)!,
    tone: "note",
    says: [
      `cut ${k + 1}: its rows are proven equal from what lies before, and what follows is proven from them as from any numbers (${sizes.segments} parts, ${sizes.distinct} of them not the same but for names)`,
    ],
    short: `cut ${k + 1}`,
  }));
}

/** How the difference spreads; the counterexample's own graph may be the same at smaller sizes. */
function numberMarks(drawn: Graph, counterexample: Counterexample): readonly Mark[] {
  const run = alignedWith(drawn, counterexample.pair.block);
  const found = differencesOn(counterexample);
  return (run ?? []).flatMap((value, node): readonly Mark[] => {
    if (!found.has(value)) return [];
    const parted = found.get(value);
    if (parted)
      return [{ node, tone: "bad", says: [numbersOf(parted)], short: shortOf(parted), edge: shortOf(parted) }];
    return [
      { node, tone: "plain", says: ["on the counterexample no difference, rows of later tokens aside"], edge: "=" },
    ];
  });
}

/** One mark a value. */
function merged(marks: readonly Mark[]): readonly Mark[] {
  const all = new Map<number, Mark>();
  for (const mark of marks) {
    const before = all.get(mark.node);
    const says = [...new Set([...(before?.says ?? []), ...mark.says])];
    all.set(mark.node, { ...mark, ...before, says });
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
