/** How near each value comes to the ends of its dtype on a few runs. */
import { counted } from "../../dsl/counted.ts";
import { isGraphError } from "../../dsl/error.ts";
import { figure } from "../../dsl/figure.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { isUserError, sentenceOf } from "../../dsl/user-error.ts";
import type { ValueSurvey } from "../../passes/survey/survey.ts";
import { alignedWith } from "../aligned.ts";
import type { Mark, Overlay, Tone } from "../data.ts";
import { atLeast, type Bounded, type BoundSaid, boundLines, boundsSaid } from "./bounds.ts";
import { notComputed } from "./not-computed.ts";

const TITLE = { id: "numbers", title: "numbers" } as const;
/** Doublings left before overflow at which `survey` warns, and the share of subnormal numbers that it prints as 0.1 %. */
const [NARROW, SHARE] = [2, 0.0005];
/** Doublings from the least normal number to the largest, which is the length of a bar, and the largest. */
const SPAN: ReadonlyMap<string, readonly [doublings: number, largest: number]> = new Map([
  ["fp16", [30, 65504]],
  ["fp32", [254, 2 ** 128 - 2 ** 104]],
]);

/** What was run: the graph, what was seen of a value of it, and of how many calls. */
export interface Surveyed {
  readonly graph: Graph;
  readonly of: (value: Tensor) => ValueSurvey | undefined;
  readonly blocks: number;
  readonly tokens: number;
  readonly inputs: string;
}

/** What is asked for the overlay: what was seen in runs, and where somebody wants it what holds for every input. */
export interface NumbersAsked {
  /** A text is why nothing was run. */
  readonly seen: () => Promise<Surveyed | string>;
  readonly bounded: () => Promise<Bounded | undefined>;
}

/** The overlay for the graph that is drawn, or why there is none. */
export async function numbersOverlay(drawn: Graph, { seen, bounded }: NumbersAsked): Promise<Overlay> {
  const run = await orWhy(async () => {
    const found = await seen();
    return typeof found === "string" ? found : runOf(drawn, found);
  });
  const bounds = await orWhy(async () => {
    const found = await bounded();
    if (!found) return undefined;
    const said = boundsSaid(drawn, found);
    return typeof said === "string" ? said : { said, lines: boundLines(found) };
  });
  const why = typeof run === "string" ? [`not run: ${run}`] : runLines(run, schedule(drawn).length);
  const lines = typeof bounds === "string" ? [`not bounded: ${bounds}`] : (bounds?.lines ?? [UNASKED]);
  const [ofRun, ofBounds] = [
    typeof run === "string" ? undefined : run,
    typeof bounds === "string" ? undefined : bounds,
  ];
  if (!ofRun && !ofBounds)
    return notComputed(TITLE, [run as string, ...(bounds === undefined ? [] : lines)].join("; "));
  return {
    ...TITLE,
    state: "shown",
    says: [...why, ...lines],
    legend: LEGEND,
    marks: schedule(drawn).flatMap((value, node): readonly Mark[] => {
      const [own, said] = [ofRun?.seen(node), ofBounds?.said.get(value)];
      return own || said ? [markOf(node, value.type.dtype, own, said)] : [];
    }),
  };
}

const UNASKED = "What holds for every input was not asked for: say --ranges.";

const LEGEND: Overlay["legend"] = [
  ["bad", "not finite"],
  ["warn", `less than a factor of ${2 ** NARROW} left before overflow, or a limit that some input may pass`],
  ["note", "subnormal numbers, which an engine may flush to zero"],
  [
    "good",
    "room: the bar is the largest |x| between the least normal number and the largest, in doublings; paler what no input passes",
  ],
];

/** What is refused is why there is nothing. */
async function orWhy<X>(work: () => Promise<X>): Promise<X | string> {
  try {
    return await work();
  } catch (error) {
    if (isGraphError(error) || isUserError(error)) return sentenceOf(error);
    throw error;
  }
}

interface Run extends Pick<Surveyed, "blocks" | "tokens" | "inputs"> {
  readonly seen: (node: number) => ValueSurvey | undefined;
  readonly all: readonly ValueSurvey[];
}

function runOf(drawn: Graph, { graph, of, ...how }: Surveyed): Run | string {
  const run = alignedWith(drawn, graph);
  if (!run) return "what is run is another graph than the one that is drawn: the host keeps caches of it";
  return { ...how, seen: (node) => of(run[node]!), all: run.flatMap((value) => of(value) ?? []) };
}

function runLines({ all, blocks, tokens, inputs }: Run, total: number): readonly string[] {
  const bad = all.filter(({ nonFinite }) => nonFinite > 0).length;
  const narrow = all.filter((seen) => toneOf(seen, leftOf(seen)) === "warn").length;
  const first =
    bad > 0
      ? `${counted(bad, "value")} not finite`
      : `all of ${counted(all.length, "value")} were finite; ${narrow} came within a factor of ${2 ** NARROW} of overflow`;
  return [
    first,
    ...(all.length < total ? [`${counted(total - all.length, "value")} not looked at`] : []),
    `Seen on ${counted(blocks, "block")} of ${counted(tokens, "token")} that share their cache, in fp16, as graphc survey runs them, with ${inputs}: other inputs may reach further.`,
  ];
}

/** Doublings before overflow. */
const leftOf = ({ headroom }: ValueSurvey): number | undefined =>
  headroom !== null && Number.isFinite(headroom) ? headroom : undefined;

function markOf(node: number, dtype: string, seen: ValueSurvey | undefined, bound: BoundSaid | undefined): Mark {
  const left = seen && leftOf(seen);
  const [span, largest] = SPAN.get(dtype) ?? [];
  const place = (doublings: number) => (span ? Math.min(1, Math.max(0, 1 - doublings / span)) : 0);
  const tone = seen ? toneOf(seen, left) : "plain";
  const short = [
    ...(seen && seen.nonFinite > 0 ? ["not finite"] : left === undefined ? [] : [`${left.toFixed(1)} left`]),
    ...(bound ? [bound.holds ? `all ≥ ${atLeast(bound.left)}` : "all: NO"] : []),
  ].join(", ");
  return {
    node,
    tone: bound && !bound.holds && tone !== "bad" ? "warn" : tone === "plain" && bound?.holds ? "good" : tone,
    says: [...(seen ? seenText(seen, left) : []), ...(bound?.says ?? [])],
    ...(seen && seen.nonFinite > 0 ? { bar: 1 } : span && left !== undefined ? { bar: place(left) } : {}),
    ...(bound && span && largest ? { reach: place(Math.log2(largest / bound.most)) } : {}),
    ...(short === "" ? {} : { short }),
  };
}

function seenText(
  { dtype, maxAbs, rms, subnormal, nonFinite, worstChannel }: ValueSurvey,
  left: number | undefined,
): readonly string[] {
  return [
    `largest |x| ${figure(maxAbs)}, rms ${figure(rms)}`,
    ...(nonFinite > 0 ? [`${counted(nonFinite, "number")} not finite, the first in channel ${worstChannel}`] : []),
    ...(left === undefined
      ? []
      : [`${left.toFixed(1)} doublings left before ${dtype} overflows, in channel ${worstChannel}`]),
    ...(subnormal ? [`${figure(100 * subnormal)} % subnormal`] : []),
    ...(nonFinite === 0 && maxAbs === 0 ? ["all zero"] : []),
  ];
}

function toneOf({ nonFinite, subnormal }: ValueSurvey, left: number | undefined): Tone {
  if (nonFinite > 0) return "bad";
  if (left !== undefined && left < NARROW) return "warn";
  if ((subnormal ?? 0) >= SHARE) return "note";
  return left === undefined ? "plain" : "good";
}
