/** How much of a recording goes into a page. */
import type { PageText } from "./page/data.ts";

export const BOUNDS: {
  /** Characters of an item's text, a script, a result: what a person reads, not what a machine passed on. */
  readonly text: number;
  /** Characters of an event, and of each payload behind it: enough to recognise it. `explain` and `export --ndjson` have all. */
  readonly excerpt: number;
  /** Bytes of a payload that is read in order to quote it. */
  readonly payloadBytes: number;
  /** The same for one that repeats the conversation, where it can only be read whole: its items are in the page anyway. */
  readonly repeatingBytes: number;
  /** Characters of what stands beside an object's name. */
  readonly preview: number;
  /** Characters of a name. */
  readonly label: number;
  /** Characters of an id that the page knows an object by; one that is longer is known by its number. */
  readonly id: number;
  /** Links of one name; the rest is counted. */
  readonly links: number;
  /** Events quoted for an object: half of them its first, half its last. */
  readonly seqs: number;
} = Object.freeze({
  text: 32_000,
  excerpt: 2_000,
  payloadBytes: 16_000_000,
  repeatingBytes: 50_000,
  preview: 96,
  label: 120,
  id: 400,
  links: 24,
  seqs: 40,
});

/** The beginning of a text, never ending within a character. */
export function begin(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const cut = text.slice(0, characters);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** The same on one line, marked by `…`. */
export function oneLine(text: string, characters: number): string {
  const start = begin(text, characters);
  return `${start.replaceAll(/\s+/g, " ").trim()}${start.length < text.length ? "…" : ""}`;
}

export function pageText(
  title: string,
  kind: PageText["kind"],
  text: string,
  characters: number = BOUNDS.text,
): PageText {
  const kept = begin(text, characters);
  return { title, kind, text: kept, cut: text.length - kept.length };
}
