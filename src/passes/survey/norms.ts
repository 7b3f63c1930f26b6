/** Which RMSNorm forms are safe for given rows: each form is run in fp16 on them and held against fp64. */
import { type Graph, graph } from "../../dsl/graph.ts";
import { constantOf, input, type Tensor } from "../../dsl/tensor.ts";
import { type Shape, sizeOf } from "../../dsl/type.ts";
import { NORM_FORMS, type NormForm, rmsNorm } from "../../models/blocks/norm.ts";
import type { Arithmetic } from "../kernels/arithmetic.ts";
import { HALF } from "../kernels/code/runtime.ts";
import { copyElements, type RawArray } from "../kernels/raw.ts";
import { type Plan, planOf } from "../run/plan.ts";
import { type Executor, prepare } from "../run/run.ts";
import type { Normed } from "./normed.ts";

/**
 * Twice the worst row that the default form shows on rows with standard deviations from 0.01 to 10⁴ (1.0e-3, see
 * test/passes/survey/norms.test.ts): above it a form loses digits that another keeps.
 */
export const SAFE_ROW_ERROR = 2e-3;

/** fp16 rows as what a norm takes: [1, d, rows, 1] in bits, a row along axis 1. */
export interface Rows extends RawArray {
  readonly shape: readonly [1, d: number, rows: number, 1];
  readonly data: Uint16Array;
}

/** How far one form is from RMSNorm in fp64 on the rows it was run on. */
export interface NormSurvey {
  readonly form: NormForm;
  /** Largest ‖y − reference‖ / ‖reference‖ over the rows; infinity when a row is not finite. */
  readonly worstRow: number;
  /** Where it was: which normed value, by its name, and the number of the row among those that were shown of it. */
  readonly where: { readonly value: string; readonly row: number };
  /** Whether no row is further off than `SAFE_ROW_ERROR`; of other rows it says nothing. */
  readonly safe: boolean;
}

/** Runs every form on the rows that it is shown. */
export interface NormSurveyor {
  /** Shows more rows of a normed value. */
  observe(value: string, rows: Rows, eps: number): Promise<void>;
  /** A survey of each form; none when no row was shown. */
  report(): readonly NormSurvey[];
  close(): Promise<void>;
}

/** A surveyor that was shown nothing. What a number of rows needs is prepared once. */
export function normSurveyor(precision: Arithmetic): NormSurveyor {
  const benches = new Map<string, Promise<Bench>>();
  const seen = new Map<string, number>();
  const worst = new Map<NormForm, Omit<NormSurvey, "safe">>();
  return {
    async observe(value, rows, eps) {
      const key = JSON.stringify([rows.shape, eps]);
      if (!benches.has(key)) benches.set(key, openBench(rows.shape, eps, precision));
      const { executor, plans } = await benches.get(key)!;
      const before = seen.get(value) ?? 0;
      seen.set(value, before + rows.shape[2]);
      const reference = referenceOf(rows, eps);
      for (const [form, plan] of plans) {
        const errors = rowErrors(executor.run(plan, { x: rows }).outputs.y!.data, reference);
        for (const [row, error] of errors.entries())
          if (error > (worst.get(form)?.worstRow ?? -1))
            worst.set(form, { form, worstRow: error, where: { value, row: before + row } });
      }
    },
    report: () => [...worst.values()].map((survey) => ({ ...survey, safe: survey.worstRow <= SAFE_ROW_ERROR })),
    close: async () => {
      for (const bench of benches.values()) await (await bench).executor.close();
    },
  };
}

/** The rows of an fp16 value's contents, in the order of the axes that the norm leaves alone. */
export function rowsOf({ shape, data }: RawArray, axes: Normed["axes"]): Rows {
  const bits = new Uint16Array(data.length);
  copyElements("fp16", data, bits);
  const d = sizeOf(axes.map((axis) => shape[axis]!));
  const count = bits.length / d;
  const rows = new Uint16Array(bits.length);
  const at = shape.map(() => 0);
  for (let i = 0; i < bits.length; i++) {
    let [channel, row] = [0, 0];
    for (let axis = 0; axis < shape.length; axis++) {
      if (axes.includes(axis)) channel = channel * shape[axis]! + at[axis]!;
      else row = row * shape[axis]! + at[axis]!;
    }
    rows[channel * count + row] = bits[i]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at[axis]! += 1;
      if (at[axis]! < shape[axis]!) break;
      at[axis] = 0;
    }
  }
  return { dtype: "fp16", shape: [1, d, count, 1], data: rows };
}

/** Every form of one size, ready to run. */
interface Bench {
  readonly executor: Executor;
  readonly plans: ReadonlyMap<NormForm, Plan>;
}

async function openBench(shape: Rows["shape"], eps: number, precision: Arithmetic): Promise<Bench> {
  const plans = new Map(NORM_FORMS.map((form) => [form, planOf(normGraph(shape, eps, form), { precision })]));
  return { executor: await prepare([...plans.values()], neverStreamed), plans };
}

/** RMSNorm without a gain of every column. */
function normGraph(shape: Rows["shape"], eps: number, form: NormForm): Graph {
  const x = input("x", shape);
  const gain = constantOf(new Float64Array(shape[1]).fill(1), { dtype: "fp16", shape: [1, shape[1], 1, 1] });
  const y = rmsNorm(x as Tensor<Shape, "fp16">, gain as Tensor<Shape, "fp16">, { eps, form });
  return graph({ name: "norm", inputs: [x], outputs: { y } });
}

function neverStreamed(): never {
  throw new Error("a norm without a gain has no weights");
}

/** RMSNorm in fp64 as [d, rows], and the length of each row. */
interface Reference {
  readonly y: Float64Array;
  readonly lengths: Float64Array;
}

function referenceOf({ shape: [, d, rows], data }: Rows, eps: number): Reference {
  const y = new Float64Array(data.length);
  const squares = new Float64Array(rows);
  for (let c = 0, i = 0; c < d; c++)
    for (let row = 0; row < rows; row++, i++) {
      const value = HALF[data[i]!]!;
      y[i] = value;
      squares[row]! += value * value;
    }
  const scales = squares.map((sum) => 1 / Math.sqrt(sum / d + eps));
  for (let c = 0, i = 0; c < d; c++) for (let row = 0; row < rows; row++, i++) y[i]! *= scales[row]!;
  return { y, lengths: squares.map((sum, row) => Math.sqrt(sum) * scales[row]!) };
}

/** ‖y − reference‖ / ‖reference‖ of every row, ‖y‖ where the reference is 0; infinity where y is not finite. */
function rowErrors(bits: RawArray["data"], { y, lengths }: Reference): Float64Array {
  const rows = lengths.length;
  const squares = new Float64Array(rows);
  for (let i = 0; i < bits.length; )
    for (let row = 0; row < rows; row++, i++) {
      const off = HALF[bits[i]!]! - y[i]!;
      squares[row]! += off * off;
    }
  return squares.map((sum, row) => {
    if (Number.isNaN(sum)) return Number.POSITIVE_INFINITY;
    return lengths[row] === 0 ? Math.sqrt(sum) : Math.sqrt(sum) / lengths[row]!;
  });
}
