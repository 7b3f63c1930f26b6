/** The quantised tensors of a folder that a test writes. */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { sizeOf } from "../../../src/dsl/type.ts";
import { sourceBytes } from "../../../src/weights/convert/convert.ts";
import type { ReadableTensor } from "../../../src/weights/convert/rectangle.ts";
import type { QuantisedTensors } from "../../../src/weights/quantised/held.ts";
import { quantisedTensors } from "../../../src/weights/quantised/kinds.ts";
import { openSafetensors, type SafetensorsFile } from "../../../src/weights/safetensors/file.ts";
import type { RawTensor } from "../cli.ts";
import { quantisedFolder } from "./quantised-files.ts";

/** Quantised tensors, and how many bytes of their file were read so far. */
interface Counted extends QuantisedTensors {
  bytesRead(): number;
}

/** Opens a folder of these tensors; its file stays open until the test is over. */
export async function openedQuantised(config: unknown, tensors: readonly RawTensor[]): Promise<Counted> {
  const folder = quantisedFolder(config, tensors);
  const file = await openSafetensors(join(folder, "model.safetensors"));
  onTestFinished(() => file.close());
  let bytes = 0;
  const counting: SafetensorsFile = {
    ...file,
    read(entry, target, offset) {
      bytes += target.length;
      return file.read(entry, target, offset);
    },
  };
  const held = new Map([...file.tensors].map(([name, entry]) => [name, { file: counting, entry }]));
  const found = quantisedTensors({ folder, configPath: join(folder, "config.json"), config, held });
  if (!found) throw new Error("nothing is quantised");
  return { ...found, bytesRead: () => bytes };
}

/** All bytes of a tensor. */
export async function wholeOf({ dtype, shape, read }: ReadableTensor): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeOf(shape) * sourceBytes[dtype]);
  await read(bytes, 0);
  return bytes;
}
