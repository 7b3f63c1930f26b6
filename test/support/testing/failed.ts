/** The failure of an assertion that must fail. */
import { AssertionFailed } from "graphc/testing";

/** @throws whatever else was thrown, or that nothing was */
export async function failed(asserted: unknown): Promise<AssertionFailed> {
  try {
    await (typeof asserted === "function" ? asserted() : asserted);
  } catch (error) {
    if (error instanceof AssertionFailed) return error;
    throw error;
  }
  throw new Error("the assertion held");
}
