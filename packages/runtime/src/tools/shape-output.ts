/** Makes what a model reads of a cell's response: a header, the output within a budget, the error. */
import type { ContentItem, RuntimeResponse } from "@rollout-trace/protocol";
import { headWithin, type MeasuredText, measureText, type TextEnd, tailWithin } from "./token-budget.ts";
import { estimatingTokenizer, type Tokenizer } from "./tokenizer.ts";

export interface ShapeOptions {
  /** Budget for output and error together; the header and what says what was cut are extra. Default 10 000 tokens. */
  readonly maxOutputTokens?: number | undefined;
  /** How long the observation took, in milliseconds. */
  readonly wallTimeMs: number;
  /** Default: an estimate. */
  readonly tokenizer?: Tokenizer | undefined;
}

/** About forty pages: enough for a long listing, a small part of any model's context. */
const DEFAULT_MAX_OUTPUT_TOKENS = 10_000;

type MeasuredItem = { readonly type: "text"; readonly measured: MeasuredText } | ContentItem;

/**
 * A header item, then the output in its order, then the error as an item of its own.
 *
 * When the texts count more than the budget, the first half of it goes to their beginning and the second to their end, and
 * a line where the middle was says how large the whole is. Images are kept, wherever they stand. Surrogate pairs are never
 * split. Takes time linear in the size of the output.
 */
export function shapeOutput(response: RuntimeResponse, options: ShapeOptions): readonly ContentItem[] {
  const items = [...response.contentItems];
  if (response.errorText !== undefined) {
    items.push({ type: "input_text", text: `Script error:\n${response.errorText}` });
  }
  const budget = Math.max(0, options.maxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS);
  return [
    { type: "input_text", text: headerText(response, options.wallTimeMs) },
    ...cutMiddle(items, budget, options.tokenizer ?? estimatingTokenizer),
  ];
}

function headerText(response: RuntimeResponse, wallTimeMs: number): string {
  const seconds = (Math.max(0, wallTimeMs) / 1_000).toFixed(1);
  return `${statusText(response)}\nWall time ${seconds} seconds\nOutput:\n`;
}

function statusText(response: RuntimeResponse): string {
  switch (response.type) {
    case "yielded":
      return `Script running with cell ID ${response.cellId}`;
    case "terminated":
      return "Script terminated";
    case "result":
      return response.errorText === undefined ? "Script completed" : "Script failed";
  }
}

function cutMiddle(
  items: readonly ContentItem[],
  budget: number,
  tokenizer: Tokenizer,
): readonly ContentItem[] {
  const measured = items.map((item): MeasuredItem => {
    return item.type === "input_text" ? { type: "text", measured: measureText(item.text, tokenizer) } : item;
  });
  const total = measured.reduce((sum, item) => sum + (item.type === "text" ? item.measured.tokens : 0), 0);
  if (total <= budget) return items;
  const heads = spend(measured, Math.ceil(budget / 2), (text, rest) => headWithin(text, rest, tokenizer));
  const tails = spend(measured.toReversed(), Math.floor(budget / 2), (text, rest) => {
    return tailWithin(text, rest, tokenizer);
  }).toReversed();
  const kept = [...heads, ...tails].reduce((sum, end) => sum + (end?.tokens ?? 0), 0);
  return assemble(measured, { heads, tails, notice: noticeText(total - kept, total) });
}

function noticeText(tokens: number, total: number): string {
  return `\n[… ${Math.max(0, tokens)} of ${total} tokens left out …]\n`;
}

/** What each item gets of `budget`, in the order of `items`: its whole size until the first that does not fit. */
function spend(
  items: readonly MeasuredItem[],
  budget: number,
  cut: (text: MeasuredText, rest: number) => TextEnd,
): (TextEnd | null)[] {
  let rest: number | null = budget;
  return items.map((item) => {
    if (item.type !== "text" || rest === null) return null;
    const end = cut(item.measured, rest);
    rest = end.tokens < item.measured.tokens ? null : rest - end.tokens;
    return end;
  });
}

interface Cut {
  /** What is kept of each item's beginning and of its end; null for an item that gets nothing. */
  readonly heads: readonly (TextEnd | null)[];
  readonly tails: readonly (TextEnd | null)[];
  readonly notice: string;
}

function assemble(items: readonly MeasuredItem[], { heads, tails, notice }: Cut): readonly ContentItem[] {
  const shaped: ContentItem[] = [];
  let isCut = false;
  for (const [position, item] of items.entries()) {
    if (item.type !== "text") {
      shaped.push(item);
      continue;
    }
    const { text } = item.measured;
    const head = heads[position]?.offset ?? 0;
    const tail = Math.max(head, tails[position]?.offset ?? text.length);
    const isFirstGap: boolean = head < tail && !isCut;
    isCut ||= isFirstGap;
    const kept = text.slice(0, head) + (isFirstGap ? notice : "") + text.slice(tail);
    if (kept !== "") shaped.push({ type: "input_text", text: kept });
  }
  return shaped;
}
