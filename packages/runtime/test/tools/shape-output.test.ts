import type { ContentItem, RuntimeResponse } from "@rollout-trace/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { gptTokenizer } from "../../src/tools/gpt-tokenizer.ts";
import { shapeOutput } from "../../src/tools/shape-output.ts";
import { measureText } from "../../src/tools/token-budget.ts";
import { estimatingTokenizer, type Tokenizer } from "../../src/tools/tokenizer.ts";

/** One token for each code point: budgets that can be counted by hand. */
const perCharacter: Tokenizer = { count: (text) => Array.from(text).length };

const IMAGE: ContentItem = { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "high" };

function text(value: string): ContentItem {
  return { type: "input_text", text: value };
}

function result(contentItems: readonly ContentItem[], rest: Partial<RuntimeResponse> = {}): RuntimeResponse {
  return { type: "result", cellId: "3", contentItems, ...rest };
}

/** What follows the header. */
function body(
  response: RuntimeResponse,
  maxOutputTokens: number,
  tokenizer: Tokenizer = perCharacter,
): readonly ContentItem[] {
  return shapeOutput(response, { maxOutputTokens, wallTimeMs: 0, tokenizer }).slice(1);
}

function textOf(items: readonly ContentItem[]): string {
  return items.map((item) => (item.type === "input_text" ? item.text : "")).join("");
}

test.each<[Partial<RuntimeResponse>, number, string]>([
  [{ type: "yielded" }, 800, "Script running with cell ID 3\nWall time 0.8 seconds\nOutput:\n"],
  [{ type: "result" }, 12_345, "Script completed\nWall time 12.3 seconds\nOutput:\n"],
  [{ type: "result", errorText: "Error: x" }, 0, "Script failed\nWall time 0.0 seconds\nOutput:\n"],
  [{ type: "terminated" }, -5, "Script terminated\nWall time 0.0 seconds\nOutput:\n"],
])("the header says how it stands and how long it took: %j", (rest, wallTimeMs, header) => {
  expect(shapeOutput(result([], rest), { wallTimeMs })[0]).toEqual(text(header));
});

test("what fits is passed on as it is, with the error behind it", () => {
  const response = result([text("a"), IMAGE, text("b")], { errorText: "Error: boom\n    at exec:1:1" });
  expect(body(response, 10_000)).toEqual([
    text("a"),
    IMAGE,
    text("b"),
    text("Script error:\nError: boom\n    at exec:1:1"),
  ]);
});

test("a text over the budget keeps its beginning and its end, and says how large it was", () => {
  expect(body(result([text("abcdefghij")]), 10)).toEqual([text("abcdefghij")]);
  expect(body(result([text("abcdefghij")]), 5)).toEqual([text("abc\n[… 5 of 10 tokens left out …]\nij")]);
  expect(body(result([text("abcdefghij")]), 0)).toEqual([text("\n[… 10 of 10 tokens left out …]\n")]);
});

test("the budget is one for all texts, and images stay where they were", () => {
  const response = result([text("aaaa"), IMAGE, text("bbbb"), IMAGE, text("cccc"), text("dddd")]);
  expect(body(response, 10)).toEqual([
    text("aaaa"),
    IMAGE,
    text("b\n[… 6 of 16 tokens left out …]\n"),
    IMAGE,
    text("c"),
    text("dddd"),
  ]);
});

test("of a failed script with too much output, the end of the error is kept", () => {
  const items = body(result([text("x".repeat(100))], { errorText: "Error: the reason" }), 40);
  expect(items).toEqual([
    text(`${"x".repeat(20)}\n[… 91 of 131 tokens left out …]\n`),
    text("r:\nError: the reason"),
  ]);
});

test("the budget defaults to 10 000 tokens", () => {
  const shaped = (length: number): readonly ContentItem[] =>
    shapeOutput(result([text("x".repeat(length))]), { wallTimeMs: 0, tokenizer: perCharacter }).slice(1);
  expect(shaped(10_000)).toEqual([text("x".repeat(10_000))]);
  expect(textOf(shaped(10_001))).toContain("[… 1 of 10001 tokens left out …]");
});

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3_000, size: "max" }),
  fc
    .tuple(fc.constantFrom("😀", "a", " ", "é", "漢", "x y ", "\ud83d", "<|endoftext|>"), fc.nat(2_500))
    .map(([unit, times]) => unit.repeat(times)),
);
const anyItems = fc.array(
  fc.oneof({ weight: 4, arbitrary: anyText.map(text) }, { weight: 1, arbitrary: fc.constant(IMAGE) }),
  { maxLength: 4 },
);
const anyTokenizer = fc.constantFrom(perCharacter, estimatingTokenizer, gptTokenizer);
const NOTICE = /\n\[… \d+ of \d+ tokens left out …\]\n/;

test("whatever is cut, both ends are the output's own, with no surrogate pair split", () => {
  fc.assert(
    fc.property(anyItems, fc.nat(2_000), anyTokenizer, (items, budget, tokenizer) => {
      const whole = textOf(items);
      const cut = body(result(items), budget, tokenizer);
      const [head = "", tail = ""] = textOf(cut).split(NOTICE);
      const isCut = NOTICE.test(textOf(cut));
      expect(cut.filter((item) => item.type === "input_image")).toEqual(
        items.filter((item) => item.type === "input_image"),
      );
      expect(isCut || head === whole).toBe(true);
      expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true);
      expect(head.length + tail.length).toBeLessThanOrEqual(whole.length);
      expect(
        [head, tail].map((part) => loneSurrogates(part)).reduce((sum, count) => sum + count),
      ).toBeLessThanOrEqual(loneSurrogates(whole));
    }),
    { numRuns: 300, endOnFailure: true },
  );
});

test("what is kept counts no more than the budget, and no more was cut than it had to be", () => {
  const exact = fc.constantFrom(perCharacter, gptTokenizer);
  fc.assert(
    fc.property(anyText, fc.nat(2_000), exact, (whole, budget, tokenizer) => {
      const kept = textOf(body(result([text(whole)]), budget, tokenizer)).split(NOTICE);
      const size = kept.reduce((sum, part) => sum + measureText(part, tokenizer).tokens, 0);
      // Where a text is cut decides where its pieces end, which makes a token of difference for each.
      const slack = Math.ceil(whole.length / 512) + 2;
      expect(size).toBeLessThanOrEqual(budget + slack);
      // Halving finds a fit, and no character takes more than a few tokens.
      expect(size).toBeGreaterThanOrEqual(
        Math.min(budget, measureText(whole, tokenizer).tokens) - slack - 12,
      );
    }),
    { numRuns: 300, endOnFailure: true },
  );
});

function loneSurrogates(value: string): number {
  return value.length - value.replaceAll(/\p{Surrogate}/gu, "").length;
}

test("the exact tokenizer counts as the vocabulary does, also what looks like a special token", () => {
  expect(gptTokenizer.count("hello world")).toBe(2);
  expect(gptTokenizer.count("")).toBe(0);
  expect(gptTokenizer.count("<|endoftext|>")).toBeGreaterThan(1);
});

test("a text is measured as large as its tokenizer says, piece by piece", () => {
  const prose = "The quick brown fox jumps over the lazy dog, and 12 others watch. ".repeat(400);
  expect(measureText(prose, gptTokenizer).tokens).toBe(gptTokenizer.count(prose));
});

test("the estimate stays near the truth for prose and code, and blanks are not free", () => {
  const samples = [
    "When the cell yields, the observer receives the output so far and the script goes on in the background. ".repeat(
      20,
    ),
    'const rows = await tools.query({ sql: "select * from users where id = 1" });\nif (rows.length > 0) { text(rows[0].name); }\n'.repeat(
      20,
    ),
  ];
  const ratios = samples.map((sample) => estimatingTokenizer.count(sample) / gptTokenizer.count(sample));
  expect(Math.min(...ratios)).toBeGreaterThan(0.8);
  expect(Math.max(...ratios)).toBeLessThan(1.25);
  expect(estimatingTokenizer.count(" ".repeat(6_400))).toBe(100);
});

test("the tokenizer is asked about no more than a few times the text, in bounded pieces", () => {
  const asked = { characters: 0, longest: 0 };
  const counting: Tokenizer = {
    count(piece) {
      asked.characters += piece.length;
      asked.longest = Math.max(asked.longest, piece.length);
      return estimatingTokenizer.count(piece);
    },
  };
  const length = 2_000_000;
  expect(textOf(body(result([text("abcdefgh".repeat(length / 8))]), 10_000, counting))).toMatch(NOTICE);
  expect(asked.longest).toBeLessThanOrEqual(1_024);
  expect(asked.characters).toBeLessThan(length * 1.02);
});
