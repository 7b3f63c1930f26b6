/** Arithmetic of sizes as types: each line compiles only when the result is exactly this. */
import type { Minus, Plus, Product, Sum, Times } from "../../../src/dsl/shapes/arithmetic.ts";
import { type Equal, yes } from "./equal.ts";

yes<Equal<Plus<"0", "0">, "0">>();
yes<Equal<Plus<"999", "1">, "1000">>();
yes<Equal<Plus<"7", "9995">, "10002">>();
yes<Equal<Sum<["3072", "1024", "1024"]>, "5120">>();
yes<Equal<Minus<"1000", "1">, "999">>();
yes<Equal<Minus<"5120", "5120">, "0">>();
yes<Equal<Minus<"96", "144">, "negative">>();
yes<Equal<Minus<"9", "10">, "negative">>();
yes<Equal<Times<"0", "77">, "0">>();
yes<Equal<Times<"46341", "46341">, "2147488281">>();
yes<Equal<Times<"65536", "32768">, "2147483648">>();
yes<Equal<Product<["3072", "8192", "32"]>, "805306368">>();
yes<Equal<Product<[]>, "1">>();

// Beyond 2^53 a number literal would be rounded; digit strings are exact.
yes<Equal<Product<["99991", "99991", "99991", "99991"]>, "99964004859708406561">>();
yes<Equal<Product<["99989", "99989", "99989", "99989"]>, "99956007259467614641">>();
