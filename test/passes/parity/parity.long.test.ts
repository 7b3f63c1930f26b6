/** Parity of right layers at many sizes and spellings; `parity.test.ts` runs a few. */
import { blockEqualsSteps } from "../../support/parity.ts";
import { shareOf } from "../../support/share.ts";

blockEqualsSteps(shareOf(100), 20260);
