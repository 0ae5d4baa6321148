/**
 * A rollout as one page that opens from disk.
 *
 * Nothing that was recorded is part of the markup: it is in blocks that only the page's script reads, and the script puts it into
 * the page as text. The policy allows that one script and that one style sheet, by their hashes, and nothing else: no network, no
 * images, no frames, no forms, and no markup made of strings.
 */
import { createHash } from "node:crypto";
import type { RolloutSource } from "@rollout-trace/protocol";
import type { RolloutGraph } from "@rollout-trace/reducer";
import { timelineOf } from "../timeline/timeline.ts";
import { block } from "./block.ts";
import { nodeList } from "./node-list.ts";
import type { PageDetail, PageEvent, PageSeqs } from "./page/data.ts";
import { pageDetails } from "./page-details.ts";
import { pageEvents } from "./page-events.ts";
import { pageIndex } from "./page-index.ts";
import { pageScript } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** Objects and events in one block: small enough to be unpacked between two frames. */
const DETAILS_PER_BLOCK = 128;
const EVENTS_PER_BLOCK = 128;

export interface HtmlParts {
  readonly rollout: RolloutSource;
  readonly graph: RolloutGraph;
  /** What the page says it was made of. */
  readonly source: string;
}

/** The page, piece by piece. What stands last in it is needed last. */
export function* htmlPieces({ rollout, graph, source }: HtmlParts): Generator<string, void, undefined> {
  const list = nodeList(graph);
  const timeline = timelineOf(graph);
  const script = pageScript();
  const detailBlocks = Math.ceil(list.nodes.length / DETAILS_PER_BLOCK);
  const blocks = { detailsPerBlock: DETAILS_PER_BLOCK, detailBlocks };
  yield head(script);
  // The page is of use before the rest of it is read.
  yield block("index", pageIndex({ graph, list, timeline, source, ...blocks }));
  yield `<script>${script}</script>\n`;
  const seqs: number[] = [];
  for (const [index, events] of batches(pageEvents(rollout, timeline.startUs), EVENTS_PER_BLOCK)) {
    seqs.push(events[0]?.seq ?? 0);
    yield block(`events-${index}`, events satisfies readonly PageEvent[]);
  }
  for (const [index, details] of batches(pageDetails({ graph, rollout, list }), DETAILS_PER_BLOCK)) {
    yield block(`details-${index}`, details satisfies readonly PageDetail[]);
  }
  yield block("seqs", seqs satisfies PageSeqs);
  yield "</body>\n</html>\n";
}

function* batches<Value>(
  values: Iterable<Value>,
  size: number,
): Generator<readonly [number, readonly Value[]], void, undefined> {
  let batch: Value[] = [];
  let index = 0;
  for (const value of values) {
    batch.push(value);
    if (batch.length < size) continue;
    yield [index, batch];
    batch = [];
    index += 1;
  }
  if (batch.length > 0) yield [index, batch];
}

function head(script: string): string {
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(PAGE_STYLE)}`,
    "base-uri 'none'",
    "form-action 'none'",
    // Makes the browser refuse markup made of strings, should anything in the page ever try.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>rollout-trace</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<noscript>This page shows a recording with a script of its own; nothing is loaded from anywhere.</noscript>
<div id="app"><p class="loading">Unpacking the recording …</p></div>
`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
