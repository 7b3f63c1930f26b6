/** weight.bin (MIL blob storage, version 2), little-endian: what its writer and its reader have to agree on. */
import type { MilDType } from "./records.ts";

/** Length of the file's header and of each blob's record; records begin at multiples of it. */
export const RECORD_BYTES = 64;
/** Of the blob storage: the second word of the header, behind the number of blobs. */
export const VERSION = 2;
/** The first word of every record. */
export const SENTINEL = 0xdeadbeef;

/** Element types by their number in a record, from 1. MIL's tensor types are numbered otherwise. */
export const RECORD_DTYPES: readonly MilDType[] = [
  "fp16",
  "fp32",
  "uint8",
  "int8",
  "bf16",
  "int16",
  "uint16",
  "int4",
  "uint1",
  "uint2",
  "uint4",
  "uint3",
  "uint6",
  "int32",
  "uint32",
  "fp8e4m3fn",
  "fp8e5m2",
];
