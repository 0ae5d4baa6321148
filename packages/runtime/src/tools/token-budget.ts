/**
 * Measures text in tokens and finds where to cut it.
 *
 * A text is counted in pieces of bounded length, each once: tokenizers are quadratic in the length of a word, and nobody
 * promises that output has spaces. The size of a text is the sum of its pieces, which is what a tokenizer says of the whole
 * where pieces end before blanks, and at most one token per piece more elsewhere.
 */
import { codePointBoundary } from "./literal-text.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Longest piece, in UTF-16 units. The worst text takes a tokenizer 0.4 s per megabyte at this length. */
const MAX_PIECE_CHARACTERS = 1_024;

export interface MeasuredText {
  readonly text: string;
  readonly tokens: number;
  readonly pieces: readonly Piece[];
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

/** One end of a text: how far it goes, as an offset in UTF-16 units, and what it counts. */
export interface TextEnd {
  readonly offset: number;
  readonly tokens: number;
}

export function measureText(text: string, tokenizer: Tokenizer): MeasuredText {
  const pieces: Piece[] = [];
  let total = 0;
  for (let start = 0; start < text.length;) {
    const end = pieceEnd(text, start);
    const tokens = tokenizer.count(text.slice(start, end));
    pieces.push({ start, end, tokens });
    total += tokens;
    start = end;
  }
  return { text, tokens: total, pieces };
}

/** The longest beginning of the text that counts at most `budget`; its `offset` is where it ends. */
export function headWithin(measured: MeasuredText, budget: number, tokenizer: Tokenizer): TextEnd {
  let tokens = 0;
  for (const piece of measured.pieces) {
    if (tokens + piece.tokens > budget) {
      const { length, tokens: more } = longestFit(piece, budget - tokens, (size) => {
        return tokenizer.count(
          measured.text.slice(piece.start, codePointBoundary(measured.text, piece.start + size)),
        );
      });
      return { offset: codePointBoundary(measured.text, piece.start + length), tokens: tokens + more };
    }
    tokens += piece.tokens;
  }
  return { offset: measured.text.length, tokens };
}

/** The longest end of the text that counts at most `budget`; its `offset` is where it begins. */
export function tailWithin(measured: MeasuredText, budget: number, tokenizer: Tokenizer): TextEnd {
  let tokens = 0;
  for (const piece of measured.pieces.toReversed()) {
    if (tokens + piece.tokens > budget) {
      const { length, tokens: more } = longestFit(piece, budget - tokens, (size) => {
        return tokenizer.count(measured.text.slice(nextBoundary(measured.text, piece.end - size), piece.end));
      });
      return { offset: nextBoundary(measured.text, piece.end - length), tokens: tokens + more };
    }
    tokens += piece.tokens;
  }
  return { offset: 0, tokens };
}

/** The largest part of a piece that fits, found by halving: about ten counts of short texts. */
function longestFit(
  piece: Piece,
  budget: number,
  count: (length: number) => number,
): { length: number; tokens: number } {
  let fits = { length: 0, tokens: 0 };
  let tooLong = piece.end - piece.start;
  while (tooLong - fits.length > 1) {
    const length = Math.floor((fits.length + tooLong) / 2);
    const tokens = count(length);
    if (tokens <= budget) fits = { length, tokens };
    else tooLong = length;
  }
  return fits;
}

/** Before a blank that follows a word, where every tokenizer starts a new token; else at the full length. */
function pieceEnd(text: string, start: number): number {
  const limit = start + MAX_PIECE_CHARACTERS;
  if (limit >= text.length) return text.length;
  for (let end = limit; end > start + MAX_PIECE_CHARACTERS / 2; end -= 1) {
    if (text[end] === " " && /\w/.test(text.charAt(end - 1))) return end;
  }
  return codePointBoundary(text, limit);
}

/** `offset`, or the one after it when `offset` would split a surrogate pair. */
function nextBoundary(text: string, offset: number): number {
  return codePointBoundary(text, offset) === offset ? offset : offset + 1;
}
