/** `ranges`: what is said of a checkpoint whose weights bound everything, and of one that has a unit too large. */
import { describe, expect, test } from "vitest";
import { checkpointOf, graphc } from "../support/cli.ts";
import { tinyPhi } from "../support/tiny-phi.ts";

describe("ranges", () => {
  test("of small weights holds, and says while what", async () => {
    const { code, out, err } = await graphc(["ranges", tinyPhi()]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/\n(\d+) of \1 layers hold every limit for every input, given the above\n/);
    expect(out).toContain("ORDER-FREE (engine) for these, given the same");
    expect(out).toContain("given that every RMSNorm comes out within 2 % of exact");
    expect(out).toMatch(/while no element of the hidden row is above \d+ \(fp16 ends at 65504\)/);
  });
  test("of weights of 1 does not: unscaled scores may pass the accumulator", async () => {
    const { code, out } = await graphc(["ranges", checkpointOf()]);
    expect(code).toBe(1);
    expect(out).toMatch(/\n {2}NO: layer 0: qk may be \d+, above accumulator 32768, at 0; /);
    expect(out).toMatch(/\n0 of \d+ layers hold every limit for every input, given the above; not 0, /);
    expect(out).not.toContain("ORDER-FREE");
  });
  test("--json has every bound and limit", async () => {
    const { out } = await graphc(["ranges", tinyPhi(), "--layer", "0", "--json"]);
    const { layers, network } = JSON.parse(out) as {
      layers: [{ layer: number; holds: boolean; bounds: Record<string, { value: number }> }];
      network?: object;
    };
    const [layer] = layers;
    expect(network).toBeUndefined();
    expect([layer.layer, layer.holds]).toEqual([0, true]);
    expect(Object.values(layer.bounds).every(({ value }) => value > 0)).toBe(true);
  });
  test.each([
    [["ranges", "phi4-mini"], 'ranges needs a checkpoint, not "phi4-mini"'],
    [["ranges", "nowhere.gguf"], "nowhere.gguf"],
  ])("%j is refused", async (argv, text) => {
    const { code, err } = await graphc(argv);
    expect(code).toBe(2);
    expect(err).toContain(text);
  });
  test("a layer that is not there is refused", async () => {
    const { code, err } = await graphc(["ranges", checkpointOf(), "--layer", "99"]);
    expect(code).toBe(2);
    expect(err).toContain("99");
  });
});
