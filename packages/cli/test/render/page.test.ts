import { Chalk } from "chalk";
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { cutStyled, factLines } from "../../src/render/page.ts";
import { treeLines } from "../../src/render/tree.ts";
import { escapeText, fitText } from "../../src/render/escape.ts";
import { textWidth } from "../../src/render/width.ts";
import { wrapText, wrapWords } from "../../src/render/wrap.ts";

const colour = new Chalk({ level: 1 });
const anyText = fc.string({ unit: "binary", maxLength: 120 });
const columns = fc.integer({ min: 16, max: 60 });

describe("a styled line", () => {
  it("is cut by what is seen of it, and its styles are closed", () => {
    expect(cutStyled(colour.red("abcdef"), 4)).toBe(colour.red("abc…"));
    expect(cutStyled(`${colour.bold("日本")}語`, 4)).toBe(`${colour.bold("日…")}`);
    expect(cutStyled(colour.red("abcd"), 4)).toBe(colour.red("abcd"));
  });

  it("never takes more columns than there are", () => {
    fc.assert(
      fc.property(anyText, columns, (text, width) => {
        const styled = colour.green(escapeText(text)) + colour.dim(escapeText(text));
        expect(stringWidth(cutStyled(styled, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe("the width of a text", () => {
  const ownText = fc.string({ unit: fc.constantFrom(...Array.from("ab ~·→…µ\u2009│├└─⏎✓✗")), maxLength: 40 });

  it("is what string-width says, whether it is asked or not", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, ownText), (text) => {
        const safe = escapeText(text);
        expect(textWidth(colour.red(safe))).toBe(stringWidth(safe));
      }),
    );
  });
});

describe("text that is cut", () => {
  const plain = fc.string({ unit: fc.constantFrom(...Array.from("ab c\n\te\u0301日")), maxLength: 80 });

  it("keeps within its columns and is the beginning of what it would be uncut", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, plain), columns, (text, width) => {
        const cut = fitText(text, width);
        expect(stringWidth(cut)).toBeLessThanOrEqual(width);
        const whole = escapeText(text);
        expect(cut === whole || whole.startsWith(cut.slice(0, -1))).toBe(true);
      }),
    );
  });
});

describe("a wrapped sentence", () => {
  it("keeps within the columns and loses no word", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 30 })), columns, (words, width) => {
        const sentence = words.map(escapeText).join(" ");
        const wrapped = wrapWords(sentence, width, colour.green("lead: "));
        expect(Math.max(...wrapped.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
        const squeezed = (text: string): string => text.replaceAll(" ", "");
        expect(squeezed(wrapped.join(""))).toBe(squeezed(colour.green("lead: ") + sentence));
      }),
    );
  });

  it("is broken between words, and what follows stands further in", () => {
    expect(wrapWords("2 rollouts would go", 16, "s.db: ")).toEqual(["s.db: 2 rollouts", "  would go"]);
  });
});

describe("wrapped text", () => {
  it("keeps within the columns and the lines that it is given", () => {
    fc.assert(
      fc.property(anyText, columns, fc.integer({ min: 1, max: 5 }), (text, width, lines) => {
        const wrapped = wrapText(text, { columns: width, indent: "", lines });
        expect(wrapped.length).toBeLessThanOrEqual(lines);
        expect(Math.max(...wrapped.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
      }),
    );
  });

  it("says where it left something out, and only there", () => {
    expect(wrapText("x".repeat(40), { columns: 20, indent: "  ", lines: 3 })).toEqual([
      `  ${"x".repeat(18)}`,
      `  ${"x".repeat(18)}`,
      "  xxxx",
    ]);
    expect(wrapText("x".repeat(400), { columns: 20, indent: "", lines: 2 })).toEqual([
      "x".repeat(20),
      `${"x".repeat(19)}…`,
    ]);
  });
});

describe("facts", () => {
  it("go on as many lines as they take", () => {
    expect(factLines(["one", "two", "three"], 9)).toEqual(["one · two", "three"]);
    expect(factLines(["one", "two", "three"], null)).toEqual(["one · two · three"]);
  });
});

describe("a tree on a narrow terminal", () => {
  it("puts recorded text below its node where there is no room beside it", () => {
    const style = { columns: 24, branch: (text: string) => text, detail: fitText };
    const roots = [
      {
        text: "agent",
        children: [
          {
            text: "turn 1  completed",
            detail: "How is the weather in Tokyo?",
            children: [{ text: "model", children: [] }],
          },
          { text: "turn 2  completed", detail: "Thanks", children: [] },
        ],
      },
    ];
    expect([...treeLines(roots, style)]).toEqual([
      "agent",
      "├─ turn 1  completed",
      "│  │  How is the weathe…",
      "│  └─ model",
      "└─ turn 2  completed",
      "      Thanks",
    ]);
  });
});
