/** `graphc/testing`: what a user's own tests of layers are written with, whatever runs them. */
export type { SmallConfig } from "./configs.ts";
export { smallConfigs } from "./configs.ts";
export type { Claim, Failure, GoldenProblem } from "./failure.ts";
export { AssertionFailed } from "./failure.ts";
export type { Fed, FedCall } from "./feeds.ts";
export { feeds } from "./feeds.ts";
export type { GoldenKind, GoldenOptions, GoldenReport } from "./golden.ts";
export { assertGoldens } from "./golden.ts";
export type { BlockSizes, SizeOptions } from "./lengths.ts";
export { acceptedLengths, sizes, spellings } from "./lengths.ts";
export type { ProvenOptions, ProvenResult, RefutedOptions, RefutedResult } from "./proven.ts";
export { assertProven, assertRefuted } from "./proven.ts";
export type { RejectionOptions, RejectionReport } from "./rejections.ts";
export { assertEqualOverRejections } from "./rejections.ts";
export type { SizedModels, Subject } from "./subject.ts";
