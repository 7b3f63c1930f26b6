/** What is on record of each chip: how fast its backends are taken to be when ops are placed, and what sizes the engine takes. */

/** Where an op can be placed. `bnns` and `classic` are both the CPU. */
export const BACKENDS = ["ane", "bnns", "classic"] as const;
/** One of them. */
export type Backend = (typeof BACKENDS)[number];

/** Arithmetic in GFLOP/s and memory in GiB/s, as the planner assumes them; they are no measurements of speed. */
export interface Rates {
  readonly flops: number;
  readonly memory: number;
}

/** A chip's figures, and how far they are known. */
export interface Chip {
  readonly name: string;
  /** What Core ML calls its engine. */
  readonly platform: string;
  readonly rates: Readonly<Record<Backend, Rates>>;
  /** Of any axis. */
  readonly longestAxis: number;
  /** Of a convolution's kernel. */
  readonly widestKernel: number;
  /** Where the answer to "can the engine take it" comes from. */
  readonly support: "plan" | "compiler" | "inferred";
}

const SOURCE_REPOSITORY = "751K/Apple-Neural-Engine-Microarchitecture-Study-M6";
/** Where the figures were read. */
export const PLACEMENT_SOURCE = `${SOURCE_REPOSITORY} data/03_compile/opdispatch and notes on dispatch; read on M4 with macOS 27.0.1, coremltools 9.0`;

/** What the evidence for "can" is, for people. */
export const SUPPORT_EVIDENCE: Readonly<Record<Chip["support"], string>> = {
  plan: "read from Core ML's plan on this chip, macOS 27.0.1",
  compiler: "the engine's compiler, called for this chip, agrees with M4's plan; not run on it",
  inferred: "taken over from M4: nothing is on record of this chip itself",
};

const cpu = (bnns: number, classic: number, memory = 56.667, classicMemory = memory) => ({
  bnns: { flops: bnns, memory },
  classic: { flops: classic, memory: classicMemory },
});

const LATER = { longestAxis: 65536, widestKernel: 15 } as const;
const EARLIER = { longestAxis: 16384, widestKernel: 13 } as const;
const M4_CPU = cpu(754.543, 656);

/** By the name that `--target` takes. */
export const CHIPS: ReadonlyMap<string, Chip> = new Map(
  (
    [
      chip("m1", "H13G", 12000, 68, cpu(729.24, 634), EARLIER, "inferred"),
      chip("m2", "H14G", 17200, 68, cpu(754.54, 656), EARLIER, "inferred"),
      chip("m4", "H16G", 19400, 68, M4_CPU, LATER, "plan"),
      chip("m6", "H18G", 19400, 68, M4_CPU, LATER, "compiler"),
    ] as const
  ).map((one) => [one.name, one]),
);

function chip(
  name: string,
  platform: string,
  flops: number,
  memory: number,
  others: Pick<Chip["rates"], "bnns" | "classic">,
  limits: Pick<Chip, "longestAxis" | "widestKernel">,
  support: Chip["support"],
): Chip {
  return { name, platform, rates: { ane: { flops, memory }, ...others }, ...limits, support };
}
