/** What `--engine-safe` chose, in words. */
import type { Drifted, EngineDrift } from "../../build/engine-drift.ts";
import type { Clampable, Exponents, LayerExponents } from "../../models/exponents.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import type { Unmended } from "../../passes/ranges/exponents/unmended.ts";
import { broken, QUANTITIES, type Quantity } from "../../passes/ranges/layer.ts";
import { GIVEN, LIMITS } from "../../passes/ranges/limits.ts";
import { table } from "../terminal/table.ts";
import { wrapLine } from "../terminal/wrap.ts";
import type { Sides } from "../verdict/sides.ts";
import type { SafeModel } from "./engine-safe.ts";
import { givenLines } from "./text.ts";

const NAMES = Object.keys(QUANTITIES) as readonly Quantity[];
const figure = (x: number): string => (x >= 1e6 ? x.toExponential(1) : x.toFixed(0));
const power = (k: number): string => (k === 0 ? "" : `2^${-k}`);

/** What a clamp means for what is claimed. */
export const OUTSIDE = wrapLine(
  "  where a value leaves its clamp the graph is another one: whether inputs lead there is not known, and only where none does are both equal",
);

const WORDS: ReadonlyMap<Unmended["quantity"], string> = new Map([
  ["residual", "the hidden row, held as small as norms allow,"],
  ["norm", "the share of eps in the norm of an empty row"],
  ["normed", "an element of the last norm's row"],
  ["logits", "the sum of a logit"],
]);

/** One sentence on a limit that no exponent keeps. */
export function unmendedText({ layer, quantity, value, limit, clampable }: Unmended): string {
  const where = layer === undefined ? "" : `layer ${layer}: `;
  return `${where}${WORDS.get(quantity) ?? quantity} may be ${figure(value)}, above ${limit}, and no exponent mends that${clampable ? "; with a prompt --clamp 4 may" : ""}`;
}

/** A line a layer with its exponents and what its numbers are at most with them, and what holds. */
export function safeText(name: string, safe: SafeModel): string {
  const { exponents, layers, unmended } = safe;
  const rows = layers.map((found, layer) => {
    const { attn, mlp, rows, scores = 0 } = exponents.layers[layer]!;
    return [
      `${layer}`,
      ...[rows?.attn ?? 0, scores, attn, rows?.mlp ?? 0, mlp].map(power),
      ...NAMES.map((quantity) => figure(found.bounds[quantity].value)),
      broken(found) ?? "holds",
    ];
  });
  return [
    `${name}: bounds for every sequence of tokens, with the exponents of --engine-safe`,
    ...givenLines(),
    table(["layer", "qkv at", "scores at", "heads at", "gate at", "up at", ...NAMES, ""], rows),
    ...unmended.map((one) => wrapLine(`  NO: ${unmendedText(one)}`)),
    ...safeLines(safe),
  ].join("\n");
}

/** What was chosen, and what holds with it. */
export function safeLines(safe: SafeModel): readonly string[] {
  const { exponents, layers, residual, unmended } = safe;
  const moved = exponents.layers.flatMap((own, layer) => {
    const low = loweredIn(own);
    return low.length === 0 ? [] : [`${layer} (${low.join(", ")})`];
  });
  const stay = `${layers.length - moved.length} of ${layers.length} layers sum up as they are`;
  return [
    wrapLine(moved.length === 0 ? `exponents: ${stay}` : `exponents: ${stay}; not ${moved.join(", ")}`),
    ...raisedLines(exponents),
    ...clampLines(exponents),
    wrapLine(residualText(safe)),
    ...(exponents.head ? [`the last norm's row, and with it the head's sums, at ${power(exponents.head)}`] : []),
    ...(unmended.length > 0
      ? []
      : [
          wrapLine(
            `ORDER-FREE (engine) for all layers and every sequence of tokens, given the above: no sum of products reaches ${LIMITS.accumulator} in any order, no number ${LIMITS.fp16}, the hidden row ${figure(residual.held)} at most, normed rows ${figure(safe.normed)}${safe.logits === undefined ? "" : `, sums of logits ${figure(safe.logits)}`}`,
          ),
        ]),
  ];
}

/** What a layer holds smaller than it is. */
const loweredIn = ({ attn, mlp, rows, scores = 0 }: LayerExponents): readonly string[] =>
  (
    [
      ["rows of q, k and v", rows?.attn ?? 0],
      ["scores", scores],
      ["heads", attn],
      ["rows of gate and up", rows?.mlp ?? 0],
      ["up", mlp],
    ] as const
  ).flatMap(([what, k]) => (k > 0 ? [`${what} ${power(k)}`] : []));

/** Where there is room to hold numbers larger than they are. */
function raisedLines({ layers }: Exponents): readonly string[] {
  const each = (["attn", "mlp"] as const).flatMap((block) => {
    const raised = layers.map((own) => own[block]).filter((k) => k < 0);
    const what = { attn: "weights of attention", mlp: "up" }[block];
    return raised.length === 0
      ? []
      : [`${what} in ${raised.length} layers, by ${power(Math.max(...raised))} to ${power(Math.min(...raised))}`];
  });
  return each.length === 0 ? [] : [wrapLine(`held larger, so that fewer products are lost: ${each.join("; ")}`)];
}

/** Where values are clipped. */
function clampLines({ clamps: from, layers }: Exponents): readonly string[] {
  if (!from) return [];
  const each = layers.flatMap(({ clamps = {} }, layer) =>
    (Object.keys(clamps) as Clampable[]).map((part) => {
      const { most, reached } = clamps[part]!;
      return `layer ${layer} ${part} at ±${most} (the prompt reaches ${reached.toPrecision(4)})`;
    }),
  );
  return [
    wrapLine(`clamps: ${each.join(", ")}; ${from.margin} times what ${from.tokens} tokens of a prompt reach`),
    OUTSIDE,
  ];
}

function residualText({ exponents, residual, embedding }: SafeModel): string {
  const { residual: k } = exponents;
  const whole = `the embedding and all layers together make ${figure(residual.bound)} of an element at most`;
  if (k === 0) return `hidden rows as they are: ${whole}`;
  const lost = `of ${embedding.elements} elements of the embedding ${embedding.inexact} lose bits below fp16's smallest number`;
  return `hidden rows at ${power(k)}, the embedding too: ${whole}; ${lost}`;
}

/** The same for a program to read: what is written into certificates. */
export const safeRecord = ({ exponents, residual, normed, logits, layers, unmended, embedding }: SafeModel) => ({
  exponents,
  residual,
  normed,
  logits,
  embedding,
  holds: unmended.length === 0,
  given: GIVEN,
  limits: LIMITS,
  layers: layers.map(({ bounds, added }) => ({
    ...Object.fromEntries(NAMES.map((name) => [name, bounds[name].value])),
    added,
  })),
  unmended,
});

/** The two graphs of the proof that exponents change nothing. */
export const EXPONENTS: Sides = {
  claim: "one token with exponents against one token without, hidden rows in and out at full size",
  one: "with exponents",
  other: "without",
  gave: ["with exponents it gives", "without"],
  countsTokens: false,
};

/** The same of an author's graph, whose inputs and outputs are as they were. */
export const GRAPH_EXPONENTS: Sides = { ...EXPONENTS, claim: "one token with exponents against one token without" };

/** The same where values are clipped besides. */
const clampedSides = (sides: Sides): Sides => ({
  ...sides,
  claim: `${sides.claim.replace("exponents", "exponents and clamps")}, on inputs of which no value leaves its clamp`,
});
/** Of a checkpoint. */
export const CLAMPS = clampedSides(EXPONENTS);
/** Of an author's graph. */
export const GRAPH_CLAMPS = clampedSides(GRAPH_EXPONENTS);

/** How far the engine's arithmetic is from fp64 with exponents, and beside it without. */
export function safeDriftLine({ tokens, safe, plain }: EngineDrift, { exponents: { clamps } }: SafeModel): string {
  const hidden = `hidden rows are off by ${offText(safe.hidden)} with exponents${clamps ? " and clamps" : ""}, ${offText(plain.hidden)} without`;
  const said = ({ logits }: Drifted): string =>
    logits ? `${offText(logits.kl)} nats, ${logits.same} of ${tokens} likeliest tokens` : "";
  const logits = safe.logits ? `; KL of the logits ${said(safe)} with, ${said(plain)} without` : "";
  return wrapLine(`on the engine's arithmetic, ${tokens} rows of the embedding, from fp64: ${hidden}${logits}`);
}

const offText = (x: number): string => (Number.isFinite(x) ? x.toPrecision(3) : "no finite number");

/** What a certificate holds of the proof that exponents change nothing. */
export const certifiedEquality = (verdict: Verdict, { claim } = EXPONENTS) => ({
  verdict: verdict.verdict,
  ...(verdict.verdict === "PROVEN" ? { level: verdict.level } : {}),
  says: claim,
  preconditions: verdict.preconditions,
  rules: verdict.rules,
});
