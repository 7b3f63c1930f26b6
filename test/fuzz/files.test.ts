/** A few damaged files of every kind; `npm run fuzz` damages many. */
import { fuzzFiles } from "../support/fuzz/files.ts";

fuzzFiles(15, 11);
