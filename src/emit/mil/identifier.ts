/** What may be a name in a program: Core ML reads the program as text. */

/** Words of that text, as coremltools keeps them from being names (`NameSanitizer` of its pass `sanitize_input_output_names`). */
export const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "any bool program func tensor list dict tuple true false string state " +
    "bf16 fp16 fp32 fp64 int8 int16 int32 int64 uint8 uint16 uint32 uint64"
  ).split(" "),
);

/** Whether a name has the form of one; the format allows an @ inside, which nobody writes. */
export const hasFormOfName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_@]*$/.test(name);
