/** The op table: every op the compiler knows, by its MIL name. */
import type { Op } from "../op.ts";
import { concat } from "./concat.ts";
import { add, mul, real_div, sub } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { softmax } from "./softmax.ts";

const ops: readonly Op[] = [add, sub, mul, real_div, matmul, softmax, concat, reshape];

export const opTable: ReadonlyMap<string, Op> = new Map(ops.map((op) => [op.opName, op]));

export { add, concat, matmul, mul, real_div, reshape, softmax, sub };
