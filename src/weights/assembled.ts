/** Assembled code and the memory that it works in. */
import { brotliDecompressSync } from "node:zlib";
import { once } from "../dsl/once.ts";

interface WebAssemblyOfNode {
  readonly Memory: new (size: {
    readonly initial: number;
  }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

/** Node has it; neither TypeScript's es2023 library nor @types/node 20 declares it as a value. */
export const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyOfNode })
  .WebAssembly;

/** A function that compiles such code, Brotli as base64, when it is first called, and keeps that. */
export const assembled = (base64: string): (() => object) =>
  once(() => new Module(brotliDecompressSync(Buffer.from(base64, "base64"))));

/** Bytes of a page of memory. */
export const PAGE = 2 ** 16;
