/** The option that asks for several functions in one package. */
import { FUNCTION_LIST } from "../../build/sizes.ts";

/** See `functionsIn`, which reads its value. */
export const FUNCTIONS_OPTION = {
  kind: "form",
  value: "NAME=T,...",
  form: FUNCTION_LIST,
  like: "infer,prefill64 or infer=1,prefill=64",
  help: "one package with a function for each T, over one weight file; infer is T=1, and a name that ends in T says it",
} as const;
