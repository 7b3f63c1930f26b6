/** Parity beside prove, on a share of the random pairs of the long suite. */
import { parityBesideProve } from "../../support/parity-beside-prove.ts";

parityBesideProve(60, 11);
