/** What a call throws, for tests that look at it. */
import { ProofContradicted } from "../../../src/passes/prove/refute/contradicted.ts";

/** Whatever it is. @throws Error where nothing is thrown */
export function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (reason) {
    return reason;
  }
  throw new Error("nothing was thrown");
}

/** A proof that was contradicted. @throws whatever else is thrown */
export function contradictionBy(run: () => unknown): ProofContradicted {
  const reason = thrownBy(run);
  if (reason instanceof ProofContradicted) return reason;
  throw reason;
}
