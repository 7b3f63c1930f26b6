/** Checkpoints of the decoders in `../graphs/decoders.ts`, as folders for one test. */
import { tagOfName, uniform } from "../../../src/dsl/random.ts";
import { readDecoder } from "../../../src/models/config-read.ts";
import { modelTensors } from "../../../src/models/config-tensors.ts";
import { fileOf, folderOf } from "../cli.ts";

/** A checkpoint of a small decoder: random fp32 weights, biases that are large beside them, and what is put in by number of the element. */
export function smallCheckpoint(
  config: object,
  put: Readonly<Record<string, Readonly<Record<number, number>>>> = {},
): string {
  const { decoder } = readDecoder(config, "config.json");
  const tensors = modelTensors(decoder).map(({ name, shape }) => {
    const size = shape.reduce((n, k) => n * k, 1);
    const scale = name.endsWith(".bias") ? 8 : 0.5;
    const numbers = Float32Array.from({ length: size }, (_, k) => scale * uniform(4, tagOfName(name), k));
    Object.assign(numbers, put[name]);
    return { name, dtype: "F32", shape, data: new Uint8Array(numbers.buffer) };
  });
  return folderOf({ "config.json": JSON.stringify(config), "model.safetensors": fileOf(tensors) });
}
