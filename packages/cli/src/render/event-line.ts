/** One event on one line, for following a rollout. */
import type { FoundEvent } from "../objects/evidence.ts";
import type { CommandIo } from "../io.ts";
import { escapeText, fitText } from "./escape.ts";
import { duration } from "./format.ts";

export interface EventLine {
  readonly event: FoundEvent;
  /** The agent's path, where the event has an agent. Untrusted. */
  readonly agent: string | null;
  /** When the rollout began. */
  readonly startUs: number | null;
}

/** Fields that say most, in the order in which they are shown. */
const TELLING = [
  "label",
  "model",
  "runtime_cell_id",
  "model_visible_call_id",
  "status",
  "outcome",
  "end_cause",
  "cause",
  "error",
  "reason",
  "agent_path",
  "message",
  "text",
  "input_preview",
  "output_preview",
  "source",
] as const;

/** Columns where there is no terminal. */
const COLUMNS = 200;
const FIELD_COLUMNS = 80;

export function eventLine({ event, agent, startUs }: EventLine, { colour, columns }: CommandIo): string {
  const took =
    event.timeUs === null || startUs === null ? "" : `+${duration(Math.max(0, event.timeUs - startUs))}`;
  const head = [String(event.seq).padStart(5), took.padStart(8), agent === null ? "" : fitText(agent, 30)]
    .filter((part) => part !== "")
    .join("  ");
  const fields = TELLING.flatMap((name) => {
    const value = event.body[name];
    return typeof value === "string" && value !== "" ? [fitText(value, FIELD_COLUMNS)] : [];
  });
  const width = columns ?? COLUMNS;
  const type = escapeText(event.type);
  const room = width - head.length - type.length - 4;
  if (room < 8) return fitText(`${head}  ${type}`, width);
  const detail = fields.length === 0 ? "" : `  ${colour.dim(fitText(fields.join("  "), room))}`;
  return `${colour.dim(head)}  ${colour.cyan(type)}${detail}`;
}
