/** The fast executor on Phi layers, at many sizes a spelling; `phi.test.ts` takes one each. */
import { fastIsTheReference } from "../../support/phi/executor.ts";
import { shareOf } from "../../support/share.ts";

fastIsTheReference(shareOf(15), 20260);
