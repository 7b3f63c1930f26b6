/** Which RMSNorm forms are safe for given rows: each form is run in fp16 on them and held against fp64. */
import { graph } from "../../dsl/graph.ts";
import { constantOf, input, type Tensor } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";
import { NORM_FORMS, type NormForm, rmsNorm } from "../../models/blocks/norm.ts";
import type { NDArray } from "../interpret/array.ts";
import { toNDArray } from "../kernels/raw.ts";
import { planOf } from "../run/plan.ts";
import { prepare } from "../run/run.ts";

/**
 * Twice the worst row that the default form shows on rows with standard deviations from 0.01 to 10⁴ (1.0e-3, see
 * test/passes/survey/survey.test.ts): above it a form loses digits that another keeps.
 */
export const SAFE_ROW_ERROR = 2e-3;

/** How far one form is from RMSNorm in fp64 on the rows it was run on. */
export interface NormSurvey {
  readonly form: NormForm;
  /** Largest ‖y − reference‖ / ‖reference‖ over the rows; NaN or infinity when a row is not finite. */
  readonly worstRow: number;
  readonly safe: boolean;
}

/** Every form on the same rows of d numbers each. */
export async function surveyNorms(rows: readonly Float64Array[], eps: number): Promise<readonly NormSurvey[]> {
  const d = rows[0]?.length ?? 0;
  const x: NDArray = { dtype: "fp16", shape: [1, d, rows.length, 1], data: new Float64Array(d * rows.length) };
  for (const [t, row] of rows.entries()) for (let c = 0; c < d; c++) x.data[c * rows.length + t] = row[c]!;
  const surveys: NormSurvey[] = [];
  for (const form of NORM_FORMS) {
    const y = await normed(x, eps, form);
    const column = (t: number) => Float64Array.from({ length: d }, (_, c) => y[c * rows.length + t]!);
    const worstRow = Math.max(0, ...rows.map((row, t) => rowError(row, column(t), eps)));
    surveys.push({ form, worstRow, safe: worstRow <= SAFE_ROW_ERROR });
  }
  return surveys;
}

/** RMSNorm without a gain of every column, in fp16, by the fast executor. */
async function normed(x: NDArray, eps: number, form: NormForm): Promise<Float64Array> {
  const d = x.shape[1]!;
  const value = input("x", x.shape);
  const gain = constantOf(new Float64Array(d).fill(1), { dtype: "fp16", shape: [1, d, 1, 1] });
  const y = rmsNorm(value as Tensor<Shape, "fp16">, gain as Tensor<Shape, "fp16">, { eps, form });
  const plan = planOf(graph({ name: "norm", inputs: [value], outputs: { y } }));
  const executor = await prepare([plan], neverStreamed);
  const results = executor.run(plan, { x });
  await executor.close();
  return toNDArray(results.outputs.y!).data;
}

function neverStreamed(): never {
  throw new Error("a norm of one row has no weights");
}

/** ‖y − reference‖ / ‖reference‖; infinity where y is not finite. */
function rowError(row: Float64Array, y: Float64Array, eps: number): number {
  const scale = 1 / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / row.length + eps);
  const norm = Math.sqrt(row.reduce((sum, v) => sum + (v * scale) ** 2, 0));
  const error = Math.sqrt(y.reduce((sum, v, i) => sum + (v - row[i]! * scale) ** 2, 0));
  if (Number.isNaN(error)) return Number.POSITIVE_INFINITY;
  return norm === 0 ? error : error / norm;
}
