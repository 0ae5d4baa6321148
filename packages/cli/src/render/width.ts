/**
 * How many columns text takes, and the characters that a person sees in it.
 *
 * What knows this of every script takes longer to load than a short command to run, so it is loaded when the first text comes that
 * needs it.
 */
import { createRequire } from "node:module";
import type stringWidth from "string-width";

/** Safe text that may be styled, as columns of a terminal. */
export function textWidth(text: string): number {
  const bare = text.includes("\u001b") ? text.replace(STYLES, "") : text;
  return PLAIN.test(bare) ? bare.length : measured(bare);
}

/** The text in pieces that are not taken apart. */
export function graphemes(text: string): Iterable<Intl.SegmentData> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}

// oxlint-disable-next-line no-control-regex -- the sequences that styles are made of
const STYLES = /\u001b\[[0-9;]*m/g;

/** A column for each: ASCII, and what this program itself puts between the texts. */
const PLAIN = /^[ -~·→…µ\u2009│├└─⏎✓✗]*$/;

let segmenter: Intl.Segmenter | null = null;
let measure: typeof stringWidth | null = null;

function measured(text: string): number {
  if (measure === null) {
    const loaded = createRequire(import.meta.url)("string-width") as { readonly default: typeof stringWidth };
    measure = loaded.default;
  }
  return measure(text);
}
