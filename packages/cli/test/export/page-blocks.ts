/** Reads the blocks of a page, as its script does. */
import { gunzipSync } from "node:zlib";
import type { PageDetail, PageEvent, PageIndex } from "../../src/export/html/page/data.ts";

const BLOCK = /<script type="application\/octet-stream" id="([a-z0-9-]+)">([A-Za-z0-9+/=]*)<\/script>\n/g;

export interface PageBlocks {
  readonly index: PageIndex;
  readonly details: readonly PageDetail[];
  readonly events: readonly PageEvent[];
  /** The page without its blocks. */
  readonly markup: string;
}

export function pageBlocks(html: string): PageBlocks {
  const blocks = [...html.matchAll(BLOCK)].map(
    ([, name = "", packed = ""]) =>
      [name, JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString()) as unknown] as const,
  );
  const all = <Value>(kind: string): readonly Value[] =>
    blocks.filter(([name]) => name.startsWith(kind)).flatMap(([, value]) => value as readonly Value[]);
  const index = blocks.find(([name]) => name === "index")?.[1] as PageIndex;
  return { index, details: all("details-"), events: all("events-"), markup: html.replaceAll(BLOCK, "") };
}
