/** Decoders and RoPE tables as a caller of the library gives them: every field that something is made from is looked at. */
import {
  arrayGiven,
  choiceGiven,
  type Fields,
  fieldsGiven,
  isFields,
  numberGiven,
  positiveGiven,
  refuse,
  shown,
  truthGiven,
  wholeGiven,
} from "../dsl/given/values.ts";
import { READERS } from "./architectures/index.ts";
import { MOST_HELD } from "./blocks/held.ts";
import type { Decoder, RopeScaling } from "./decoder.ts";
import type { Clampable } from "./exponents.ts";
import type { TurnedDims } from "./frequencies.ts";

/** A decoder. @throws UserError that names the field */
export function decoderGiven(value: unknown): Decoder {
  if (!isFields(value)) return refuse(`decoder must be a decoder, such as readDecoder() gives, not ${shown(value)}`);
  checkSizes(value);
  checkTurns(value, "decoder");
  checkSpans(value);
  checkConventions(value);
  checkFactors(value);
  return value as unknown as Decoder;
}

/** What RoPE's angles are made from. @throws UserError that names the field */
export function turnedDimsGiven(value: unknown): TurnedDims {
  checkTurns(fieldsGiven(value, "the table"), "the table");
  return value as unknown as TurnedDims;
}

const SIZES = ["hiddenSize", "heads", "kvHeads", "headDim", "ffnSize", "layers", "vocab", "maxPositions"] as const;

function checkSizes(decoder: Fields): void {
  for (const name of SIZES) wholeGiven(decoder[name], `${name} of the decoder`, 1);
  const { heads, kvHeads, headDim, rotaryDims } = decoder as unknown as Decoder;
  if (heads % kvHeads !== 0) refuse(`heads of the decoder must be a multiple of kvHeads ${kvHeads}, not ${heads}`);
  if (rotaryDims > headDim) refuse(`rotaryDims of the decoder must be at most headDim ${headDim}, not ${rotaryDims}`);
}

function checkTurns(of: Fields, what: string): void {
  const { rotaryDims, ropeTheta, rope } = of;
  if (wholeGiven(rotaryDims, `rotaryDims of ${what}`, 2) % 2 !== 0)
    refuse(`rotaryDims of ${what} must be even, not ${rotaryDims}`);
  checkTable({ ropeTheta, rope }, rotaryDims as number, what);
}

function checkTable({ ropeTheta, rope }: Fields, rotaryDims: number, what: string): void {
  positiveGiven(ropeTheta, `ropeTheta of ${what}`);
  const scaling = fieldsGiven(rope, `rope of ${what}`);
  const type = choiceGiven(scaling.type, `the type of rope of ${what}`, Object.keys(SCALINGS) as RopeScaling["type"][]);
  SCALINGS[type](scaling, rotaryDims / 2);
}

/** By type, what its fields must be; there are so many pairs of dims. */
const SCALINGS: Readonly<Record<RopeScaling["type"], (rope: Fields, pairs: number) => void>> = {
  default() {},
  linear: (rope) => checkPositive(rope, ["factor"]),
  divided: (rope, pairs) => checkDivisors(rope, "divisors", pairs),
  llama3: (rope) => checkPositive(rope, ["factor", "lowFreqFactor", "highFreqFactor", "originalMaxPositions"]),
  yarn(rope) {
    checkPositive(rope, ["factor", "betaFast", "betaSlow", "originalMaxPositions", "attentionFactor"]);
    truthGiven(rope.truncate, "truncate of rope");
  },
  longrope(rope, pairs) {
    checkPositive(rope, ["originalMaxPositions", "attentionFactor"]);
    for (const name of ["shortFactor", "longFactor"]) checkDivisors(rope, name, pairs);
    if (rope.list !== undefined) listGiven(rope.list);
  },
};

/** The name of a list of LongRoPE's factors. @throws UserError */
export const listGiven = (value: unknown) => choiceGiven(value, "the list of factors", ["short", "long"]);

function checkPositive(rope: Fields, names: readonly string[]): void {
  for (const name of names) positiveGiven(rope[name], `${name} of rope`);
}

function checkDivisors(rope: Fields, name: string, pairs: number): void {
  const divisors = arrayGiven(rope[name], `${name} of rope`, "numbers");
  if (divisors.length < pairs)
    refuse(`${name} of rope must have a number for each of ${pairs} pairs of dims, not ${divisors.length}`);
  for (const divisor of divisors) positiveGiven(divisor, `a number of ${name} of rope`);
}

function checkSpans({ slidingWindow, local, pattern, rotaryDims }: Fields): void {
  if (slidingWindow !== undefined) wholeGiven(slidingWindow, "slidingWindow of the decoder", 1);
  if (local !== undefined) {
    const { slidingWindow: window, table } = fieldsGiven(local, "local of the decoder");
    wholeGiven(window, "slidingWindow of local", 1);
    if (table !== undefined)
      checkTable(fieldsGiven(table, "the table of local"), rotaryDims as number, "the table of local");
  }
  const kinds = arrayGiven(pattern, "pattern of the decoder", "kinds of layers");
  if (kinds.length === 0) refuse("pattern of the decoder must have a kind of layer");
  for (const kind of kinds) {
    const { span, turned } = fieldsGiven(kind, "a kind of layer");
    choiceGiven(span, "the span of a kind of layer", ["main", "local"]);
    truthGiven(turned, "turned of a kind of layer");
  }
}

const CHOICES = {
  ropePairs: ["halves", "neighbours"],
  activation: ["silu", "gelu", "gelu_tanh"],
  gain: ["factor", "one_plus"],
  qkNorm: ["per_head", "whole", "none"],
} as const satisfies { readonly [K in keyof Decoder]?: readonly Decoder[K][] };

function checkConventions(decoder: Fields): void {
  choiceGiven(decoder.architecture, "architecture of the decoder", [...READERS.keys()]);
  for (const [name, choices] of Object.entries(CHOICES))
    choiceGiven<string>(decoder[name], `${name} of the decoder`, choices);
  for (const name of ["postNorms", "tiedHead"]) truthGiven(decoder[name], `${name} of the decoder`);
  const biases = fieldsGiven(decoder.biases, "biases of the decoder");
  for (const name of ["qkv", "output", "mlp"]) truthGiven(biases[name], `${name} of biases`);
  const stored = fieldsGiven(decoder.stored, "stored of the decoder");
  for (const name of ["qkv", "gateUp"]) choiceGiven(stored[name], `${name} of stored`, ["fused", "split"]);
}

function checkFactors(decoder: Fields): void {
  numberGiven(decoder.eps, "eps of the decoder", 0);
  for (const name of ["embeddingMultiplier", "residualMultiplier"])
    numberGiven(decoder[name], `${name} of the decoder`);
  if (decoder.queryScale !== undefined) numberGiven(decoder.queryScale, "queryScale of the decoder");
  for (const name of ["scoreCap", "logitCap"])
    if (decoder[name] !== undefined) positiveGiven(decoder[name], `${name} of the decoder`);
  if (decoder.ropeFold !== undefined) checkFold(fieldsGiven(decoder.ropeFold, "ropeFold of the decoder"));
  if (decoder.exponents !== undefined) checkExponents(fieldsGiven(decoder.exponents, "exponents of the decoder"));
}

function checkFold({ factor, into }: Fields): void {
  positiveGiven(factor, "factor of ropeFold");
  choiceGiven(into, "into of ropeFold", ["weights", "graph"]);
}

function checkExponents({ residual, layers, head }: Fields): void {
  const whole = (value: unknown, what: string) => wholeGiven(value, what, -MOST_HELD, MOST_HELD);
  const found = arrayGiven(layers, "layers of exponents", "exponents");
  whole(residual, "residual of exponents");
  if (head !== undefined) whole(head, "head of exponents");
  for (const layer of found) {
    const { attn, mlp, rows, scores, clamps } = fieldsGiven(layer, "a layer of exponents");
    whole(attn, "attn of a layer of exponents");
    whole(mlp, "mlp of a layer of exponents");
    if (scores !== undefined) whole(scores, "scores of a layer of exponents");
    if (rows !== undefined) {
      const { attn: ofAttention, mlp: ofFeedForward } = fieldsGiven(rows, "rows of a layer of exponents");
      whole(ofAttention, "attn of rows");
      whole(ofFeedForward, "mlp of rows");
    }
    if (clamps !== undefined) checkClamps(fieldsGiven(clamps, "clamps of a layer of exponents"));
  }
}

const CLAMPABLE = ["q", "k", "v", "scores", "gate"] as const satisfies readonly Clampable[];

function checkClamps(clamps: Fields): void {
  for (const [name, clamp] of Object.entries(clamps)) {
    choiceGiven(name, "what is clipped", CLAMPABLE);
    positiveGiven(fieldsGiven(clamp, `the clamp of ${name}`).most, `most of the clamp of ${name}`);
  }
}
