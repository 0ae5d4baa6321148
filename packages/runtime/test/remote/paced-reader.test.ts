import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { PacedReader } from "../../src/remote/paced-reader.ts";

const CHUNK_BYTES = 64 * 1024;

/** Works for a millisecond. */
function work(): void {
  const until = performance.now() + 1;
  while (performance.now() < until);
}

describe("a flood", () => {
  it("is taken in order and whole, with turns for others in between, and is not read further meanwhile", async () => {
    const chunks = [1, 2, 3].map((n) => Buffer.alloc(CHUNK_BYTES, n));
    const source = new Readable({ read: () => {} });
    const taken: Buffer[] = [];
    let turns = 0;
    let flowedWhileBehind = false;
    let watch: NodeJS.Immediate;
    const turn = (): void => {
      turns += 1;
      watch = setImmediate(turn);
    };
    watch = setImmediate(turn);
    const whole = new Promise<void>((resolve) => {
      new PacedReader(source, (bytes) => {
        work();
        const length = taken.reduce((sum, part) => sum + part.length, 0);
        if (length % CHUNK_BYTES > CHUNK_BYTES / 2 && !source.isPaused()) flowedWhileBehind = true;
        taken.push(bytes);
        if (length + bytes.length === chunks.length * CHUNK_BYTES) resolve();
      });
    });
    for (const chunk of chunks) source.push(chunk);
    await whole;
    clearImmediate(watch);
    expect(Buffer.concat(taken).equals(Buffer.concat(chunks))).toBe(true);
    // Sixteen portions of a millisecond each, three of them in a turn.
    expect(turns).toBeGreaterThan(chunks.length * 3);
    expect(flowedWhileBehind).toBe(false);
  });

  it("is what a usual amount is not: that is taken at once", async () => {
    const source = new Readable({ read: () => {} });
    const taken: string[] = [];
    new PacedReader(source, (bytes) => taken.push(bytes.toString()));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    source.push("one");
    source.push("two");
    expect(taken).toEqual(["one", "two"]);
  });
});
