/** Pairs whose printed verdicts are held by goldens: one of each claim, and of each turn that a corollary can take. */
import attention from "../../../examples/attention.ts";
import { ALL_COUNTS } from "../../../src/cli/interface/outputs.ts";
import { briefSides } from "../../../src/cli/verdict/brief.ts";
import { printVerdict } from "../../../src/cli/verdict/prove-text.ts";
import { blockAndSteps } from "../../../src/cli/verdict/sides.ts";
import type { Graphs } from "../../../src/dsl/host/twins.ts";
import type { Spelling } from "../../../src/models/blocks/spelling.ts";
import { PHI4_MINI } from "../../../src/models/config.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { mutants } from "../phi/mutants.ts";
import { ATTRIBUTE } from "./corpus/attribute.ts";
import { pairOf } from "./corpus/fault.ts";
import { STATE } from "./corpus/state.ts";
import { TINY } from "./prove.ts";

const phi = (block: Partial<Spelling> = {}, step = block): Graphs => ({
  block: decoderLayers(PHI4_MINI, { tokens: 4, maxSeq: 2048 }, block),
  step: decoderLayers(PHI4_MINI, { tokens: 1, maxSeq: 2048 }, step),
});
const [TWO, ONE] = [
  { tokens: 2, maxSeq: 4 },
  { tokens: 1, maxSeq: 4 },
];

/** By the name of the golden. */
export const VERDICTS: Readonly<Record<string, () => Graphs>> = {
  // PROVEN (exact): rows by a mask, by a slice, by positions.
  "phi4-mini.t4": () => phi(),
  "phi4-mini.t4.write-slice-update": () => phi({ write: "slice_update" }),
  "phi4-mini.t4.write-scatter": () => phi({ write: "scatter" }),
  "attention.t4": () => ({
    block: attention({ tokens: 4, maxSeq: 8 }),
    step: attention({ tokens: 1, maxSeq: 8 }),
  }),
  // PROVEN (reals): another spelling of the softmax, and a state that adds up.
  "phi4-mini.t4.softmax-decomposed": () => phi({ softmax: "decomposed" }, {}),
  "accumulator.t2": () => pairOf(STATE["an accumulator of the first token alone"]!, 2, false),
  // REFUTED, with a small input.
  "rope-rows-swapped.t2": () => ({ block: mutants.rope_rows_swapped!(TINY, TWO), step: decoderLayers(TINY, ONE) }),
  "v-not-updated.t2": () => ({ block: mutants.v_not_updated!(TINY, TWO), step: decoderLayers(TINY, ONE) }),
  "mask-off-by-one.t2": () => ({
    block: mutants.mask_off_by_one!(TINY, TWO),
    step: mutants.mask_off_by_one!(TINY, ONE),
  }),
  // NOT PROVEN: a gap of the prover, and graphs too large to be run.
  "padded-conv.t2": () => pairOf(ATTRIBUTE["padding before for after"]!, 2, false),
  "norm-sqrt-d.t4": () => phi({ norm: "sqrt_d" }, {}),
};

/** Runs that making a counterexample small may take. */
const BUDGET = 30;

/** The verdict as it is printed, all of it and in short. What is different at every run, and the author's line, which moves, are masked. */
export function verdictTexts({ block, step }: Graphs): { readonly whole: string; readonly brief: string } {
  const verdict = { ...prove(block, step, { budget: BUDGET }), milliseconds: 0 };
  const whole = printVerdict(verdict).replaceAll(/(made at \S+?\.ts):\d+:\d+/g, "$1");
  const brief = briefSides(verdict, blockAndSteps(verdict.sizes.tokens, ALL_COUNTS));
  return {
    whole: `${whole.replace(/\b0 ms$/, "… ms")}\n`,
    brief: `${brief.replaceAll(/( at \S+?\.ts):\d+:\d+\n.*\n.*\^$/gm, "$1 …")}\n`,
  };
}
