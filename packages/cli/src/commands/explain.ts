import type { RolloutGraph } from "@rollout-trace/reducer";
import { EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { eventsAt, type Quote, quoteEvent } from "../objects/evidence.ts";
import { findObject } from "../objects/find-object.ts";
import { describe, evidenceOf, objectOf, type ObjectAnchor } from "../objects/graph-objects.ts";
import { type Link, type Links, linksOf } from "../objects/links.ts";
import { type Sighting, sightingsOf } from "../objects/seen.ts";
import { soughtFor } from "../objects/sought.ts";
import { escapeText } from "../render/escape.ts";
import { count, duration } from "../render/format.ts";
import { page } from "../render/page.ts";
import { quoteLines } from "../render/quote-lines.ts";
import { status } from "../render/status.ts";
import { eventsNaming } from "../objects/payload-users.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { openGraph } from "./open-graph.ts";

export interface ExplainCommandOptions extends SourceOptions {
  readonly json?: boolean | undefined;
}

/** Events quoted at most; what made an object are its first and last, so the middle is left out. */
const QUOTED_EVENTS = 40;
/** Links of one name shown; the rest is counted. */
const SHOWN_LINKS = 6;

interface Explanation {
  readonly object: ObjectAnchor;
  readonly links: Links;
  readonly evidence: readonly Quote[];
  /** Events that are evidence and not quoted. */
  readonly more_events: number;
  readonly seen_by_model: readonly Sighting[];
  /** Items of the object that are not looked up in `seen_by_model`. */
  readonly more_items: number;
}

/** Says why an object is in the graph. Returns the exit code. Throws `CliError`: as `openSource`, `unknown_object`, `ambiguous_object`. */
export async function explainCommand(
  path: string,
  object: string,
  options: ExplainCommandOptions,
  io: CommandIo,
): Promise<number> {
  using opened = await openGraph(path, options, io);
  const { graph, source } = opened;
  const anchor = findObject(graph, object);
  const seqs =
    anchor.type === "payload" ? eventsNaming(source.rollout, anchor.id) : evidenceOf(graph, anchor).seqs;
  const quoted = ends(seqs);
  const sought = soughtFor(graph, anchor);
  const seen = sightingsOf(graph, anchor);
  const explanation: Explanation = {
    object: anchor,
    links: linksOf(graph, anchor),
    evidence: eventsAt(source.rollout, quoted).map((event) => quoteEvent(source.rollout, event, sought)),
    more_events: seqs.length - quoted.length,
    seen_by_model: seen.sightings,
    more_items: seen.more,
  };
  if (options.json === true) {
    const out = { ...explanation, value: objectOf(graph, anchor) };
    outJson(io, `${JSON.stringify(out, null, 1)}\n`);
  } else io.out(page(lines(graph, explanation, io), io));
  return EXIT.ok;
}

function ends(seqs: readonly number[]): readonly number[] {
  if (seqs.length <= QUOTED_EVENTS) return seqs;
  return [...seqs.slice(0, QUOTED_EVENTS / 2), ...seqs.slice(-QUOTED_EVENTS / 2)];
}

function lines(graph: RolloutGraph, explanation: Explanation, io: CommandIo): readonly string[] {
  const { colour } = io;
  const { object, links, evidence, more_events: more, seen_by_model: seen } = explanation;
  const value = objectOf(graph, object);
  const went =
    value !== null && "execution" in value && value.execution !== undefined
      ? `  ${status(colour, value.execution)}`
      : "";
  const title = (text: string): readonly string[] => ["", colour.bold(text)];
  const { started_at_us: startUs } = graph;
  return [
    `${colour.bold(describe(graph, object))}${went}`,
    colour.dim(`${object.type} ${escapeText(object.id)}`),
    ...title("It points at"),
    ...linkLines(graph, links.outgoing, io),
    ...title("What points at it"),
    ...linkLines(graph, links.incoming, io),
    ...title(`What was recorded: ${count(evidence.length + more, "event")}`),
    ...evidence.flatMap((quote, index) => [
      ...(more > 0 && index === QUOTED_EVENTS / 2 ? [`  … ${count(more, "event")} not shown`] : []),
      ...quoteLines(quote, io, startUs),
    ]),
    ...title("What the model saw of it"),
    ...seenLines(graph, seen),
    ...(explanation.more_items > 0 ? [`  … and ${count(explanation.more_items, "more item")}`] : []),
  ];
}

function linkLines(graph: RolloutGraph, links: readonly Link[], io: CommandIo): readonly string[] {
  if (links.length === 0) return ["  nothing"];
  const groups = Map.groupBy(links, ({ name, to }) => `${name} ${to.type}`);
  return [...groups.values()].flatMap((group) => {
    const shown = group
      .slice(0, SHOWN_LINKS)
      .map(({ name, to }) => `  ${io.colour.dim(`${name}:`)} ${describe(graph, to)}`);
    const rest = group.length - SHOWN_LINKS;
    return rest > 0 ? [...shown, `  ${io.colour.dim(`${group[0]?.name}:`)} … and ${rest} more`] : shown;
  });
}

function seenLines(graph: RolloutGraph, sightings: readonly Sighting[]): readonly string[] {
  if (sightings.length === 0) return ["  nothing: no conversation item comes of it"];
  return sightings.map(({ item_id, written_by, requests, first, last }) => {
    const anchor = { type: "conversation_item", id: item_id } as const;
    const wrote = written_by === null ? "" : " written by a model;";
    if (first === null || last === null) return `  ${describe(graph, anchor)}:${wrote} in no request`;
    const when = (moment: typeof first): string =>
      `seq ${moment.seq} (+${duration(Math.max(0, moment.at_us - (graph.started_at_us ?? moment.at_us)))})`;
    const until = last.seq === first.seq ? "" : `, last in that of ${when(last)}`;
    return `  ${describe(graph, anchor)}:${wrote} in ${count(requests, "request")}, first in that of ${when(first)}${until}`;
  });
}
