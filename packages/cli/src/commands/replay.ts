import { readFileSync } from "node:fs";
import type { ContentItem, ToolDefinition } from "@rollout-trace/protocol";
import type { ReplayedCall } from "@rollout-trace/runtime";
import { z } from "zod";
import { CliError, EXIT, messageOf } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { findObject } from "../objects/find-object.ts";
import { describe } from "../objects/graph-objects.ts";
import { fitText } from "../render/escape.ts";
import { count } from "../render/format.ts";
import { page } from "../render/page.ts";
import { wrapText, wrapWords } from "../render/wrap.ts";
import { type Divergence, firstDivergence } from "../replay/first-divergence.ts";
import { type RecordedCell, recordedCell } from "../replay/recorded-cell.ts";
import { type ProcessOutcome, ReplayProcess } from "../replay/replay-process.ts";
import { type RunCell, storedValuesFor } from "../replay/stored-values.ts";
import { toolsOfScript } from "../replay/tools-of-script.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { openGraph } from "./open-graph.ts";
import { undoneBySignal } from "./unfinished.ts";

export interface ReplayCommandOptions extends SourceOptions {
  /** File with the tools that the cell had, as JSON. Default: those that its script and its calls name. */
  readonly tools?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Milliseconds that a script may run: no longer than it ran then, within these bounds. Its timers take no time. */
const TIMEOUT_MS = Object.freeze({ least: 2_000, most: 30_000 });

/**
 * Runs a recorded cell again from its journal, in a process of its own. Exit code 1 when it behaves differently, or when the
 * recording has no journal of it. Throws `CliError`: as `openSource`, `unknown_object`, `ambiguous_object`, `usage`.
 */
export async function replayCommand(
  path: string,
  object: string,
  options: ReplayCommandOptions,
  io: CommandIo,
): Promise<number> {
  using opened = await openGraph(path, options, io);
  const { graph, source } = opened;
  const anchor = findObject(graph, object);
  const found = cellIdOf(graph, anchor);
  const cell = graph.code_cells[found ?? ""];
  if (cell === undefined) {
    throw new CliError(
      "usage",
      `${describe(graph, anchor)} is no cell; ask with \`cell 3\` or the exec's call id`,
    );
  }
  const name = describe(graph, { type: "code_cell", id: cell.code_cell_id });
  const record = recordedCell(graph, source.rollout, cell);
  if (record.type === "missing") {
    if (options.json === true) {
      const answer = { cell: cell.code_cell_id, same: null, missing: record.missing };
      outJson(io, `${JSON.stringify(answer, null, 1)}\n`);
    }
    io.err(
      `${path}: ${name} cannot be run again: evidence missing: ${fitText(record.missing, MESSAGE_COLUMNS)}\n`,
    );
    return EXIT.traceErrors;
  }
  using runner = new ReplayProcess();
  using _undoing = undoneBySignal(() => runner[Symbol.dispose]());
  const run = runIn(runner, options);
  const stored = await storedValuesFor(graph, source.rollout, cell, run);
  const replayed = await run(record.cell, stored.values);
  const divergence = firstDivergence(record.cell, replayed);
  const notes = notesOn(record.cell, stored.unknown, options);
  if (options.json === true) {
    const answer = { cell: cell.code_cell_id, same: divergence === null, divergence, notes };
    outJson(io, `${JSON.stringify(answer, null, 1)}\n`);
  } else io.out(page(lines(name, record.cell, { divergence, replayed }, io), io));
  if (options.json !== true) for (const note of notes) io.err(`note: ${fitText(note, MESSAGE_COLUMNS)}\n`);
  return divergence === null ? EXIT.ok : EXIT.traceErrors;
}

const MESSAGE_COLUMNS = 300;

function cellIdOf(
  graph: Parameters<typeof describe>[0],
  { type, id }: { readonly type: string; readonly id: string },
): string | null {
  if (type === "code_cell") return id;
  const call = type === "tool_call" ? graph.tool_calls[id] : undefined;
  return call?.kind.type === "code_cell_exec" ? call.code_cell_id : null;
}

function runIn(runner: ReplayProcess, { tools }: ReplayCommandOptions): RunCell {
  const given = tools === undefined ? null : readTools(tools);
  return async (cell, storedValues) => {
    const { source, journal, calls } = cell;
    const enabledTools = given ?? toolsOfScript(cell);
    const timeoutMs = Math.min(TIMEOUT_MS.most, Math.max(TIMEOUT_MS.least, cell.tookMs ?? 0));
    return await runner.run({ source, journal, calls, enabledTools, storedValues, timeoutMs });
  };
}

const toolsSchema: z.ZodType<readonly ToolDefinition[]> = z.array(
  z.object({
    name: z.string(),
    toolName: z.object({ name: z.string(), namespace: z.string().optional() }),
    description: z.string().default(""),
    kind: z.enum(["function", "freeform"]).default("function"),
  }),
);

function readTools(path: string): readonly ToolDefinition[] {
  try {
    return toolsSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new CliError("usage", `--tools ${path}: ${what}`, { cause: error });
  }
}

/** What the recording does not say, and the script may depend on. */
function notesOn(
  { source }: RecordedCell,
  unknown: readonly string[],
  { tools }: ReplayCommandOptions,
): readonly string[] {
  return [
    ...unknown.map((what) => `what load() found is not known in full: ${what}`),
    ...(/\bALL_TOOLS\b/.test(source) && tools === undefined
      ? [
          "which tools were enabled is not recorded: ALL_TOOLS has those that the script names; --tools gives others",
        ]
      : []),
  ];
}

interface Result {
  readonly divergence: Divergence | null;
  readonly replayed: ProcessOutcome;
}

function lines(name: string, cell: RecordedCell, result: Result, io: CommandIo): readonly string[] {
  const { divergence, replayed } = result;
  const { colour } = io;
  if (divergence === null) {
    const items = replayed.type === "lost" ? 0 : replayed.contentItems.length;
    const how = replayed.type === "unfinished" ? "as far as the recording goes" : cell.status;
    const facts = `${count(cell.calls.length, "call")}, ${count(items, "output item")}, ${how}`;
    return [colour.bold(name), ...wrapWords(facts, io.columns, `${colour.green("the same")}: `)];
  }
  const { title, expected, actual } = told(divergence);
  const side = (sign: string, text: string | null): readonly string[] =>
    text === null ? [] : wrapText(text, { columns: io.columns, indent: `  ${sign} `, lines: 4 });
  return [
    colour.bold(name),
    ...wrapWords(title, io.columns, `${colour.red("behaves differently")}: `),
    ...side("-", expected).map((line) => colour.red(line)),
    ...side("+", actual).map((line) => colour.green(line)),
  ];
}

function told(divergence: Divergence): {
  readonly title: string;
  readonly expected: string | null;
  readonly actual: string | null;
} {
  switch (divergence.type) {
    case "call": {
      const { expected, actual, line } = divergence;
      const what =
        expected === null ? "a call too many" : actual === null ? "a call too few" : "another call";
      const title = line === null ? what : `${what}, at line ${line} of the script`;
      return { title, expected: callText(expected), actual: callText(actual) };
    }
    case "timer":
      return {
        title: `timer ${divergence.timer_id}, which fired then, is not set`,
        expected: null,
        actual: null,
      };
    case "output":
      return {
        title: `output item ${divergence.number}`,
        expected: itemText(divergence.expected),
        actual: itemText(divergence.actual),
      };
    case "end":
      return { title: "how it ended", expected: divergence.expected, actual: divergence.actual };
    case "lost":
      return { title: divergence.what, expected: null, actual: null };
  }
}

function callText(call: ReplayedCall | null): string | null {
  if (call === null) return null;
  const { name, namespace } = call.toolName;
  const input = call.input === undefined ? "" : ` ${JSON.stringify(call.input)}`;
  return `${namespace === undefined ? name : `${namespace}.${name}`}${input}`;
}

function itemText(item: ContentItem | null): string {
  if (item === null) return "(nothing)";
  return item.type === "input_text" ? item.text : `image (${item.detail}) ${item.image_url}`;
}
