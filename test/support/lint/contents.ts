/** Weights whose contents stand in their names: `all 0.5`. */
import { fp16Bits, roundFp16 } from "../../../src/dsl/number.ts";
import { sizeOf } from "../../../src/dsl/type.ts";
import { nothingToReport, type WeightStore } from "../../../src/weights/store.ts";

/** Each weight of a checkpoint is filled with the number in its name. */
export const namedContents: WeightStore = {
  async *stream(source, { shape }) {
    if (source.from !== "checkpoint") throw new Error("this weight is one of a package");
    const n = Number(source.tensor.replace("all ", ""));
    const bits = new Uint16Array(sizeOf(shape)).fill(fp16Bits(roundFp16(n)));
    yield new Uint8Array(bits.buffer, 0, 2);
    yield new Uint8Array(bits.buffer, 2);
  },
  report: () => nothingToReport,
  close: async () => {},
};
