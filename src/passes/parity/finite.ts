/** Whether a call gives finite numbers wherever they mean something. */
import { outputRows } from "../../dsl/host/output-rows.ts";
import type { Twins } from "../../dsl/host/twins.ts";
import { rowOf } from "../interpret/array.ts";
import { allFinite, toNDArray } from "../kernels/raw.ts";
import type { RawResults } from "../run/run.ts";
import type { Arrays } from "./runner.ts";
import type { StepRun } from "./shut.ts";

/** All that the steps give. */
export const areFiniteSteps = (steps: readonly StepRun[]): boolean =>
  everyFinite(steps.flatMap(({ exit }) => [exit.outputs, exit.states]));

/** The states of a block, and of its outputs the rows of the tokens that were stepped: no host reads the others. */
export const isFiniteBlock = (twins: Twins, block: RawResults, steps: readonly StepRun[]): boolean =>
  everyFinite([block.states]) && steps.every(({ token }) => isFiniteRow(twins, block.outputs, token));

const everyFinite = (all: readonly Arrays[]): boolean => all.every((arrays) => Object.values(arrays).every(allFinite));

function isFiniteRow(twins: Twins, outputs: Arrays, token: number): boolean {
  return Object.keys(twins.block.outputs).every((name) => {
    const { axis, tokens: read } = outputRows(twins, name);
    if (!read.includes(token)) return true;
    const row = rowOf(toNDArray(outputs[name]!), axis, token);
    return row.every(Number.isFinite);
  });
}
