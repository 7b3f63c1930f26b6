/** A graph as boxes and arrows, for programs that draw: what Graphviz and Mermaid texts are made of. */
import { type Graph, schedule } from "../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { show } from "../../dsl/type.ts";
import { sourceName } from "../../dsl/weight-source.ts";
import { isInline, namer } from "../print.ts";

/** A box: a value of the graph, or an end of it. */
export interface Box {
  /** `n0`, `n1`, … in schedule order: nothing of the author's is in it. */
  readonly id: string;
  readonly kind: "input" | "state" | "weight" | "const" | "op" | "result";
  /** What stands in it, a line each: the name as `graphc inspect --graph` has it, and what made the value. */
  readonly lines: readonly string[];
}

/** An arrow, with the type of what flows along it. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly type: string;
}

/** The whole drawing. */
export interface Drawing {
  readonly name: string;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

/** Small constants have no box of their own: they are part of what an op is told, as in the printed graph. */
export function drawingOf(graph: Graph): Drawing {
  const values = schedule(graph);
  const nameOf = namer(values);
  const drawn = values.filter((value) => !isInline(value));
  const ids = new Map(drawn.map((value, k) => [value, `n${k}`]));
  const boxes = drawn.map((value) => ({ id: ids.get(value)!, kind: value.def.kind, lines: linesOf(value, nameOf) }));
  const arrows = drawn.flatMap((value) =>
    value.def.kind !== "op"
      ? []
      : operandsOf(value.def).flatMap((x) => {
          const from = ids.get(x);
          return from === undefined ? [] : [{ from, to: ids.get(value)!, type: show(x.type) }];
        }),
  );
  const ends = endsOf(graph).map(([label, value], k) => ({ label, value, id: `r${k}` }));
  return {
    name: graph.name,
    boxes: [...boxes, ...ends.map(({ id, label }): Box => ({ id, kind: "result", lines: [label] }))],
    arrows: [...arrows, ...ends.map(({ id, value }) => ({ from: ids.get(value)!, to: id, type: show(value.type) }))],
  };
}

/** Results that are constants and nothing else have no box to come from. */
const endsOf = ({ outputs, states }: Graph): readonly (readonly [label: string, value: Tensor])[] =>
  [
    ...Object.entries(outputs).map(([name, value]) => [`output ${name}`, value] as const),
    ...states.map(({ name, exit }) => [`state ${name} at exit`, exit] as const),
  ].filter(([, value]) => !isInline(value));

function linesOf(value: Tensor, nameOf: (value: Tensor) => string): readonly string[] {
  const { def } = value;
  const name = nameOf(value);
  switch (def.kind) {
    case "input":
      return [`input ${name}`];
    case "state":
      return [`state ${name} at entry`];
    case "weight":
      return [def.source.from === "checkpoint" ? `weight ${sourceName(def.source)}` : `weight ${name}`];
    case "const":
      return [name];
    case "op": {
      const literals = operandsOf(def).filter(isInline).map(nameOf);
      return [name, [def.op, ...literals].join(" ")];
    }
  }
}
