/** A small share of the random pairs; `fuzz.long.test.ts` runs more of them. */
import { randomPairs } from "../../support/prove/properties.ts";

randomPairs(20, 20260);
