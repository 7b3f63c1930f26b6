/** What a manifest of fixtures must keep to be a test at all; tools/Sources/Gate/Manifest.swift asks for the same. */
import type { FixtureManifest } from "./fixtures-shape.ts";

type Cache = NonNullable<FixtureManifest["caches"]>[number];
type Call = FixtureManifest["calls"][number];

/** The first rule that is broken; undefined when all are kept. */
export function inconsistencyOf(manifest: FixtureManifest): string | undefined {
  const { calls } = manifest;
  return (
    packagesProblem(manifest) ??
    emptiness(manifest) ??
    namesProblem(manifest) ??
    rowsProblem(manifest) ??
    firstOf(manifest.inputs, inputProblem) ??
    firstOf(calls, (call, index) => {
      const problem = callProblem(call, manifest);
      return problem && `call ${index} ${problem}`;
    })
  );
}

function packagesProblem({ block, step }: FixtureManifest): string | undefined {
  if (block.tokens < 1 || step.tokens !== 1) return "the step package must have one token, the block one or more";
  if (block.package === step.package && (block.function ?? null) === (step.function ?? null))
    return "step is block: both are the same function of the same package";
  return undefined;
}

/** Where nothing is called or compared nothing is shown. */
function emptiness({ calls, outputs, states, caches }: FixtureManifest): string | undefined {
  if (calls.length === 0) return "there are no calls, so nothing would be compared";
  if (outputs.length === 0) return "there are no outputs, so nothing would be compared";
  if (states.length === 0 && !caches?.length) return "there are no states and no caches, so no row would be watched";
  if (calls.every(({ steps }) => steps.length === 0)) return "no token is run one by one, so nothing would be compared";
  return undefined;
}

function namesProblem({ inputs, outputs, states, caches }: FixtureManifest): string | undefined {
  const kept = caches ?? [];
  const twice = (names: readonly string[]) => names.find((name, k) => names.indexOf(name) !== k);
  const taken = twice([...inputs, ...states, ...kept].map(({ name }) => name));
  if (taken !== undefined) return `${taken} is named twice`;
  const given = twice([...outputs.map(({ name }) => name), ...kept.map(({ rows }) => rows)]);
  return given && `output ${given} is named twice`;
}

function rowsProblem({ states, caches, maxSeq, inputs }: FixtureManifest): string | undefined {
  const wrong = (what: string, { name, shape, rowAxis }: Pick<Cache, "name" | "shape" | "rowAxis">) =>
    shape[rowAxis] === maxSeq ? undefined : `axis ${rowAxis} of ${what} ${name} is not the one of ${maxSeq} cache rows`;
  const tells = (place: string) => inputs.some(({ name, role }) => name === place && TELL_SLOTS.has(role));
  return (
    firstOf(states, (state) => wrong("state", state)) ??
    firstOf(caches ?? [], (cache) => {
      const stray = `${cache.place}, which is to tell the slots of cache ${cache.name}, is no write mask and no position`;
      return wrong("cache", cache) ?? (tells(cache.place) ? undefined : stray);
    })
  );
}

const TELL_SLOTS: ReadonlySet<string> = new Set(["write_mask", "position"]);

function inputProblem({ name, role, tokenAxis, slotAxis }: FixtureManifest["inputs"][number]): string | undefined {
  const has = (axis: number | null | undefined): boolean => typeof axis === "number";
  const needs =
    role === "mask" || role === "write_mask" ? has(tokenAxis) && has(slotAxis) : role !== "rows" || has(tokenAxis);
  return needs ? undefined : `input ${name} does not say which axis counts what`;
}

function callProblem({ rows, accepted, steps, draw }: Call, { block, maxSeq }: FixtureManifest): string | undefined {
  if (rows.length !== block.tokens) return `names ${rows.length} tokens of ${block.tokens}`;
  const live = rows.filter((row) => row !== null);
  if (live.length === 0 || live.some((row) => row >= maxSeq)) return "has a row outside the cache";
  if (new Set(live).size !== live.length) return "writes a row twice";
  if (draw.kind !== "usual" && accepted > 0) return `keeps ${draw.kind} rows, which later calls would then see`;
  const kept = rows.slice(0, accepted);
  if (kept.length < accepted || kept.includes(null)) return "accepts tokens that it does not have";
  if (kept.some((_, token) => !steps.includes(token))) return "does not step every accepted token";
  const isStep = (token: number, k: number) => (rows[token] ?? null) !== null && (k === 0 || steps[k - 1]! < token);
  return steps.every(isStep) ? undefined : "steps a token that it does not have";
}

function firstOf<X>(all: readonly X[], problem: (x: X, index: number) => string | undefined): string | undefined {
  for (const [index, x] of all.entries()) {
    const found = problem(x, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
