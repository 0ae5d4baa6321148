import { Chalk } from "chalk";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watched } from "../../src/commands/progress.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What a terminal's passing line showed, one after the other. */
function shown(isTerminal: boolean, steps: readonly number[]): readonly string[] {
  const lines: string[] = [];
  const io = {
    out: () => undefined,
    outBytes: () => undefined,
    err: () => undefined,
    passing: isTerminal ? (text: string) => void lines.push(text) : null,
    colour: new Chalk({ level: 0 }),
    columns: null,
    untilInterrupted: () => new AbortController().signal,
  };
  watched(io, "reducing", (onProgress) => {
    for (const atMs of steps) {
      vi.setSystemTime(atMs);
      onProgress({ events: atMs, total: 4_000 });
    }
  });
  return lines;
}

describe("progress", () => {
  it("is not shown for what is done within a second", () => {
    expect(shown(true, [0, 500, 999])).toEqual([]);
  });

  it("is shown from then on, now and then, and taken away at the end", () => {
    expect(shown(true, [0, 1_000, 1_050, 2_000])).toEqual([
      "reducing: 1\u2009000 of 4\u2009000 (25 %) events",
      "reducing: 2\u2009000 of 4\u2009000 (50 %) events",
      "",
    ]);
  });

  it("is not shown where stderr is no terminal", () => {
    expect(shown(false, [0, 2_000])).toEqual([]);
  });
});
