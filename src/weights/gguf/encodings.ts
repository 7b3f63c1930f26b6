/** How elements of a GGUF tensor are stored: the types that graphc reads, and the names of those that it does not. */
import type { SourceDType } from "../convert/convert.ts";
import { type Dequantise, q4_0, q4_1, q5_0, q5_1, q8_0 } from "./blocks.ts";
import { q2_k, q3_k, q4_k, q5_k, q6_k, SUPER_BLOCK } from "./super-blocks.ts";

/** One element a number, or blocks of elements that share scales. */
export type Encoding =
  | { readonly kind: "plain"; readonly name: string; readonly dtype: SourceDType; readonly bytes: number }
  | {
      readonly kind: "blocks";
      readonly name: string;
      /** Elements of a block, all of one row. */
      readonly elements: number;
      /** Bytes of a block. */
      readonly bytes: number;
      readonly dequantise: Dequantise;
    };

const plain = (dtype: SourceDType, bytes: number): Encoding => ({ kind: "plain", name: dtype, dtype, bytes });
const blocks = (name: string, elements: number, bytes: number, dequantise: Dequantise): Encoding => ({
  kind: "blocks",
  name,
  elements,
  bytes,
  dequantise,
});

/** By the number in the file (ggml-org/llama.cpp, ggml/include/ggml.h, enum ggml_type). */
export const ENCODINGS: ReadonlyMap<number, Encoding> = new Map([
  [0, plain("F32", 4)],
  [1, plain("F16", 2)],
  [2, blocks("Q4_0", 32, 18, q4_0)],
  [3, blocks("Q4_1", 32, 20, q4_1)],
  [6, blocks("Q5_0", 32, 22, q5_0)],
  [7, blocks("Q5_1", 32, 24, q5_1)],
  [8, blocks("Q8_0", 32, 34, q8_0)],
  [10, blocks("Q2_K", SUPER_BLOCK, 84, q2_k)],
  [11, blocks("Q3_K", SUPER_BLOCK, 110, q3_k)],
  [12, blocks("Q4_K", SUPER_BLOCK, 144, q4_k)],
  [13, blocks("Q5_K", SUPER_BLOCK, 176, q5_k)],
  [14, blocks("Q6_K", SUPER_BLOCK, 210, q6_k)],
  [30, plain("BF16", 2)],
]);

/** Types of the same list that graphc does not read. */
const OTHERS: ReadonlyMap<number, string> = new Map([
  [9, "Q8_1"],
  [15, "Q8_K"],
  [16, "IQ2_XXS"],
  [17, "IQ2_XS"],
  [18, "IQ3_XXS"],
  [19, "IQ1_S"],
  [20, "IQ4_NL"],
  [21, "IQ3_S"],
  [22, "IQ2_S"],
  [23, "IQ4_XS"],
  [24, "I8"],
  [25, "I16"],
  [26, "I32"],
  [27, "I64"],
  [28, "F64"],
  [29, "IQ1_M"],
  [34, "TQ1_0"],
  [35, "TQ2_0"],
  [39, "MXFP4"],
  [40, "NVFP4"],
  [41, "Q1_0"],
]);
/** Types that files once had, and no reader has any more. */
const RETIRED: ReadonlyMap<number, string> = new Map([
  [4, "Q4_2"],
  [5, "Q4_3"],
  [31, "Q4_0_4_4"],
  [32, "Q4_0_4_8"],
  [33, "Q4_0_8_8"],
  [36, "IQ4_NL_4_4"],
  [37, "IQ4_NL_4_8"],
  [38, "IQ4_NL_8_8"],
]);

/** What a type that is not read is called. */
export function strangerName(id: number): string {
  const [name, retired] = [OTHERS.get(id), RETIRED.get(id)];
  if (name !== undefined) return `the type ${name}`;
  return retired === undefined ? `the unknown type ${id}` : `the retired type ${id} (${retired})`;
}

/** The names of all that is read, for messages. */
export const READABLE: string = [...ENCODINGS.values()].map(({ name }) => name).join(", ");
