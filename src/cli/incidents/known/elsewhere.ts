/** Incidents that no check of graphc sees, each with the reason. */
import type { Incident, NotReplayed, Source } from "../incident.ts";
import { book, commit, coremlLlm, issue, study, within } from "./small.ts";

const because = (needs: NotReplayed["needs"], why: string): NotReplayed => ({ needs, why });

const not = (id: string, happened: string, sources: readonly Source[], replay: NotReplayed): Incident => ({
  id,
  happened,
  sources,
  replay,
});

const DEVICE_NUMBERS = because("device", "the engine's own order of sums: parity on the device measures it per token");

const device: readonly Incident[] = [
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
    because("device", "the plan of the device, with the compute units of the runtime: the gate asks for it"),
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
      "the op's meaning is right and the device's numbers are not; the rule fused-attention warns of the op (I-49)",
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

const HOST = "the code around the model: graphc does not read it";

const host: readonly Incident[] = [
  not(
    "I-22",
    "each new name of an executable got a cache of 32 GB of its own, until the disk was full",
    [book("journal 111")],
    because("host", HOST),
  ),
  not(
    "I-23",
    "an update of the system made all compiled shards useless: error −14",
    [book("experiment 35")],
    because("host", "evidence holds the system's build, and gate compares it"),
  ),
  not(
    "I-24",
    "outputs were not given back, and after nine requests there were none left",
    [book("runtime")],
    because("host", HOST),
  ),
  not(
    "I-25",
    "a residency script that cannot import its library says that all is resident",
    [book("validators")],
    because("host", "a script's own fault; without evidence gate says no"),
  ),
  not(
    "I-27",
    "an exporter calls its gate where it does not lie, warns, and writes its manifest all the same",
    [book("converters")],
    because("host", "a script's own fault"),
  ),
  not(
    "I-28",
    "a speculative loop does not shorten its draft at the end of the cache and writes outside of it",
    [book("runtime")],
    because(
      "host",
      `${HOST}; its own host refuses such a block, and the proof says how many rows one needs (capacity)`,
    ),
  ),
  not(
    "I-41",
    "strides of an output were reported as 0: always token 0",
    [coremlLlm("QWEN35_LESSONS")],
    because("host", HOST),
  ),
  not(
    "I-42",
    "an array with gaps was copied as one without: random speech",
    [issue("FluidInference/FluidAudio", 727), issue("FluidInference/FluidAudio", 730)],
    because("host", HOST),
  ),
  not(
    "I-43",
    "an audit of plans counted 133 constants as fallbacks, for want of a prefix",
    [coremlLlm("THREE_CHUNK_MAC_BENCH")],
    because("host", "a script's own fault"),
  ),
];

const others: readonly Incident[] = [
  not(
    "I-19",
    "tokens such as BOS, and rows that hardly vary, made fixtures by which 38 of 40 parities failed",
    [book("experiments 30, 31")],
    because(
      "none",
      "no command judges somebody else's fixtures; those of emit are rows of rms 1, random or of real tokens",
    ),
  ),
  not(
    "I-21",
    "a chat template round a prompt of five shots: 22.6 % in place of 65.3 %",
    [book("experiment 33")],
    because("outside", "the prompt, not the model"),
  ),
  not(
    "I-26",
    "the script that is cited as the gate of T=4 compares no output of T=4",
    [book("validators")],
    because("outside", "a script that does not do what is said of it"),
  ),
  not(
    "M-04",
    "to ask for the plan of a 16 x 16 convolution takes minutes and gigabytes",
    [study("data/03_compile")],
    because("none", "no rule about the time that a compiler takes"),
  ),
  not(
    "M-09",
    "a chain of more than 380 layers overflows the compiler's stack for M6",
    [study("notes on scheduling")],
    because("none", "no rule counts the layers of a chain"),
  ),
  not(
    "M-10",
    "the compiler takes minutes for some hundred elementwise ops in a row on M6",
    [study("notes on compile cost")],
    because("none", "no rule about the time that a compiler takes"),
  ),
  not(
    "M-17",
    "silu of small numbers is off by a thousandth",
    [study("notes on activations")],
    because("none", "the engine's table for silu is fitted: --arithmetic engine gives bounds there, and no verdict"),
  ),
  not(
    "M-22",
    "a slice along the last axis makes infinities of numbers above 4094 on M1 and M2",
    [within("sbryngelson/ANEForge", "docs, numeric cliffs")],
    because("none", "no rule: it was seen on another path than Core ML's"),
  ),
];

/** The table. */
export const elsewhere: readonly Incident[] = [...device, ...host, ...others];
