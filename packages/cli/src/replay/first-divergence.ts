/** Where a replay first does something else than the recorded run did. */
import type { ContentItem } from "@rollout-trace/protocol";
import type { ReplayedCall } from "@rollout-trace/runtime";
import type { RecordedCell } from "./recorded-cell.ts";
import type { ProcessOutcome } from "./replay-process.ts";

/** Numbers count from 1. All text is untrusted. */
export type Divergence =
  | {
      readonly type: "call";
      /** Null for a call too many; `actual` is null for one that was never made. */
      readonly expected: ReplayedCall | null;
      readonly actual: ReplayedCall | null;
      /** Of the script, where it makes the actual call. */
      readonly line: number | null;
    }
  | { readonly type: "timer"; readonly timer_id: number }
  | {
      readonly type: "output";
      readonly number: number;
      readonly expected: ContentItem | null;
      readonly actual: ContentItem | null;
    }
  | { readonly type: "end"; readonly expected: string; readonly actual: string }
  | { readonly type: "lost"; readonly what: string };

/** Null when the replay did what the recorded run did, as far as the recording goes. */
export function firstDivergence(cell: RecordedCell, replayed: ProcessOutcome): Divergence | null {
  if (replayed.type === "lost") return replayed;
  // What was put out before another difference came first.
  const isOver = replayed.type === "ended";
  const output = outputDivergence(cell.output, replayed.contentItems, isOver && cell.status !== "terminated");
  if (output !== null) return output;
  switch (replayed.type) {
    case "diverged": {
      const { expected, actual, line } = replayed;
      return { type: "call", expected, actual, line };
    }
    case "timer_missing":
      return { type: "timer", timer_id: replayed.timerId };
    case "unfinished":
      return cell.status === "terminated" || cell.status === "unknown" || cell.journal.truncated === true
        ? null
        : { type: "end", expected: endOf(cell.status, cell.errorText), actual: "goes on" };
    case "ended": {
      const { outcome } = replayed;
      const actual = endOf(outcome.type, "errorText" in outcome ? outcome.errorText : null);
      const expected = endOf(cell.status, cell.errorText);
      // When a cell was ended from outside is nothing that the script decides.
      const isOpen = cell.status === "terminated" || cell.status === "unknown";
      return actual === expected || isOpen ? null : { type: "end", expected, actual };
    }
  }
}

function endOf(status: string, errorText: string | null): string {
  return errorText === null ? status : `${status}: ${errorText}`;
}

/** `isWhole`: both runs have put out all that they ever will. */
function outputDivergence(
  recorded: readonly ContentItem[] | null,
  replayed: readonly ContentItem[],
  isWhole: boolean,
): Divergence | null {
  if (recorded === null) return null;
  const common = Math.min(recorded.length, replayed.length);
  const length = isWhole ? Math.max(recorded.length, replayed.length) : common;
  for (let index = 0; index < length; index += 1) {
    const [expected = null, actual = null] = [recorded[index], replayed[index]];
    if (textOf(expected) !== textOf(actual)) return { type: "output", number: index + 1, expected, actual };
  }
  return null;
}

function textOf(item: ContentItem | null): string {
  if (item === null) return "null";
  return JSON.stringify(item.type === "input_text" ? [item.text] : [item.image_url, item.detail]);
}
