/** Incidents that no check of graphc sees, each with the reason, and those that have no part in model or host. */
import type { Incident } from "../incident.ts";
import { because, book, issue, not, study, within } from "./small.ts";

/** Not seen. */
export const unseen: readonly Incident[] = [
  not(
    "I-21",
    "a chat template round a prompt of five shots: 22.6 % in place of 65.3 %",
    [book("experiment 33")],
    because("outside", "the prompt, not the model"),
  ),
  not(
    "I-26",
    "the script that is cited as the gate of T=4 compares no output of T=4",
    [book("validators")],
    because("outside", "a script that does not do what is said of it"),
  ),
  not(
    "M-04",
    "to ask for the plan of a 16 x 16 convolution takes minutes and gigabytes",
    [study("data/03_compile")],
    because("none", "no rule about the time that a compiler takes"),
  ),
  not(
    "M-09",
    "a chain of more than 380 layers overflows the compiler's stack for M6",
    [study("notes on scheduling")],
    because("none", "no rule counts the layers of a chain"),
  ),
  not(
    "M-10",
    "the compiler takes minutes for some hundred elementwise ops in a row on M6",
    [study("notes on compile cost")],
    because("none", "no rule about the time that a compiler takes"),
  ),
  not(
    "M-17",
    "silu of small numbers is off by a thousandth",
    [study("notes/numerics.md")],
    because("none", "the engine's table for silu is fitted: --arithmetic engine gives bounds there, and no verdict"),
  ),
  not(
    "M-22",
    "a slice along the last axis makes infinities of numbers above 4094 on M1 and M2",
    [within("sbryngelson/ANEForge", "docs/numeric-cliffs.md")],
    because("none", "no rule: it was seen on another path than Core ML's"),
  ),
  not(
    "M-11",
    "more than a hundred small products in a layer fill the disk with swap files while they are compiled for M6",
    [study("notes on whisper_compile")],
    because("none", "no rule about what a compiler takes"),
  ),
  not(
    "M-18",
    "softplus above 10, and the logarithm of a sum of exponentials above 65504, come out as 0",
    [study("notes/numerics.md"), issue("apple/coremltools", 2687)],
    because("none", "no rule; --arithmetic engine gives no verdict on them"),
  ),
  not(
    "M-19",
    "a product of two values that were each quantised takes the scale of the other",
    [within("cadamcat/llms-on-apple-neural-engine", "findings/coreai-qdq-multiply-scale")],
    because("none", "no rule; to --arithmetic engine sums and products of such values are open"),
  ),
  not(
    "M-20",
    "round is off by one from 1024 on",
    [issue("sbryngelson/ANEForge", 116)],
    because("none", "no rule: it was seen on another path than Core ML's"),
  ),
  not(
    "M-21",
    "reduce_sum of whole numbers above 2048 is not exact, and a product with ones is",
    [within("sbryngelson/ANEForge", "docs/numeric-cliffs.md")],
    because("none", "no rule; --arithmetic engine gives no verdict on it"),
  ),
  not(
    "M-24",
    "activations in int8 through chains of 1x1 convolutions pass the memory at each layer",
    [study("notes on the compute array")],
    because("none", "no rule about speed"),
  ),
  not(
    "M-25",
    "a model of several functions holds its weights once for each on the engine",
    [within("Anemll/anemll-forge", "FEEDBACK_ANE_MULTIFUNCTION_MEMORY.md")],
    because("none", "plan counts the bytes of files, not of what is loaded"),
  ),
  not("M-27", "each further output costs time", [study("notes on scheduling")], because("none", "no rule about speed")),
];
