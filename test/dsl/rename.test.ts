/** Renaming a graph's interface: names change, and what it computes does not. */
import fc from "fast-check";
import { expect, test } from "vitest";
import attention from "../../examples/attention.ts";
import counter from "../../examples/counter.ts";
import { withHostCaches } from "../../src/dsl/host/host-caches.ts";
import { renamedInterface } from "../../src/dsl/rename.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { graphHash } from "../../src/passes/prove/report/certificate.ts";
import { SMALL } from "../support/parity.ts";

const size = { tokens: 2, maxSeq: 8 };
const graphs = [attention(size), counter(), decoderLayers(SMALL, size, { cache: "io" })];
const namesOf = (graph: (typeof graphs)[number]) => [
  ...graph.inputs.map((x) => x.name!),
  ...graph.states.map(({ name }) => name),
  ...Object.keys(graph.outputs),
];

test("there and back gives the same graph, and names that are keys of every object are names", () => {
  const names = fc.uniqueArray(
    fc.oneof(fc.constantFrom("__proto__", "constructor", "x", "k_state"), fc.string({ minLength: 1 })),
    {
      minLength: 12,
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(fc.nat(graphs.length - 1), names, (which, others) => {
      const graph = graphs[which]!;
      const own = namesOf(graph);
      // A record puts names that are whole numbers first.
      const there = new Map(own.map((name, k) => [name, `${others[k % others.length]}.${k}`]));
      const back = new Map([...there].map(([from, to]) => [to, from]));
      const renamed = renamedInterface(graph, there);
      expect(namesOf(renamed)).toEqual(own.map((name) => there.get(name)));
      expect(graphHash(renamed)).not.toBe(graphHash(graph));
      expect(graphHash(renamedInterface(renamed, back))).toBe(graphHash(graph));
    }),
    { numRuns: 30 },
  );
});

test("a cache's rows go by the new name of their output", () => {
  const graph = graphs[2]!;
  const renamed = renamedInterface(
    graph,
    new Map([
      ["layers_0_k_rows", "new_keys"],
      ["layers_0_k_cache", "keys"],
    ]),
  );
  const closed = withHostCaches([renamed], new Map()).graphs[0]!;
  expect(closed.states.map(({ host }) => host && [host.input, host.rows])).toContainEqual(["keys", "new_keys"]);
  expect(Object.keys(closed.outputs)).not.toContain("new_keys");
});

test("an output that is an input, or a state that is only read, is renamed with it", () => {
  const { inputs } = graphs[0]!;
  const graph = { name: "same", inputs: [inputs[0]!], states: [], outputs: { y: inputs[0]! } };
  const renamed = renamedInterface(graph, new Map([["x", "h"]]));
  expect([renamed.inputs[0]!.name, renamed.outputs.y]).toEqual(["h", renamed.inputs[0]]);
});
