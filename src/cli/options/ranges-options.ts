/** Options of commands that bound numbers by the weights. */
import type { Option, Options } from "./option.ts";

/** What `--bound` takes: an input, its bound, and the axis of its rows where it is one of them. */
export const BOUND = /^([^=]+)=(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?::norm=(\d+))?$/;

/** What is given of inputs. */
export const BOUND_OPTIONS = {
  bound: {
    kind: "forms",
    value: "NAME=NUMBER",
    form: BOUND,
    like: "x=4 or x=64:norm=1 (no row along axis 1 longer)",
    help: "no element of an input is larger; with :norm=AXIS no row along that axis is longer",
    for: ["graph"],
  },
} as const satisfies Options;

/** For commands that prove layers and graphs. */
export const RANGES_OPTIONS = {
  ranges: {
    kind: "flag",
    help: "also bound the numbers by the weights: ORDER-FREE (engine), and preconditions that are met (docs/ranges.md)",
    for: ["model", "checkpoint", "graph"],
  },
  bound: { ...BOUND_OPTIONS.bound, with: ["ranges", "engine-safe"] },
} as const satisfies Record<string, Option>;
