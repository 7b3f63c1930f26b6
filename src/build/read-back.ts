/** Reads a build back: everything that the runtime would check, and what it would not but trip over. */
import { join } from "node:path";
import type { Graph } from "../dsl/graph.ts";
import { statedCaches } from "../dsl/host/host-caches.ts";
import { show, type TensorType } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { graphOf, type Package, readPackage } from "../emit/read/read.ts";
import { shaped } from "../files/json-shape.ts";
import { statOf } from "../files/regular.ts";
import { ANE_BOOK_MANIFEST, type AneBookManifest, manifestProblems } from "./manifest.ts";
import { countsIn, liftAt, stepIn, type TokenSizes } from "./sizes.ts";

/** A built model whose files are as its manifest says. */
export interface BuiltFiles {
  readonly manifest: AneBookManifest;
  /** Each shard at every number of tokens that it takes. */
  readonly shards: readonly ReadonlyMap<number, Graph>[];
  readonly heads: readonly Graph[];
}

/**
 * Holds a manifest against itself and against the files that it names.
 * @param tokens of the blocks that the shards take
 * @throws UserError with all that is wrong
 */
export async function checkBuilt(json: unknown, folder: string, tokens: TokenSizes): Promise<BuiltFiles> {
  const refuse = (problem: string) =>
    new UserError(`the manifest of ${folder} is not one that the runtime reads: ${problem}`);
  const manifest = shaped(json, ANE_BOOK_MANIFEST, refuse);
  const problems = [...manifestProblems(manifest)];
  if (problems.length === 0) {
    const size = (await statOf(join(folder, manifest.embed_bin)))?.size;
    const wanted = 2 * manifest.vocab_size * manifest.d_model;
    if (size !== wanted) problems.push(`${manifest.embed_bin} has ${size ?? "no"} bytes, and needs ${wanted}`);
  }
  if (problems.length > 0) throw refuse(problems.join("; "));
  const open = (path: string) => readPackage(join(folder, path.replace(/\.mlmodelc$/, ".mlpackage")));
  const packages = manifest.layers.map(({ path }) => open(path));
  const shards = packages.map((pkg) => graphsOf(pkg, tokens));
  const heads = manifest.lm_head_shards.map(({ mlmodelc }) => graphOf(open(mlmodelc)));
  const wrong = [
    ...packages.flatMap((pkg, k) => functionProblems(pkg, manifest.layers[k]!.path, tokens)),
    ...shards.flatMap((graphs, k) =>
      [...graphs].flatMap(([count, graph]) => shardProblems(graph, manifest, manifest.layers[k]!, count)),
    ),
    ...heads.flatMap((graph, k) => headProblems(graph, manifest, manifest.lm_head_shards[k]!)),
  ];
  if (wrong.length > 0) throw refuse(wrong.join("; "));
  return { manifest, shards, heads };
}

/** A package of one size says itself which it is; it is held against the size that is asked for all the same. */
const graphsOf = (pkg: Package, tokens: TokenSizes): ReadonlyMap<number, Graph> =>
  new Map(countsIn(tokens).map((count) => [count, graphOf(pkg, liftAt(tokens, count))] as const));

/** The runtime names no function: what it runs is the default one, with as many tokens as the manifest says. */
function functionProblems({ model }: Package, path: string, tokens: TokenSizes): readonly string[] {
  const found = model.functions.map(({ name }) => name).toSorted();
  if (!("functions" in tokens)) return found.length === 1 ? [] : [`${path} has the functions ${found.join(", ")}`];
  const wanted = tokens.functions.map(({ name }) => name).toSorted();
  const { name } = stepIn(tokens.functions);
  if (found.join() !== wanted.join())
    return [`${path} has the functions ${found.join(", ")}, not ${wanted.join(", ")}`];
  return model.defaultFunction === name
    ? []
    : [`${path} has the default function ${model.defaultFunction}, and a host that names none calls it with one token`];
}

type Features = ReadonlyMap<string, TensorType>;

const featuresOf = (values: Iterable<readonly [string, { readonly type: TensorType }]>): Features =>
  new Map([...values].map(([name, { type }]) => [name, type]));
const inputsOf = ({ inputs }: Graph): Features => featuresOf(inputs.map((x) => [x.name!, x]));

/** The five inputs that the host offers, what it reads, and two caches a layer. */
function shardProblems(
  graph: Graph,
  m: AneBookManifest,
  { start, end, path }: AneBookManifest["layers"][number],
  tokens: number,
): readonly string[] {
  const [d, half, seq] = [m.d_model, m.rope_dim! / 2, m.max_seq_len];
  const of = (shape: readonly number[]): TensorType => ({ dtype: "fp16", shape });
  const wanted: Features = new Map([
    ["x", of([1, d, tokens, 1])],
    ["rope_cos", of([tokens, half])],
    ["rope_sin", of([tokens, half])],
    ["attn_mask", of([1, 1, tokens, seq])],
    ["kv_write_mask", of([1, 1, seq, tokens])],
  ]);
  const cache = of([1, m.n_kv_heads, seq, m.d_head]);
  const own = cacheKeeping(m) === "io" ? hostCacheFeatures(graph, { start, end, path, cache, tokens }) : undefined;
  return [
    ...differences(path, "input", inputsOf(graph), new Map([...wanted, ...(own?.inputs ?? [])])),
    ...differences(
      path,
      "output",
      featuresOf(Object.entries(graph.outputs)),
      new Map([["hidden", of([1, d, tokens, 1])], ...(own?.outputs ?? [])]),
    ),
    ...(own ? own.problems : stateProblems(graph, { start, end, path, cache })),
  ];
}

/** Who keeps the caches, as the manifest says. */
export const cacheKeeping = ({ graphc }: AneBookManifest): unknown =>
  (graphc as { readonly cache?: unknown } | null | undefined)?.cache;

type CachedShard = AneBookManifest["layers"][number] & { readonly cache: TensorType };

/** Two states a layer. */
function stateProblems({ states: all }: Graph, { start, end, path, cache }: CachedShard): readonly string[] {
  const states = featuresOf(all.map(({ name, entry }) => [name, entry]));
  const other = [...states].find(([, type]) => show(type) !== show(cache));
  return [
    ...(states.size === 2 * (end - start) ? [] : [`${path} has ${states.size} states for ${end - start} layers`]),
    ...(other ? [`${path}: state ${other[0]} is ${show(other[1])}, and a cache is ${show(cache)}`] : []),
  ];
}

/** Two caches a layer that go in, and the rows that come out; the package says itself which rows are whose. */
function hostCacheFeatures(graph: Graph, shard: CachedShard & { readonly tokens: number }) {
  const { start, end, path, cache, tokens } = shard;
  const names = Array.from({ length: end - start }, (_, k) =>
    ["k", "v"].map((of) => `layers_${start + k}_${of}`),
  ).flat();
  const atSlots = statedCaches(graph, new Map()).filter(({ facts }) => facts.update === "slot");
  const said = new Map(atSlots.map(({ input, facts }) => [input.name, facts.rows]));
  const wrong = names.find((name) => said.get(`${name}_cache`) !== `${name}_rows`);
  return {
    inputs: new Map(names.map((name) => [`${name}_cache`, cache])),
    outputs: new Map(names.map((name) => [`${name}_rows`, { ...cache, shape: cache.shape.with(2, tokens) }])),
    problems: [
      ...(graph.states.length === 0 ? [] : [`${path} has ${graph.states.length} states beside caches as inputs`]),
      ...(wrong === undefined
        ? []
        : [`${path} does not say that ${wrong}_rows are the new rows of ${wrong}_cache, which go to their slots`]),
    ],
  };
}

function headProblems(
  graph: Graph,
  { d_model: d }: AneBookManifest,
  { vocab_start: begin, vocab_end: end, mlmodelc: path }: AneBookManifest["lm_head_shards"][number],
): readonly string[] {
  const of = (shape: readonly number[]): TensorType => ({ dtype: "fp16", shape });
  return [
    ...differences(path, "input", inputsOf(graph), new Map([["hidden", of([1, d, 1, 1])]])),
    ...differences(
      path,
      "output",
      featuresOf(Object.entries(graph.outputs)),
      new Map([["logits", of([1, end - begin, 1, 1])]]),
    ),
  ];
}

function differences(path: string, what: string, found: Features, wanted: Features): readonly string[] {
  const names = [...new Set([...found.keys(), ...wanted.keys()])];
  return names.flatMap((name) => {
    const [is, should] = [found.get(name), wanted.get(name)];
    if (is && should && show(is) === show(should)) return [];
    return [
      `${path}: ${what} ${name} is ${is ? show(is) : "missing"}, and the host has ${should ? show(should) : "none"}`,
    ];
  });
}
