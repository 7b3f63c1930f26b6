/** On what ground `emit` writes more than one layer: passed evidence of a layer of each kind, or the user's word. */

import type { Graph } from "../../dsl/graph.ts";
import type { Size } from "../../dsl/model.ts";
import { assumedList } from "../../evidence/assumed-list.ts";
import { settingsDigest, settingsOf } from "../../evidence/format/settings.ts";
import { packagedHash } from "../../evidence/identity.ts";
import type { BuildOnDisk } from "../../evidence/judge/judge.ts";
import { type BoundBuild, type Ground, groundFor } from "../../evidence/policy.ts";
import { namesIn, statOf } from "../../files/regular.ts";
import type { Decoder } from "../../models/decoder.ts";
import { kindsIn, layersText } from "../../models/kinds.ts";
import type { CacheKeeping } from "../../models/layer/parts.ts";
import { decoderLayers } from "../../models/layers.ts";
import type { AssumedList } from "../../models/rope-list.ts";
import { graphHash } from "../../passes/prove/report/certificate.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { WholeModel } from "../build/model.ts";
import { judgedWithProgress } from "../gate/judged-build.ts";
import type { Args } from "../options/command.ts";
import { requestedSize } from "../options/size-options.ts";
import { kindGraph } from "../subject/decoder-subject.ts";
import type { KindGraph, Subject } from "../subject/subject.ts";
import type { Io } from "../terminal/io.ts";

/** The block graph apart from its weights, as evidence for a stack is about it: that of its kind, where it is one layer. */
export function identityOf(subject: Subject, size: Size): string {
  const [kind, ...others] = subject.kinds(size);
  const isOneLayer = others.length === 0 && kind!.layers.length <= 1;
  return graphHash(isOneLayer ? kind!.graph : subject.build(size));
}

/** On what ground several layers may be emitted. @throws UserError when there is none. */
export async function groundOf(subject: Subject, args: Args, folder: string, io: Io): Promise<Ground | undefined> {
  const layers = args.whole("layers");
  if (layers === 1) return undefined;
  const size = requestedSize(args);
  const { config, ropeList } = subject;
  const cache = args.text("cache") as CacheKeeping;
  return groundIn(args, folder, io, {
    layers,
    kinds: subject.kinds(size),
    ropeList,
    settings: config && settingsOf(config, ropeList),
    graphOf: (layer) => (config && layer !== undefined ? layerGraph(config, layer, size, cache) : subject.build(size)),
    kindGraphOf: (layer) => (config ? kindGraphOf(config, layer, size, cache) : subject.build(size)),
    openWeights: (graph) => subject.openWeights(graph),
  });
}

/** On what ground a whole model may be built. @throws UserError when there is none. */
export async function wholeGround(
  { plan, openWeights }: WholeModel,
  size: Size,
  args: Args,
  folder: string,
  io: Io,
): Promise<Ground | undefined> {
  const { decoder } = plan.model;
  const layers = Array.from({ length: decoder.layers }, (_, layer) => layer);
  // A layer with states says nothing of one whose caches are inputs.
  const cache = args.text("cache") as CacheKeeping;
  const ropeList = assumedList(decoder, layers, size.maxSeq);
  return groundIn(args, folder, io, {
    layers: layers.length,
    kinds: kindsIn(decoder, 0, layers.length).map((kind) => kindGraph(decoder, kind, size, cache)),
    ropeList,
    settings: settingsOf(decoder, ropeList),
    graphOf: (layer = 0) => layerGraph(decoder, layer, size, cache),
    kindGraphOf: (layer) => kindGraphOf(decoder, layer, size, cache),
    openWeights,
  });
}

const layerGraph = (decoder: Decoder, first: number, size: Size, cache: CacheKeeping): Graph =>
  decoderLayers(decoder, size, { first, cache });

const kindGraphOf = (decoder: Decoder, layer: number, size: Size, cache: CacheKeeping): Graph =>
  kindGraph(decoder, kindsIn(decoder, layer, 1)[0]!, size, cache).graph;

/** What is to be written: how many layers, one graph of each kind, LongRoPE's list where there is one, and what a one-layer build is held against. */
interface Stack {
  readonly layers: number;
  readonly kinds: readonly KindGraph[];
  readonly ropeList: AssumedList | undefined;
  readonly settings: Decoder | undefined;
  /** The block of one layer; where the model has no layers, the block. */
  graphOf(layer: number | undefined): Graph;
  /** The block that stands for the kind of this layer. */
  kindGraphOf(layer: number): Graph;
  openWeights(graph: Graph): Promise<WeightStore>;
}

async function groundIn(args: Args, folder: string, io: Io, stack: Stack): Promise<Ground | undefined> {
  const { layers, ropeList } = stack;
  const kinds = stack.kinds.map((kind) => ({ graph: graphHash(kind.graph), layers: kind.layers }));
  const given = args.texts("evidence");
  const judged: BoundBuild[] = [];
  for (const build of given.length > 0 ? given : [folder]) {
    if (!(await hasFixtures(build))) continue;
    const one = await judgedWithProgress(build, io);
    // Weights are read for evidence that would do otherwise.
    const wanted = one.judgement.passes && kinds.some(({ graph }) => graph === one.build.manifest.graph);
    const unbound = wanted ? await otherModel(one.build, stack) : undefined;
    judged.push({ ...one, ...(unbound === undefined ? {} : { unbound }) });
  }
  return groundFor({ layers, kinds, ahead: args.flag("ahead-of-evidence"), judged, ...(ropeList ? { ropeList } : {}) });
}

/** Why a build of the same graph was not made of this model; undefined where it was. */
async function otherModel({ manifest, certificate }: BuildOnDisk, stack: Stack): Promise<string | undefined> {
  const { layers, settings, identity } = manifest;
  const [layer, ...more] = layers ?? [];
  if (more.length > 0) return "has more than one layer";
  // The identity in the fixtures is their word: what was measured is the layer whose weights they have.
  if (layer !== undefined && graphHash(stack.kindGraphOf(layer)) !== manifest.graph)
    return `is of layer ${layer}, which is of another kind than its fixtures say`;
  if ((settings ? settingsDigest(settings) : undefined) !== (stack.settings && settingsDigest(stack.settings)))
    return `is of other settings (${identity.settingsSHA256 ?? "it has none"})`;
  const graph = stack.graphOf(layer);
  const store = await stack.openWeights(graph);
  try {
    const same = (await packagedHash(graph, store)) === certificate?.contents.block.sha256;
    return same ? undefined : `is of other weights${layer === undefined ? "" : ` than those of layer ${layer}`}`;
  } finally {
    await store.close();
  }
}

const hasFixtures = async (folder: string): Promise<boolean> =>
  (await statOf(folder)) !== undefined && (await namesIn(folder)).some((file) => file.endsWith(".fixtures.json"));

/** One line for the output. */
export function printGround(ground: Ground): string {
  if (ground.kind === "ahead of evidence")
    return `more than one layer AHEAD OF EVIDENCE; open: ${ground.open.join("; ")}`;
  const builds = ground.builds.map(({ layers, chip, osBuild }) => `${layersText(layers)}: ${chip}, ${osBuild}`);
  return `more than one layer: on passed evidence of the one-layer gate for each kind (${builds.join("; ")})`;
}
