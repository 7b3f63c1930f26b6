/** On what ground `emit` writes more than one layer: passed evidence of a layer of each kind, or the user's word. */

import type { Size } from "../dsl/model.ts";
import { assumedList } from "../evidence/assumed-list.ts";
import { type Ground, groundFor, type JudgedBuild, judgeBuild } from "../evidence/policy.ts";
import { namesIn, statOf } from "../files/regular.ts";
import type { Decoder } from "../models/decoder.ts";
import { kindsIn, layersText } from "../models/kinds.ts";
import type { CacheKeeping } from "../models/layer.ts";
import type { AssumedList } from "../models/rope-list.ts";
import { graphHash } from "../passes/prove/report/certificate.ts";
import type { Args } from "./command.ts";
import { kindGraph } from "./decoder-subject.ts";
import type { KindGraph, Subject } from "./subject.ts";
import { requestedSize } from "./target.ts";

/** The block graph apart from its weights, as evidence for a stack is about it: that of its kind, where it is one layer. */
export function identityOf(subject: Subject, size: Size): string {
  const [kind, ...others] = subject.kinds(size);
  const isOneLayer = others.length === 0 && kind!.layers.length <= 1;
  return graphHash(isOneLayer ? kind!.graph : subject.build(size));
}

/** On what ground several layers may be emitted. @throws UserError when there is none. */
export async function groundOf(subject: Subject, args: Args, folder: string): Promise<Ground | undefined> {
  const layers = args.whole("layers");
  if (layers === 1) return undefined;
  return groundIn(args, folder, { layers, kinds: subject.kinds(requestedSize(args)), ropeList: subject.ropeList });
}

/** On what ground a whole model may be built. @throws UserError when there is none. */
export async function wholeGround(
  decoder: Decoder,
  size: Size,
  args: Args,
  folder: string,
): Promise<Ground | undefined> {
  const layers = Array.from({ length: decoder.layers }, (_, layer) => layer);
  // A layer with states says nothing of one whose caches are inputs.
  const cache = args.text("cache") as CacheKeeping;
  const kinds = kindsIn(decoder, 0, layers.length).map((kind) => kindGraph(decoder, kind, size, cache));
  return groundIn(args, folder, { layers: layers.length, kinds, ropeList: assumedList(decoder, layers, size.maxSeq) });
}

/** What is to be written: how many layers, one graph of each kind, and LongRoPE's list where there is one. */
interface Stack {
  readonly layers: number;
  readonly kinds: readonly KindGraph[];
  readonly ropeList: AssumedList | undefined;
}

async function groundIn(args: Args, folder: string, { layers, kinds, ropeList }: Stack): Promise<Ground | undefined> {
  const given = args.texts("evidence");
  const judged: JudgedBuild[] = [];
  for (const build of given.length > 0 ? given : [folder])
    if (await hasFixtures(build)) judged.push(await judgeBuild(build));
  return groundFor({
    layers,
    kinds: kinds.map((kind) => ({ graph: graphHash(kind.graph), layers: kind.layers })),
    ahead: args.flag("ahead-of-evidence"),
    judged,
    ...(ropeList ? { ropeList } : {}),
  });
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
