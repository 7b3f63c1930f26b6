/** A verdict that is no proof, as an annotation beside the author's line of the first value that differs or is not understood. */
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import { authorFrame } from "../errors/report.ts";
import { annotationLine } from "../format/github.ts";

/** Nothing for a proof; `text` is what is printed of the verdict. */
export const verdictAnnotations = (verdict: Verdict, text: string): readonly string[] =>
  verdict.verdict === "PROVEN"
    ? []
    : [annotationLine({ level: "error", title: verdict.verdict, text, at: authorFrame(verdict.finding.site) })];
