import type { ToolDefinition } from "@rollout-trace/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignToolNames } from "../../src/index.ts";

function tools(names: readonly string[]): ToolDefinition[] {
  return names.map((name) => ({ name, toolName: { name }, description: "", kind: "function" }));
}

function identifiers(...names: readonly string[]): string[] {
  return assignToolNames(tools(names)).map(({ identifier }) => identifier);
}

describe("assignToolNames", () => {
  it("keeps identifiers and replaces each illegal character of other names", () => {
    expect(identifiers("search", "mcp__a.b-c", "1st", "größe", "", "a b", "$x_1", "😀")).toEqual([
      "search",
      "mcp__a_b_c",
      "_st",
      "größe",
      "_",
      "a_b",
      "$x_1",
      "__2",
    ]);
  });

  it("numbers names that collide, and never renames one that needed no change", () => {
    expect(identifiers("a-b", "a.b", "a_b", "a b", "a_b_2")).toEqual([
      "a_b_3",
      "a_b_4",
      "a_b",
      "a_b_5",
      "a_b_2",
    ]);
    expect(identifiers("same", "same")).toEqual(["same", "same_2"]);
  });

  it("gives every tool an identifier of its own, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 6 })), (names) => {
        const given = tools(names);
        const named = assignToolNames(given);
        expect(named.map(({ tool }) => tool)).toEqual(given);
        const unique = new Set(named.map(({ identifier }) => identifier));
        expect(unique.size).toBe(names.length);
        for (const identifier of unique)
          expect(identifier).toMatch(/^[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*$/u);
      }),
    );
  });
});
