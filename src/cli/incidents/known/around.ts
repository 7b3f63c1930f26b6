/** Incidents of scripts and of the host, which graphc does not read. */
import type { Incident } from "../incident.ts";
import { because, book, coremlLlm, issue, not } from "./small.ts";

const HOST = "graphc does not read it";

/** Around the model. */
export const around: readonly Incident[] = [
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
    because("host", "evidence holds the build of the system that it was measured on; nothing compares it with another"),
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
      `${HOST}; the host that generate is refuses such a block, and the proof says how many rows one needs (capacity)`,
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
