/** Incidents that only a run on a device shows. */
import type { Incident } from "../incident.ts";
import { because, book, commit, coremlLlm, not } from "./small.ts";

const DEVICE_NUMBERS = because("device", "the engine's own order of sums: parity on the device measures it per token");

/** The engine's own numbers, places and loading. */
export const device: readonly Incident[] = [
  not(
    "I-04",
    "a whole stack at T=4 said other tokens than at T=1 though every layer's gate had passed",
    [book("journals 097, 098")],
    DEVICE_NUMBERS,
  ),
  not(
    "I-06",
    "packages for T=1 and T=4 loaded together: error −14",
    [book("experiment 26")],
    because("device", "what one process may load is not on record; the sizes of packages are in plan"),
  ),
  not(
    "I-11",
    "layers 24 to 32 as one package were resident and gave NaN",
    [book("journals 047, 050")],
    because("device", "the same layers were finite when they were divided otherwise"),
  ),
  not(
    "I-20",
    "a decoder's wrong tokens were put down to int8, and came from where its shards ran",
    [book("journals 108 to 110")],
    because("device", "the plan of the device says it; gate takes evidence of cpuAndNeuralEngine alone"),
  ),
  not(
    "I-30",
    "what the argmax of a verify call is changed with the contents of its slots",
    [coremlLlm("PHASE_B_V4")],
    DEVICE_NUMBERS,
  ),
  not(
    "I-31",
    "fused attention: right in torch, another token in Core ML",
    [commit("john-rocky/CoreML-LLM", "64cbdca"), commit("john-rocky/CoreML-LLM", "b909dd5")],
    because(
      "device",
      "the op's meaning is right and the device's numbers are not; the rule fused-attention refuses the op (I-49)",
    ),
  ),
  not(
    "I-39",
    "two or three states of other shapes: the plan is green, the first prediction fails",
    [coremlLlm("docs/MLSTATE_PATTERN.md")],
    because("device", "a prediction on the device decides; the rule state-shapes warns of it"),
  ),
  not(
    "I-40",
    "zero taps put in front of a convolution: the same algebra, and the output collapsed",
    [coremlLlm("docs/LFM2_CONVERSION_FINDINGS.md")],
    because("device", "the graphs are equal, and a proof says so"),
  ),
  not(
    "I-55",
    "ties of fp16 pick another token on A18 than on M4",
    [coremlLlm("QWEN35_FULL_VOCAB_REP_PENALTY")],
    DEVICE_NUMBERS,
  ),
  not(
    "I-56",
    "the CPU of iOS 26.1 gave a cosine of 0.30 with a model that gives 1.0 on a Mac",
    [coremlLlm("QWEN35_LESSONS")],
    because("device", "that system's own fault"),
  ),
];
