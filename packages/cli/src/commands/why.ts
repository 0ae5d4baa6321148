import type { RolloutGraph } from "@rollout-trace/reducer";
import { type Chain, chainOf } from "../causes/chain.ts";
import { EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import type { Quote } from "../objects/evidence.ts";
import { findObject } from "../objects/find-object.ts";
import { describe, type ObjectAnchor } from "../objects/graph-objects.ts";
import { fitText } from "../render/escape.ts";
import { itemText } from "../render/item-text.ts";
import { page } from "../render/page.ts";
import { quoteLines } from "../render/quote-lines.ts";
import { wrapText } from "../render/wrap.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { openGraph } from "./open-graph.ts";

export interface WhyCommandOptions extends SourceOptions {
  readonly json?: boolean | undefined;
}

/**
 * Follows the recorded causes of an object back to a user's message. Exit code 0 when the chain has a beginning, 1 when
 * evidence is missing. Throws `CliError`: as `openSource`, `unknown_object`, `ambiguous_object`.
 */
export async function whyCommand(
  path: string,
  object: string,
  options: WhyCommandOptions,
  io: CommandIo,
): Promise<number> {
  using opened = await openGraph(path, options, io);
  const { graph, source } = opened;
  const anchor = findObject(graph, object);
  const chain = chainOf(graph, source.rollout, anchor);
  if (options.json === true) outJson(io, `${JSON.stringify({ object: anchor, ...chain }, null, 1)}\n`);
  else io.out(page(lines(graph, anchor, chain, io), io));
  return chain.end.type === "missing" ? EXIT.traceErrors : EXIT.ok;
}

function lines(graph: RolloutGraph, anchor: ObjectAnchor, chain: Chain, io: CommandIo): readonly string[] {
  const { colour } = io;
  const quotes = (evidence: readonly Quote[]): readonly string[] =>
    evidence.flatMap((quote) => quoteLines(relevant(quote), io, graph.started_at_us));
  const out = [objectLine(graph, anchor, io)];
  for (const hop of chain.hops) {
    out.push(`${colour.yellow(hop.because)}`, ...quotes(hop.evidence), objectLine(graph, hop.cause, io));
  }
  const { end } = chain;
  if (end.type === "missing") {
    const text = `evidence missing: ${end.what}`;
    out.push(
      ...wrapText(text, { columns: io.columns, indent: "", lines: 6 }).map((line) => colour.red(line)),
    );
  } else out.push(colour.green(end.because), ...quotes(end.evidence));
  return out;
}

/** Of an event and its payloads only what shows what the hop says. */
function relevant(quote: Quote): Quote {
  const payloads = quote.payloads.filter(({ matches }) => matches);
  return { ...quote, event: quote.event_matches ? quote.event : "", payloads };
}

/** Columns for what an item says, where there is no terminal. */
const TEXT_COLUMNS = 80;

function objectLine(graph: RolloutGraph, anchor: ObjectAnchor, { colour, columns }: CommandIo): string {
  const name = describe(graph, anchor);
  const item = anchor.type === "conversation_item" ? graph.conversation_items[anchor.id] : undefined;
  const room = columns === null ? TEXT_COLUMNS : columns - name.length - 2;
  const text = item === undefined || room < 8 ? "" : `  ${colour.dim(fitText(itemText(item), room))}`;
  return `${colour.bold(name)}${text}`;
}
