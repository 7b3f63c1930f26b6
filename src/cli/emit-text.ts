/** The table of one emitted package: signature, ops by kind, size, digest, time. */
import type { EmitSummary } from "../emit/write/package.ts";
import { bytes, table } from "./table.ts";

/** Lines of `emit` on one package. */
export function printSummary(summary: EmitSummary): string {
  const features = (kind: string, list: EmitSummary["inputs"]) =>
    list.map(({ name, dtype, shape }) => [kind, name, `${dtype}[${shape?.join(",") ?? "?"}]`]);
  const rows = [
    ...features("input", summary.inputs),
    ...features("output", summary.outputs),
    ...features("state", summary.states),
  ];
  const ops = Object.entries(summary.ops).map(([op, n]) => `${op} ${n}`);
  return [
    summary.path,
    table(["", "name", "type"], rows),
    `ops     ${ops.join(", ")}`,
    `bytes   ${summary.bytes} (${bytes(summary.bytes)})`,
    `sha256  ${summary.sha256.package}`,
    `seconds ${summary.seconds.toFixed(2)}`,
  ].join("\n");
}
