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
import { notComputed } from "./not-computed.ts";

const TITLE = { id: "numbers", title: "numbers" } as const;
/** Doublings left before overflow at which `survey` warns, and the share of subnormal numbers that it prints as 0.1 %. */
const [NARROW, SHARE] = [2, 0.0005];
/** Doublings from the least normal number to the largest, which is the length of a bar. */
const SPAN: ReadonlyMap<string, number> = new Map([
  ["fp16", 30],
  ["fp32", 254],
]);

/** What was run: the graph, what was seen of a value of it, and of how many calls. */
export interface Surveyed {
  readonly graph: Graph;
  readonly of: (value: Tensor) => ValueSurvey | undefined;
  readonly blocks: number;
  readonly tokens: number;
  readonly inputs: string;
}

/** The overlay for the graph that is drawn, or why there is none; a text is the reason. */
export async function numbersOverlay(drawn: Graph, ask: () => Promise<Surveyed | string>): Promise<Overlay> {
  try {
    const seen = await ask();
    return typeof seen === "string" ? none(seen) : shown(drawn, seen);
  } catch (error) {
    if (isGraphError(error) || isUserError(error)) return none(sentenceOf(error));
    throw error;
  }
}

const none = (why: string): Overlay => notComputed(TITLE, why);

function shown(drawn: Graph, { graph, of, blocks, tokens, inputs }: Surveyed): Overlay {
  const run = alignedWith(drawn, graph);
  if (!run) return none("what is run is another graph than the one that is drawn: the host keeps caches of it");
  const marks = schedule(drawn).flatMap((_, node): readonly Mark[] => {
    const seen = of(run[node]!);
    return seen ? [markOf(node, seen)] : [];
  });
  const count = (tone: Tone) => marks.filter((mark) => mark.tone === tone).length;
  const total = schedule(drawn).length;
  const first =
    count("bad") > 0
      ? `${counted(count("bad"), "value")} not finite`
      : `all of ${counted(marks.length, "value")} were finite; ${count("warn")} came within a factor of ${2 ** NARROW} of overflow`;
  return {
    ...TITLE,
    state: "shown",
    says: [
      first,
      ...(marks.length < total ? [`${counted(total - marks.length, "value")} not looked at`] : []),
      `Seen on ${counted(blocks, "block")} of ${counted(tokens, "token")} that share their cache, in fp16, as graphc survey runs them, with ${inputs}: other inputs may reach further, and what holds for all graphc ranges tells.`,
    ],
    legend: [
      ["bad", "not finite"],
      ["warn", `less than a factor of ${2 ** NARROW} left before overflow`],
      ["note", "subnormal numbers, which an engine may flush to zero"],
      ["good", "room: the bar is the largest |x| between the least normal number and the largest, in doublings"],
    ],
    marks,
  };
}

function markOf(node: number, { dtype, maxAbs, rms, subnormal, nonFinite, headroom, worstChannel }: ValueSurvey): Mark {
  const left = headroom !== null && Number.isFinite(headroom) ? headroom : undefined;
  const says = [
    `largest |x| ${figure(maxAbs)}, rms ${figure(rms)}`,
    ...(nonFinite > 0 ? [`${counted(nonFinite, "number")} not finite, the first in channel ${worstChannel}`] : []),
    ...(left === undefined
      ? []
      : [`${left.toFixed(1)} doublings left before ${dtype} overflows, in channel ${worstChannel}`]),
    ...(subnormal ? [`${figure(100 * subnormal)} % subnormal`] : []),
    ...(nonFinite === 0 && maxAbs === 0 ? ["all zero"] : []),
  ];
  const span = SPAN.get(dtype);
  return {
    node,
    tone: toneOf(nonFinite, left, subnormal),
    says,
    ...(span !== undefined && left !== undefined ? { bar: Math.min(1, Math.max(0, 1 - left / span)) } : {}),
    ...(nonFinite > 0
      ? { bar: 1, short: "not finite" }
      : left === undefined
        ? {}
        : { short: `${left.toFixed(1)} left` }),
  };
}

function toneOf(nonFinite: number, left: number | undefined, subnormal: number | null): Tone {
  if (nonFinite > 0) return "bad";
  if (left !== undefined && left < NARROW) return "warn";
  if ((subnormal ?? 0) >= SHARE) return "note";
  return left === undefined ? "plain" : "good";
}
