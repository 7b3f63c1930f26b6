/** Constants and weights of planned graphs: each once in memory, whichever plans use it. */
import { integerRange } from "../../dsl/number.ts";
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { bitsOf, packedBytes, show, sizeOf, type TensorType } from "../../dsl/type.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import type { Arithmetic } from "../kernels/arithmetic.ts";
import type { Place } from "../kernels/kernel.ts";
import type { Machine } from "../kernels/machine.ts";
import { copyElements } from "../kernels/raw.ts";
import { type Held, staged } from "./held.ts";
import type { Plan } from "./plan.ts";

/** The bytes of a weight, encoded as in weight.bin, in chunks; a chunk is valid until the next one is asked for. */
export type WeightStream = (source: WeightSource, type: TensorType) => AsyncIterable<Uint8Array>;

/** A number for a constant of a run in that precision: the same for constants of equal contents, which two plans then share. */
export type ConstantKeys = (value: Tensor, precision: Arithmetic) => number;

/** Numbers of constants; each is looked at once, and its operands before it. Weights are told by their contents where these are `hashed`. */
export function newConstantKeys(hashed = false): ConstantKeys {
  const texts = new Map<string, number>();
  const known = {
    fp16: new Map<Tensor, number>(),
    fp64: new Map<Tensor, number>(),
    engine: new Map<Tensor, number>(),
  } as const;
  return function keyOf(value, precision) {
    const keys = known[precision];
    if (!keys.has(value)) {
      const text = constantText(value, precision, { keyOf: (x) => keyOf(x, precision), hashed });
      if (!texts.has(text)) texts.set(text, texts.size);
      keys.set(value, texts.get(text)!);
    }
    return keys.get(value)!;
  };
}

/** A weight is known by its place: its hash, where it is not known yet, would be made from all of its bytes. */
function weightText(source: WeightSource, type: TensorType, hashed: boolean): string {
  if (source.from !== "package") return JSON.stringify([source, type]);
  const { from, file, offset, packed } = source;
  if (!hashed || packed) return JSON.stringify([{ from, file, offset, packed }, type]);
  return JSON.stringify([source.sha256, type.dtype, sizeOf(type.shape)]);
}

interface Telling {
  readonly keyOf: (x: Tensor) => number;
  readonly hashed: boolean;
}

function constantText({ def, type }: Tensor, precision: Arithmetic, { keyOf, hashed }: Telling): string {
  if (def.kind === "weight") return weightText(def.source, type, hashed);
  if (def.kind === "const")
    return JSON.stringify([type, Array.from(def.data, (x) => (Object.is(x, -0) ? "-0" : `${x}`))]);
  if (def.kind !== "op") throw new Error(`${def.kind} is no constant`);
  return JSON.stringify([precision, def.op, def.attrs, operandsOf(def).map(keyOf)]);
}

/** Where the contents of a plan's value are. */
export type HeldOf = (value: Tensor, plan: Plan) => Held;

/** Whose constants to load, from where and where to. */
export interface Fill {
  readonly plans: readonly Plan[];
  readonly weights: WeightStream;
  /** Addresses of the workspace, and of the area into which constants from outside are brought. */
  readonly workspace: number;
  readonly staging: number;
  readonly heldOf: HeldOf;
  readonly keyOf: ConstantKeys;
  /** Bytes loaded so far, and of all weights. */
  progress?: ((done: number, all: number) => void) | undefined;
}

/** Loads weights and constants and runs the ops over them. Gives the keys of those whose fp16 are all finite. */
export async function fillConstants(machine: Machine, fill: Fill): Promise<ReadonlySet<number>> {
  const finite = new Set<number>();
  const filled = new Set<number>();
  const bringIn = (held: readonly Held[]): readonly Place[] => {
    const { places, copies } = staged(held, machine.buffer, fill.staging);
    for (const copy of copies) copy();
    return places;
  };
  const count = progressOver(fill);
  for (const plan of fill.plans) {
    const kernels = new Map(plan.folded.map(({ value, kernel }) => [value, kernel]));
    for (const value of plan.constants) {
      const key = fill.keyOf(value, plan.precision);
      if (filled.has(key)) continue;
      filled.add(key);
      const held = fill.heldOf(value, plan);
      const { def } = value;
      if (held.where.kind === "file") {
        count(packedBytes(value.type));
        // Numbers that cannot be infinite are left where they are.
        if (value.type.dtype !== "fp16") continue;
      } else if (def.kind === "const") copyElements(value.type.dtype, Float64Array.from(def.data), held.data);
      else if (def.kind === "weight") await load(held, fill.weights(def.source, value.type), def.source, count);
      else if (def.kind === "op") {
        const [out, ...operands] = bringIn([held, ...operandsOf(def).map((x) => fill.heldOf(x, plan))]);
        kernels.get(value)!.run(machine, out!, operands, fill.workspace);
        if (held.where.kind === "buffer") held.data.set(out!.data);
      }
      const [{ at, data }] = bringIn([held]) as [Place];
      if (data instanceof Uint16Array && machine.finite(at, data.length)) finite.add(key);
    }
  }
  return finite;
}

/** Counts loaded bytes against those of all weights. */
function progressOver({ plans, keyOf, progress }: Fill): (bytes: number) => void {
  const sizes = new Map<number, number>();
  for (const plan of plans) {
    for (const value of plan.constants) {
      if (value.def.kind === "weight") sizes.set(keyOf(value, plan.precision), packedBytes(value.type));
    }
  }
  const all = [...sizes.values()].reduce((sum, n) => sum + n, 0);
  let done = 0;
  return (bytes) => {
    done += bytes;
    progress?.(done, all);
  };
}

async function load(
  place: Place,
  chunks: AsyncIterable<Uint8Array>,
  source: WeightSource,
  count: (bytes: number) => void,
): Promise<void> {
  const { data, dtype } = place;
  const unpack = bitsOf(dtype) < 8 ? unpacker(place) : undefined;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  for await (const chunk of chunks) {
    if (at + chunk.length > packedBytes(place)) throw wrongSize(place, source);
    if (unpack) unpack(chunk);
    else bytes.set(chunk, at);
    at += chunk.length;
    count(chunk.length);
  }
  if (at !== packedBytes(place)) throw wrongSize(place, source);
}

const wrongSize = (type: TensorType, source: WeightSource): Error =>
  new Error(
    `the stream of weight ${JSON.stringify(source)} does not have the ${packedBytes(type)} bytes of ${show(type)}`,
  );

/** Takes the bytes of elements below a byte, the first in the lowest bits; they may straddle bytes (3 and 6 bits), and so chunks. */
function unpacker({ data, dtype }: Place): (chunk: Uint8Array) => void {
  const bits = bitsOf(dtype);
  const [, most] = integerRange(dtype);
  // Bits that are not part of an element yet, the first of them lowest.
  let [held, count, element] = [0, 0, 0];
  return (chunk) => {
    for (const byte of chunk) {
      held |= byte << count;
      for (count += 8; count >= bits && element < data.length; count -= bits) {
        const value = held & (2 ** bits - 1);
        data[element++] = value > most ? value - 2 ** bits : value;
        held >>>= bits;
      }
    }
  };
}
