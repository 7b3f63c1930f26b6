/** What `inspect --json` prints, read back into records: written by its documentation alone, for the test that nothing is lost. */
import type { MilBlock, MilFunction, MilModel, MilOperation, MilValue } from "../../src/emit/mil/records.ts";

type Any = Record<string, unknown>;

/** @throws TypeError for text that is not such JSON */
export function modelOfJson(text: string): MilModel {
  const { functions, ...rest } = JSON.parse(text) as Any;
  return { ...(plain(rest) as object), functions: (functions as Any[]).map(functionOf) } as unknown as MilModel;
}

function functionOf({ attributes, specializations, ...rest }: Any): MilFunction {
  return {
    ...blockOf(rest),
    ...(attributes ? { attributes: mapped(attributes as Any, (x) => literalOf(x as Any)) } : {}),
    ...(specializations ? { specializations: mapped(specializations as Any, (x) => blockOf(x as Any)) } : {}),
  } as unknown as MilFunction;
}

const blockOf = ({ operations, ...rest }: Any): MilBlock =>
  ({ ...(plain(rest) as object), operations: (operations as Any[]).map(operationOf) }) as unknown as MilBlock;

function operationOf({ inputs, value, blocks, ...rest }: Any): MilOperation {
  const argument = (x: Any) => ("value" in x ? { value: literalOf(x.value as Any) } : x);
  return {
    ...(plain(rest) as object),
    inputs: mapped(inputs as Any, (list) => (list as Any[]).map(argument)),
    ...(value ? { value: literalOf(value as Any) } : {}),
    blocks: (blocks as Any[]).map(blockOf),
  } as unknown as MilOperation;
}

function literalOf({ type, data, bytes, fileName, offset, sha256 }: Any): MilValue {
  const shape = plain(type) as MilValue["type"];
  if (data === undefined) {
    if (!/^[0-9a-f]{64}$/.test(String(sha256))) throw new TypeError("a blob without its hash");
    return { type: shape, blob: { fileName, offset } } as MilValue;
  }
  const elements = shape.dtype === "string" ? (data as string[]) : (data as unknown[]).map(numberOf);
  return { type: shape, data: elements, ...(bytes ? { bytes: Buffer.from(String(bytes), "hex") } : {}) };
}

/** In a list a null is an open size. Texts that stand for numbers occur where numbers do: in a range and a default. */
function plain(x: unknown, key = ""): unknown {
  if (x === null) return undefined;
  if (key === "range") return (x as unknown[][]).map((bounds) => bounds.map(numberOf));
  if (key === "default") return { ...(x as Any), value: numberOf((x as Any).value) };
  if (Array.isArray(x)) return x.map((one) => plain(one));
  return typeof x === "object" ? mapped(x as Any, plain) : x;
}

const numberOf = (x: unknown): number => (x === "-0" ? -0 : Number(x));

const mapped = <Y>(record: Any, f: (x: unknown, key: string) => Y): Record<string, Y> =>
  Object.fromEntries(Object.entries(record).map(([key, x]) => [key, f(x, key)]));
