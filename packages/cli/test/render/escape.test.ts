import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { escapeText, fitText } from "../../src/render/escape.ts";

describe("recorded text on a terminal", () => {
  it.each([
    ["an escape sequence", "\u001b[31mred\u001b[0m", "\\x1b[31mred\\x1b[0m"],
    ["the one-byte form of it", "\u009b31m", "\\x9b31m"],
    ["a carriage return that would overwrite the line", "abc\rxyz", "abc\\rxyz"],
    ["a backspace", "a\b\bz", "a\\x08\\x08z"],
    ["a right-to-left override", "a\u202etxt.exe", "a\\u{202e}txt.exe"],
    ["zero-width characters", "a\u200b\u2060b", "a\\u{200b}\\u{2060}b"],
    ["a joiner between letters", "a\u200db", "a\\u{200d}b"],
    ["invisible tag characters", "a\u{e0041}b", "a\\u{e0041}b"],
    ["a lone surrogate", "a\ud800b", "a\\u{d800}b"],
    ["a line break", "a\nb", "a⏎b"],
  ])("shows %s instead of obeying it", (_name, text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  it("leaves other writing alone", () => {
    expect(escapeText("größer 日本語 🙂")).toBe("größer 日本語 🙂");
    expect(escapeText("👩‍🔬 👨🏽‍🚀 ❤️‍🔥")).toBe("👩‍🔬 👨🏽‍🚀 ❤️‍🔥");
  });

  it("never takes more columns than it is given, nor passes a control character", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 200 }),
        fc.integer({ min: 1, max: 80 }),
        (text, columns) => {
          const shown = fitText(text, columns);
          expect(stringWidth(shown)).toBeLessThanOrEqual(columns);
          expect(shown).not.toMatch(/\p{Cc}/u);
        },
      ),
    );
  });

  it("cuts at the end and says so", () => {
    expect(fitText("abcdefgh", 5)).toBe("abcd…");
    expect(fitText("abcde", 5)).toBe("abcde");
    expect(fitText("日本語日本語", 5)).toBe("日本…");
  });

  it("looks only at what it shows of a huge text", () => {
    const shown = fitText("x".repeat(50_000_000), 20);
    expect(shown).toBe(`${"x".repeat(19)}…`);
  });
});
