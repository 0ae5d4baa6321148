/** The table that `list` prints; where the terminal is too narrow for it, two lines for each rollout. */
import type { CommandIo } from "../io.ts";
import type { ListedRollout } from "../listing/list-rollouts.ts";
import { fitText } from "./escape.ts";
import { factLines } from "./page.ts";
import { count, duration, grouped, utc } from "./format.ts";
import { wrapWords } from "./wrap.ts";

const HEADS = [
  "started",
  "status",
  "took",
  "agents",
  "turns",
  "requests",
  "calls",
  "cells",
  "problems",
  "rollout",
];
/** From here on columns are numbers, set to the right; the last but one and the last are not. */
const FIRST_NUMBER = 3;
const LAST_NUMBER = 7;
const GAP = "  ";
const NOTE = "tokens, diagnostics and findings are not counted here: `show` does, one rollout at a time";
/** Rollouts whose ids are looked at to size the table would otherwise be all of them; ids are mostly of one length. */
const ID_COLUMNS = 60;

export function listTable(rollouts: readonly ListedRollout[], io: CommandIo): readonly string[] {
  const { colour, columns } = io;
  if (rollouts.length === 0) return ["no rollouts"];
  const rows = rollouts.map(cells);
  const widths = HEADS.map((head, index) =>
    rows.reduce((widest, row) => Math.max(widest, row[index]?.length ?? 0), head.length),
  );
  const width = widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length);
  const note = `${count(rollouts.length, "rollout")}; ${NOTE}`;
  const end = ["", ...wrapWords(note, columns).map((each) => colour.dim(each))];
  if (columns !== null && width > columns) {
    return [...rollouts.flatMap((rollout) => narrow(rollout, columns, io)), ...end];
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, index) => pad(cell, index, widths)).join(GAP);
  return [colour.bold(line(HEADS)), ...rows.map((row, index) => paint(line(row), rollouts[index])), ...end];

  function paint(text: string, rollout: ListedRollout | undefined): string {
    return rollout?.status === "completed" ? text : colour.yellow(text);
  }
}

function cells(rollout: ListedRollout): readonly string[] {
  return [
    utc(rollout.started_at_us),
    rollout.status,
    duration(rollout.duration_us),
    grouped(rollout.agents),
    grouped(rollout.turns),
    grouped(rollout.model_requests),
    grouped(rollout.tool_calls),
    grouped(rollout.code_cells),
    problemText(rollout),
    fitText(rollout.rollout_id, ID_COLUMNS),
  ];
}

function problemText({ problems }: ListedRollout): string {
  const failed = problems.failed_model_requests;
  const gaps = problems.recorder_gaps;
  const parts = [
    ...(failed === 0 ? [] : [`${grouped(failed)} failed`]),
    ...(gaps === 0 ? [] : [count(gaps, "gap")]),
  ];
  return parts.length === 0 ? "-" : parts.join(", ");
}

function pad(text: string, index: number, widths: readonly number[]): string {
  if (index === HEADS.length - 1) return text;
  const width = widths[index] ?? 0;
  const isNumber = index >= FIRST_NUMBER && index <= LAST_NUMBER;
  return isNumber ? text.padStart(width) : text.padEnd(width);
}

function narrow(rollout: ListedRollout, columns: number, { colour }: CommandIo): readonly string[] {
  const problem = problemText(rollout);
  const facts = [
    rollout.status,
    count(rollout.agents, "agent"),
    count(rollout.turns, "turn"),
    count(rollout.tool_calls, "call"),
    count(rollout.code_cells, "cell"),
    ...(problem === "-" ? [] : [problem]),
  ];
  return [
    fitText(rollout.rollout_id, columns),
    colour.dim(`  ${fitText(`${utc(rollout.started_at_us)} ${duration(rollout.duration_us)}`, columns - 2)}`),
    ...factLines(facts, columns - 2).map((line) => colour.dim(`  ${line}`)),
  ];
}
