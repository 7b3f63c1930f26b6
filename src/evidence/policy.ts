/** Decides whether more than one layer may be emitted: on passed evidence of a layer of each kind, for these very weights. */
import { UserError } from "../dsl/user-error.ts";
import { layersText } from "../models/kinds.ts";
import type { AssumedList } from "../models/rope-list.ts";
import { listConflict } from "./assumed-list.ts";
import type { Evidence } from "./format/evidence.ts";
import type { JudgedBuild } from "./judge/build.ts";
import type { BuildOnDisk } from "./judge/judge.ts";

/** A layer's graph apart from its weights, and the layers that it stands for. */
export interface JudgedKind {
  readonly graph: string;
  readonly layers: readonly number[];
}

/** A one-layer build that stands for a kind: where it was measured, and the identity of what was. SHA-256 as hex. */
export interface GroundBuild extends JudgedKind {
  readonly chip: string;
  readonly osBuild: string;
  /** Of the packages. */
  readonly block: string;
  readonly step: string;
  readonly weights?: string;
  readonly settings?: string;
}

/** A judged build, and why it is not one of the model that is to be emitted; of that model where nothing is said. */
export interface BoundBuild extends JudgedBuild {
  readonly unbound?: string;
}

/** On what ground more than one layer was emitted; goes into the output, the certificates and the manifest. */
export type Ground =
  | {
      readonly kind: "evidence";
      /** The one-layer build of each kind. */
      readonly builds: readonly GroundBuild[];
    }
  | { readonly kind: "ahead of evidence"; readonly kinds: readonly JudgedKind[]; readonly open: readonly string[] };

/** What is to be emitted, and what is known of one-layer builds. */
export interface StackRequest {
  readonly layers: number;
  /** Every kind of layer in it: identity of its one-layer graph, as its fixtures give it. */
  readonly kinds: readonly JudgedKind[];
  /** Which of LongRoPE's lists it takes. */
  readonly ropeList?: AssumedList;
  /** The one-layer builds that there are. */
  readonly judged: readonly BoundBuild[];
  /** --ahead-of-evidence */
  readonly ahead: boolean;
}

/**
 * Undefined for one layer. For more: passed evidence of the same graph for every kind of layer, or the user's word that none is
 * wanted yet.
 * @throws UserError without either.
 */
export function groundFor(request: StackRequest): Ground | undefined {
  const { layers, kinds, ahead } = request;
  if (layers <= 1) return undefined;
  const looked = kinds.map((kind) => lookedAt(kind, request));
  const open = looked.flatMap((one) => one.open);
  const builds = looked.flatMap(({ build }) => build ?? []);
  if (open.length === 0 && builds.length === kinds.length) return { kind: "evidence", builds };
  if (ahead) return { kind: "ahead of evidence", kinds, open };
  const each = kinds.length > 1 ? ", a build for each kind of layer" : "";
  throw new UserError(
    `${layers} layers ask for passed evidence of the one-layer gate on the same graph and weights${each} (${open.join("; ")})`,
    `run graphc-ane gate on ${kinds.length > 1 ? "these builds (--evidence DIR for each)" : "its build"}, or say --ahead-of-evidence`,
  );
}

interface LookedAt {
  readonly open: readonly string[];
  readonly build?: GroundBuild;
}

/** What is open for one kind, by the build of it that leaves least open. */
function lookedAt(kind: JudgedKind, { kinds, judged, ropeList }: StackRequest): LookedAt {
  const of = kinds.length > 1 ? ` of ${layersText(kind.layers)}` : "";
  if (judged.length === 0) return { open: [`there is no one-layer build${of}`] };
  const same = judged.filter(({ build }) => build.manifest.graph === kind.graph);
  if (same.length === 0) {
    const [other] = judged.length === 1 && kinds.length === 1 ? ["the one-layer build is of another graph"] : [];
    return { open: [other ?? `no one-layer build is of the graph${of || " that is asked for"}`] };
  }
  const found = same.map((one) => openOf(one, ropeList, of));
  const least = Math.min(...found.map(({ length }) => length));
  const best = found.findIndex(({ length }) => length === least);
  const { evidence, build } = same[best]!;
  if (least > 0 || !evidence) return { open: found[best]! };
  return { open: [], build: { ...kind, ...measuredBuild(build, evidence) } };
}

function measuredBuild(
  { manifest, block, step }: BuildOnDisk,
  { system }: Evidence,
): Omit<GroundBuild, keyof JudgedKind> {
  const { weightsSHA256, settingsSHA256 } = manifest.identity;
  return {
    chip: system.chip,
    osBuild: system.osBuild,
    block: block.sha256,
    step: step.sha256,
    ...(weightsSHA256 ? { weights: weightsSHA256 } : {}),
    ...(settingsSHA256 ? { settings: settingsSHA256 } : {}),
  };
}

function openOf(
  { build, judgement, unbound }: BoundBuild,
  ropeList: AssumedList | undefined,
  of: string,
): readonly string[] {
  const conflict = listConflict(build.manifest.ropeList, ropeList);
  // Another list is another setting: one sentence says it.
  const other = conflict === undefined ? unbound : `takes ${conflict}`;
  return [
    ...(other === undefined ? [] : [`the one-layer build${of} ${other}`]),
    ...judgement.findings.filter(({ status }) => status !== "yes").map(({ item, status }) => `${item}${of}: ${status}`),
  ];
}
