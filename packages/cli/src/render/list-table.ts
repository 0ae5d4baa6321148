/** The table that `list` prints; where the terminal is too narrow for it, two lines for each rollout. */
import type { CommandIo } from "../io.ts";
import { type ListedRollout, MOST_REQUESTS, type RolloutList } from "../listing/list-rollouts.ts";
import { fitText } from "./escape.ts";
import { factLines } from "./page.ts";
import { count, duration, grouped, isTime, utc } from "./format.ts";
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
  "tokens",
  "problems",
  "rollout",
];
/** From here on columns are numbers, set to the right; the last but one and the last are not. */
const FIRST_NUMBER = 3;
const LAST_NUMBER = 8;
const GAP = "  ";
const NOTE = "diagnostics and findings are not counted here: `show` does, one rollout at a time";
/** Rollouts whose ids are looked at to size the table would otherwise be all of them; ids are mostly of one length. */
const ID_COLUMNS = 60;

export function listTable({ rollouts, unread }: RolloutList, io: CommandIo): readonly string[] {
  const { colour, columns } = io;
  if (rollouts.length === 0) return ["no rollouts"];
  const rows = rollouts.map(cells);
  const widths = HEADS.map((head, index) =>
    rows.reduce((widest, row) => Math.max(widest, row[index]?.length ?? 0), head.length),
  );
  const width = widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length);
  const notes = [
    `${count(rollouts.length, "rollout")}; ${NOTE}`,
    ...(unread === 0 ? [] : [unreadText(unread)]),
  ];
  const end = ["", ...notes.flatMap((note) => wrapWords(note, columns)).map((each) => colour.dim(each))];
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

function unreadText(rollouts: number): string {
  const most = `the responses of ${grouped(MOST_REQUESTS)} requests, of the newest rollouts first`;
  return `tokens of ${count(rollouts, "rollout")} are unknown: read are at most ${most}`;
}

function cells(rollout: ListedRollout): readonly string[] {
  return [
    utc(rollout.started_at_us),
    rollout.status,
    tookText(rollout),
    grouped(rollout.agents),
    grouped(rollout.turns),
    grouped(rollout.model_requests),
    grouped(rollout.tool_calls),
    grouped(rollout.code_cells),
    tokenText(rollout) ?? (rollout.model_requests === 0 ? "-" : "unknown"),
    problemText(rollout),
    fitText(rollout.rollout_id, ID_COLUMNS),
  ];
}

function tookText({ started_at_us: startUs, duration_us: us }: ListedRollout): string {
  return isTime(startUs) ? duration(us) : "-";
}

/** What went into the models and what came out of them; null where that is not known. */
function tokenText({ tokens }: ListedRollout): string | null {
  return tokens === null ? null : `${grouped(tokens.input)} → ${grouped(tokens.output)}`;
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
  const tokens = tokenText(rollout);
  const facts = [
    rollout.status,
    count(rollout.agents, "agent"),
    count(rollout.turns, "turn"),
    count(rollout.tool_calls, "call"),
    count(rollout.code_cells, "cell"),
    ...(rollout.model_requests === 0 ? [] : [tokens === null ? "tokens unknown" : `${tokens} tokens`]),
    ...(problem === "-" ? [] : [problem]),
  ];
  return [
    fitText(rollout.rollout_id, columns),
    colour.dim(`  ${fitText(`${utc(rollout.started_at_us)} ${tookText(rollout)}`, columns - 2)}`),
    ...factLines(facts, columns - 2).map((line) => colour.dim(`  ${line}`)),
  ];
}
