/** Generated elements by a second thread: the same as here. */
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { fillBeside, fillHere } from "../../src/weights/generator.ts";

const COUNT = 2 ** 21 + 2 ** 18 + 5;
const elements = (k: number) => ({ n: 4_000_000_000 + 977 * k, scale: 0.03 / (k + 1), norm: false });

test("the thread makes what is made here, in pieces and out of several requests at once", async () => {
  const beside = fillBeside(0);
  const targets = [0, 1, 2].map(() => new Uint16Array(COUNT));
  const isSame = () =>
    targets.map((target, k) => {
      const wanted = new Uint16Array(COUNT);
      fillHere()(wanted, elements(k));
      return Buffer.compare(new Uint8Array(target.buffer), new Uint8Array(wanted.buffer)) === 0;
    });
  try {
    // Until it is ready they are made here, before the call returns.
    for (let isBeside = false; !isBeside; await setTimeout(10)) {
      for (const target of targets) target.fill(0);
      const pending = targets.map((target, k) => beside.fill(target, elements(k)));
      isBeside = targets.every((target) => target[0] === 0 && target[COUNT - 1] === 0);
      await Promise.all(pending);
      expect(isSame()).toEqual([true, true, true]);
    }
    // A norm has 1 added, which the thread does not know.
    const [norm, wanted] = [new Uint16Array(COUNT), new Uint16Array(COUNT)];
    await beside.fill(norm, { ...elements(0), norm: true });
    fillHere()(wanted, { ...elements(0), norm: true });
    expect(Buffer.compare(new Uint8Array(norm.buffer), new Uint8Array(wanted.buffer))).toBe(0);
  } finally {
    await beside.close();
  }
});

test("one that had little to do has no thread to close", async () => {
  const beside = fillBeside();
  const target = new Uint16Array(8);
  const pending = beside.fill(target, elements(0));
  expect(target.every((x) => x !== 0)).toBe(true);
  await pending;
  await beside.close();
});
