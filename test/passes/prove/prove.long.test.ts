/** The prover's verdict on every fault in the Phi layer; `prove.test.ts` has a share of them. */
import { mutants } from "../../support/phi/mutants.ts";
import { faultsInTheLayer } from "../../support/prove/properties.ts";

faultsInTheLayer(Object.keys(mutants));
