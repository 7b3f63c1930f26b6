/** Quadratic forms of any order, each on a machine that is made when it is first asked for. */
import { availableParallelism } from "node:os";
import { gramMachine } from "../../passes/kernels/gram-run.ts";
import type { GramOf } from "../../passes/ranges/eigen.ts";

type Machine = ReturnType<typeof gramMachine>;

/** What `work` makes of them; the machines are closed behind it. */
export async function withForms<T>(work: (gramOf: GramOf) => Promise<T>): Promise<T> {
  const machines = new Map<number, Machine>();
  const machineFor = (columns: number): Machine => {
    const own = machines.get(columns) ?? gramMachine(columns, Math.min(2, availableParallelism()));
    machines.set(columns, own);
    return own;
  };
  try {
    return await work((rows, columns, write) => {
      const machine = machineFor(columns);
      return { n: columns, data: machine.gram(rows, columns, write), error: machine.error(rows) };
    });
  } finally {
    for (const machine of machines.values()) await machine.close();
  }
}
