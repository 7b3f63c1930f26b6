/** Cache rows against tokens, call by call, as a table whose numbers can be selected. */
import type { Attention, AttentionCall } from "../data.ts";
import { choice } from "./choice.ts";
import { html } from "./element.ts";

const [OPEN, SLOT, READ, OLD] = [1, 2, 4, 8] as const;

/** The section, with switches of its own: how many tokens are accepted, and which of the two calls is shown. */
export function attentionSection(attention: Attention): HTMLElement {
  const room = html("div", { class: "picture" });
  const body = [...attention.says.map((line) => html("p", { class: attention.state === "none" ? "none" : "" }, line))];
  const chosen = { scenario: attention.scenarios.length - 1, call: 0 };
  const draw = () => {
    const scenario = attention.scenarios[chosen.scenario];
    if (scenario) room.replaceChildren(matrix(attention, scenario.accepted, scenario.calls, chosen.call));
  };
  const accepted = attention.scenarios.map((one, k) => [String(k), `${one.accepted} of ${attention.tokens}`] as const);
  const calls = [
    ["0", "first block"],
    ["1", "next block"],
  ] as const;
  const bars = [
    choice("accepted", "tokens accepted of the first block", accepted, String(chosen.scenario), (k) => {
      chosen.scenario = Number(k);
      draw();
    }),
    choice("call", "call", calls, "0", (k) => {
      chosen.call = Number(k);
      draw();
    }),
  ];
  draw();
  return html(
    "details",
    { class: "attention" },
    html("summary", {}, "attention: cache rows against tokens"),
    ...body,
    ...(attention.state === "shown" ? [html("nav", {}, ...bars), room, html("p", {}, LEGEND)] : []),
  );
}

const LEGEND =
  "● open and seen to be read · ○ open, not seen to be read · – closed · ✗ closed, and read all the same · ! reads what stood there before the call wrote it. A frame: the row that the token writes.";

function matrix({ slots }: Attention, accepted: number, calls: readonly AttentionCall[], shown: number): HTMLElement {
  const { rows, cells, wrote } = calls[shown]!;
  const columns = Array.from({ length: slots }, (_, row) => row);
  const holds = columns.map((row) => html("td", {}, heldIn(row, accepted, calls[0]!, shown)));
  return html(
    "table",
    {},
    html("tr", {}, html("th", {}, "cache row"), ...columns.map((row) => html("th", { scope: "col" }, String(row)))),
    html("tr", { class: "holds" }, html("th", { scope: "row" }, "before the call"), ...holds),
    ...cells.map((own, t) =>
      html("tr", {}, html("th", { scope: "row" }, `token ${t} → row ${rows[t]}`), ...own.map((cell) => cellOf(cell))),
    ),
    html(
      "tr",
      { class: "holds" },
      html("th", { scope: "row" }, "changed by the call"),
      ...wrote.map((one, row) =>
        html(
          "td",
          one === rows.includes(row) ? {} : { class: "wrong" },
          one ? "written" : rows.includes(row) ? "not written" : "",
        ),
      ),
    ),
  );
}

/** What stands in a row before a call. */
function heldIn(row: number, accepted: number, first: AttentionCall, shown: number): string {
  const token = shown === 0 ? -1 : first.rows.indexOf(row);
  if (token < 0) return "stale";
  return token < accepted ? `token ${token}` : `rejected ${token}`;
}

function cellOf(cell: number): HTMLElement {
  const open = (cell & OPEN) !== 0;
  const read = (cell & READ) !== 0;
  const sign = open ? (read ? "●" : "○") : read ? "✗" : "–";
  const bad = (cell & OLD) !== 0 || (read && !open);
  const names = [bad ? "wrong" : open ? "open" : "closed", ...((cell & SLOT) !== 0 ? ["slot"] : [])];
  return html("td", { class: names.join(" ") }, (cell & OLD) !== 0 ? `${sign}!` : sign);
}
