/** What stands above the tree: the rollout in a line or two, then what is wrong or worth a look. */
import type { Anchor, RolloutGraph } from "@rollout-trace/reducer";
import type { ChalkInstance } from "chalk";
import { escapeText, fitText } from "./escape.ts";
import { type Costs, costText } from "../costs/costs.ts";
import { factLines } from "./page.ts";
import { wrapWords } from "./wrap.ts";
import type { CommandIo } from "../io.ts";
import { count, duration, grouped, isTime, utc } from "./format.ts";

/** Kinds of findings and diagnostics that are shown; the rest is counted. */
const SHOWN = 12;
const MESSAGE_COLUMNS = 160;

/** `costs` is undefined where no prices were given. */
export function summaryLines(
  graph: RolloutGraph,
  { colour, columns }: CommandIo,
  costs?: Costs,
): readonly string[] {
  const size = (collection: object): number => Object.keys(collection).length;
  const counts = [
    count(size(graph.threads), "agent"),
    count(size(graph.turns), "turn"),
    count(size(graph.inference_calls), "model request"),
    count(size(graph.tool_calls), "tool call"),
    count(size(graph.code_cells), "code cell"),
    Object.keys(graph.usage.by_thread).length === 0
      ? "tokens unknown"
      : count(graph.usage.total.total_tokens, "token"),
    ...costFacts(graph, costs),
  ];
  const when =
    graph.started_at_us === null
      ? []
      : [
          utc(graph.started_at_us),
          ...(graph.ended_at_us === null || !isTime(graph.started_at_us)
            ? []
            : [duration(graph.ended_at_us - graph.started_at_us)]),
        ];
  const ended =
    graph.recording_complete || graph.status === "completed" || graph.status === "failed"
      ? ""
      : colour.yellow("  (the recording was not closed)");
  return [
    `${colour.bold("rollout")} ${escapeText(graph.rollout_id ?? "without an id")}  ${statusText(graph, colour)}${ended}`,
    ...factLines([...when, ...counts], columns).map((line) => colour.dim(line)),
    ...problems(graph, { colour, columns }),
  ];
}

function costFacts(graph: RolloutGraph, costs: Costs | undefined): readonly string[] {
  if (costs === undefined) {
    return Object.keys(graph.inference_calls).length === 0 ? [] : ["cost unknown without --prices"];
  }
  const text = costText(costs.total, escapeText(costs.currency));
  const { unknown, requests } = costs.total;
  if (text === null) return [];
  return unknown === 0 || unknown === requests ? [text] : [`${text}: ${count(unknown, "request")} unknown`];
}

function statusText(graph: RolloutGraph, colour: ChalkInstance): string {
  if (graph.status === "completed") return colour.green(graph.status);
  return graph.status === "running" ? colour.yellow(graph.status) : colour.red(graph.status);
}

function problems(
  graph: RolloutGraph,
  { colour, columns }: Pick<CommandIo, "colour" | "columns">,
): readonly string[] {
  const line = (code: string, where: string, message: string): readonly string[] =>
    wrapWords(`${where}: ${fitText(message, MESSAGE_COLUMNS)}`, columns, code);
  const diagnostics = shown(graph.diagnostics, ({ severity, code, seq, message }, more) => {
    const paint = severity === "error" ? colour.red : colour.yellow;
    return line(paint(`${severity} ${code}`), (seq === null ? "" : ` seq ${seq}`) + more, message);
  });
  const findings = shown(graph.findings, ({ code, object, message }, more) =>
    line(colour.yellow(code), ` ${anchorText(object)}${more}`, message),
  );
  const isWhole = diagnostics.isWhole && findings.isWhole;
  return [...diagnostics.lines, ...findings.lines, ...(isWhole ? [] : wrapWords(WHERE_ALL_ARE, columns))];
}

const WHERE_ALL_ARE = "each of them: `show --json` has them under `diagnostics` and `findings`";

function anchorText(anchor: Anchor): string {
  return `${anchor.type.replaceAll("_", " ")} ${escapeText(anchor.id)}`;
}

/** The first of each kind, with how many more of it there are. */
function shown<Problem extends { readonly code: string; readonly severity?: string }>(
  all: readonly Problem[],
  linesOf: (problem: Problem, more: string) => readonly string[],
): { readonly lines: readonly string[]; readonly isWhole: boolean } {
  const kinds = [...Map.groupBy(all, ({ severity = "", code }) => `${severity} ${code}`).values()];
  const lines = kinds.slice(0, SHOWN).flatMap(([first, ...rest]) => {
    const more = rest.length === 0 ? "" : ` and ${grouped(rest.length)} more`;
    return first === undefined ? [] : linesOf(first, more);
  });
  const left = kinds.slice(SHOWN).flat().length;
  const unnamed = left === 0 ? [] : [`… and ${grouped(left)} of other kinds`];
  return { lines: [...lines, ...unnamed], isWhole: kinds.length === all.length && left === 0 };
}
