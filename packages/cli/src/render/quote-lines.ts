/** An event and the payloads it names, as lines. */
import type { Quote } from "../objects/evidence.ts";
import type { CommandIo } from "../io.ts";
import { escapeText } from "./escape.ts";
import { bytes, duration } from "./format.ts";
import { wrapText } from "./wrap.ts";

/** Lines for an event's fields, and for each of its payloads. */
const LINES = 4;

/** `startUs`: when the rollout began; times are shown from there. */
export function quoteLines(quote: Quote, io: CommandIo, startUs: number | null): readonly string[] {
  const { colour, columns } = io;
  const when =
    quote.time_unix_us === null || startUs === null
      ? ""
      : colour.dim(`  +${duration(Math.max(0, quote.time_unix_us - startUs))}`);
  const head = `  ${colour.bold(`seq ${quote.seq}`)}  ${colour.cyan(escapeText(quote.type))}${when}`;
  const event = quote.event === "" ? [] : wrapText(quote.event, { columns, indent: "    ", lines: LINES });
  const payloads = quote.payloads.flatMap((payload) => {
    const size = payload.size_bytes === null ? "size unknown" : bytes(payload.size_bytes);
    const name = `    ${colour.green(escapeText(payload.payload_id))} ${escapeText(payload.kind)} ${colour.dim(size)}`;
    const options = { columns, indent: "      ", lines: LINES };
    return payload.excerpt === null
      ? [name, ...wrapText(payload.problem ?? "", options).map((line) => colour.red(line))]
      : [name, ...wrapText(payload.excerpt, options).map((line) => colour.dim(line))];
  });
  return [head, ...event.map((line) => colour.dim(line)), ...payloads];
}
