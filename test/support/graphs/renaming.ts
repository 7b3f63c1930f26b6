/** Pairs under other names for their inputs, and the property that a verdict survives that where roles are declared. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import attention from "../../../examples/attention.ts";
import counter from "../../../examples/counter.ts";
import phi4Mini from "../../../examples/phi4-mini.ts";
import { askForRoles } from "../../../src/api/ask-roles.ts";
import type { Graph } from "../../../src/dsl/graph.ts";
import { type Graphs, twinsOf } from "../../../src/dsl/host/twins.ts";
import type { DeclaredRole } from "../../../src/dsl/role.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { parity } from "../../../src/passes/parity/parity.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { pairOf, SMALL } from "../parity.ts";
import { mutants } from "../phi/mutants.ts";
import { renamed } from "./rename.ts";

const size = { tokens: 3, maxSeq: 12 };
const both = (model: (size: { tokens: number; maxSeq: number }) => Graph): Graphs => ({
  block: model(size),
  step: model({ ...size, tokens: 1 }),
});
const phi = (write: "blend" | "select" | "slice_update" | "scatter"): Graphs =>
  both((s) => decoderLayers(SMALL, s, { write }));

/** The pairs that are renamed, by name. */
export const subjects: Readonly<Record<string, Graphs>> = {
  attention: both(attention),
  counter: both(counter),
  "phi4-mini": both(phi4Mini),
  "phi, blend": phi("blend"),
  "phi, select": phi("select"),
  "phi, slice_update": phi("slice_update"),
  "phi, scatter": phi("scatter"),
  "phi, heads flattened without the permutation": {
    block: mutants.layout!(SMALL, size, {}),
    step: decoderLayers(SMALL, { ...size, tokens: 1 }),
  },
};

/** Names that would tell a role, the wrong one as a rule, and names that are keys of every object. */
const NAMES = [
  "attn_mask",
  "mask",
  "kv_write_mask",
  "position",
  "pos",
  "rope_cos",
  "rope_sin",
  "x",
  "__proto__",
  "constructor",
  "toString",
  "a",
  "1",
  "k₀",
  "input mask",
  "valueOf",
] as const;

/** The roles of the pair's inputs as an author would declare them, by their old names. */
function declared(pair: Graphs): ReadonlyMap<string, DeclaredRole> {
  const { roles } = twinsOf(pair.block, pair.step);
  return new Map([...roles].map(([name, { source: _, ...role }]) => [name, role as DeclaredRole]));
}

/** The pair with its inputs renamed in order, and the given roles declared. */
export function renamedPair(pair: Graphs, names: readonly string[], roles?: ReadonlyMap<string, DeclaredRole>): Graphs {
  const old = pair.block.inputs.map((x) => x.name!);
  const rename = (name: string) => {
    const role = roles?.get(name);
    return { name: names[old.indexOf(name)]!, ...(role === undefined ? {} : { role }) };
  };
  return { block: renamed(pair.block, rename), step: renamed(pair.step, rename) };
}

/** What a verdict says, the names of inputs aside. How often a rule fired is left out: terms are put in an order by names. */
function said({ block, step }: Graphs): unknown {
  const verdict = prove(block, step, { secondOpinion: false, budget: 1 });
  const { preconditions, gapBound, sizes } = verdict;
  const level = verdict.verdict === "PROVEN" ? [verdict.level, verdict.corollaries] : [];
  return [verdict.verdict, ...level, preconditions.map((p) => p.id), gapBound, sizes.compared];
}

const shuffled = fc.shuffledSubarray([...NAMES], { minLength: 8 });

/** Tests that each pair is judged, and runs, alike under any names. */
export function surviveRenaming(names: readonly string[]): void {
  describe.each(names)("%s", (name) => {
    const pair = subjects[name]!;
    const roles = declared(pair);

    test("is judged alike under any names, with roles declared", () => {
      const before = said(pair);
      const numRuns = Number(process.env.RENAMING_RUNS ?? 2);
      fc.assert(
        fc.property(shuffled, (names) => {
          expect(said(renamedPair(pair, names, roles))).toEqual(before);
        }),
        { numRuns },
      );
    });

    test.skipIf(name === "phi4-mini" || name === "attention")(
      "runs alike under any names, with roles declared",
      async () => {
        const run = async ({ block, step }: Graphs) => {
          const { equal, calls } = await parity(pairOf(block, step, 5), { seed: 5 });
          return [equal, calls.map(({ call }) => call)];
        };
        const before = await run(pair);
        await fc.assert(
          fc.asyncProperty(shuffled, async (names) => {
            expect(await run(renamedPair(pair, names, roles))).toEqual(before);
          }),
          { numRuns: Number(process.env.RENAMING_RUNS ?? 1) },
        );
      },
    );
  });
}

/** Names that tell nothing. */
export const PLAIN: readonly string[] = ["a", "b", "c", "d", "e", "f"];

/** Without declarations the two masks of these pairs are asked for, by the names that they have. */
export function masksAreAskedFor(names: readonly string[]): void {
  test.each(names)("%s: the masks are asked for", (name) => {
    const pair = renamedPair(subjects[name]!, PLAIN);
    const fed = subjects[name]!.block.inputs.map((x) => x.name!);
    const [mask, write] = [PLAIN[fed.indexOf("attn_mask")], PLAIN[fed.indexOf("kv_write_mask")]];
    expect(() => askForRoles(pair, new Map())).toThrow(
      expect.objectContaining({ mend: expect.stringContaining(`--role ${mask}=mask --role ${write}=write_mask `) }),
    );
  });
}
