/** Every command of `graphc`, none of them loaded. */
import type { CommandEntry } from "./options/command.ts";

/** In the order of a user's day. Each is loaded when it is asked for: `--help` must be quick. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  init: {
    summary: "write a project of your own: a layer that is proven, its tests, its goldens",
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  check: {
    summary: "run every static check on a graph, a model or a package",
    load: async () => (await import("./commands/static.ts")).checkCommand,
  },
  emit: {
    summary: "write the Core ML packages of a model: a block of T tokens and a single token",
    load: async () => (await import("./commands/emit.ts")).emitCommand,
  },
  prove: {
    summary: "prove that a block of T tokens equals T single-token calls",
    load: async () => (await import("./commands/prove.ts")).proveCommand,
  },
  watch: {
    summary: "check and prove a graph file again each time that it is saved",
    load: async () => (await import("./commands/static.ts")).watchCommand,
  },
  equal: {
    summary: "prove that two graphs of the same T are equal",
    load: async () => (await import("./commands/runs.ts")).equalCommand,
  },
  parity: {
    summary: "run blocks against single tokens and compare every bit",
    load: async () => (await import("./commands/runs.ts")).parityCommand,
  },
  run: {
    summary: "evaluate a graph once on inputs from a file",
    load: async () => (await import("./commands/runs.ts")).runCommand,
  },
  survey: {
    summary: "report how near a layer's numbers come to the ends of fp16",
    load: async () => (await import("./commands/runs.ts")).surveyCommand,
  },
  interface: {
    summary: "print what is assumed of each input, as a file for --interface",
    load: async () => (await import("./commands/builds.ts")).interfaceCommand,
  },
  ranges: {
    summary: "prove from a checkpoint's weights what no input can overflow",
    load: async () => (await import("./commands/builds.ts")).rangesCommand,
  },
  gate: {
    summary: "read the evidence of a Mac and say what is proven, resident and at parity",
    load: async () => (await import("./commands/builds.ts")).gateCommand,
  },
  build: {
    summary: "write a whole model for a runtime: shards, heads, embedding, manifest",
    load: async () => (await import("./commands/builds.ts")).buildCommand,
  },
  plan: {
    summary: "say what build would write",
    load: async () => (await import("./commands/builds.ts")).planCommand,
  },
  generate: {
    summary: "run a built model: tokens, greedy or speculative",
    load: async () => (await import("./commands/builds.ts")).generateCommand,
  },
  inspect: {
    summary: "print any Core ML package as MIL text, and a graph as text or for a drawing",
    load: async () => (await import("./commands/static.ts")).inspectCommand,
  },
  view: {
    summary: "write a page that shows a graph, what is proven of it and which tokens its rows read",
    load: async () => (await import("./commands/view.ts")).viewCommand,
  },
  diff: {
    summary: "say what differs between two packages or graphs",
    load: async () => (await import("./commands/runs.ts")).diffCommand,
  },
  completion: {
    summary: "print what lets a shell complete commands, options and values",
    load: async () => (await import("./commands/completion.ts")).completionOf(COMMANDS),
  },
};
