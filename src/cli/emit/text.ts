/** The table of one emitted package: signature, ops by kind, size, digest, time. */
import type { MilInterface } from "../../emit/mil/records.ts";
import type { EmitSummary } from "../../emit/write/package.ts";
import { bytes } from "../../files/bytes.ts";
import { table } from "../terminal/table.ts";

/** Lines of `emit` on one package. */
export function printSummary(summary: EmitSummary): string {
  // Of one function nobody needs the name.
  const faces = Object.entries(summary.functions ?? { "": summary });
  const rows = faces.flatMap(([name, face]) =>
    featureRows(face).map((row) => (summary.functions ? [name, ...row] : row)),
  );
  const ops = Object.entries(summary.ops).map(([op, n]) => `${op} ${n}`);
  return [
    summary.path,
    table([...(summary.functions ? ["function"] : []), "", "name", "type"], rows),
    `ops     ${ops.join(", ")}`,
    `bytes   ${summary.bytes} (${bytes(summary.bytes)})`,
    `sha256  ${summary.sha256.package}`,
    `seconds ${summary.seconds.toFixed(2)}`,
  ].join("\n");
}

function featureRows({ inputs, outputs, states }: MilInterface): readonly (readonly string[])[] {
  const rows = (kind: string, list: MilInterface["inputs"]) =>
    list.map(({ name, dtype, shape }) => [kind, name, `${dtype}[${shape?.join(",") ?? "?"}]`]);
  return [...rows("input", inputs), ...rows("output", outputs), ...rows("state", states)];
}
