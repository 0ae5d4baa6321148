import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeFrames,
  encodeJson,
  type Frame,
  FrameDecoder,
  FrameWriter,
} from "../../src/wire/frame-codec.ts";

function decode(bytes: Buffer, cuts: readonly number[], maxBytes?: number): Frame[] {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder((frame) => frames.push(frame), maxBytes);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (const [index, end] of at.entries()) decoder.push(bytes.subarray(at[index - 1] ?? 0, end));
  return frames;
}

describe("frames", () => {
  it("come out as they went in, however the bytes were cut", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.array(fc.nat(), { maxLength: 20 }), (values, cuts) => {
        const frames = decode(encodeFrames(values.map(encodeJson)), cuts);
        expect(frames).toEqual(values.map((value) => ({ type: "frame", json: JSON.stringify(value) })));
      }),
    );
  });

  it("over the limit are skipped with their size and beginning, and the ones after them are understood", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (extra, cuts) => {
          const large = "é".repeat(300) + "x".repeat(extra);
          const documents = ["before", large, "after"].map(encodeJson);
          const [before, skipped, after, ...rest] = decode(encodeFrames(documents), cuts, 500);
          expect([before, after, rest]).toEqual([
            { type: "frame", json: '"before"' },
            { type: "frame", json: '"after"' },
            [],
          ]);
          expect(skipped).toMatchObject({ type: "oversized", bytes: 602 + extra });
          expect(skipped).toHaveProperty("head", expect.stringMatching(/^"é/));
        },
      ),
    );
  });

  it("of one tick are written at once and together: the first, then the rest; those of megabytes by themselves", async () => {
    const writes: number[] = [];
    const writer = new FrameWriter((bytes) => writes.push(bytes.length));
    const frame = 4 + 3;
    for (let n = 0; n < 4; n += 1) writer.push(JSON.stringify("x"));
    expect(writes).toEqual([frame]);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(writes).toEqual([frame, 3 * frame]);
    writer.push(JSON.stringify("x"));
    writer.push(JSON.stringify("x".repeat(2 ** 20)));
    expect(writes).toEqual([frame, 3 * frame, frame, 2 ** 20 + 6]);
  });

  it("go at once after the other side said something, whatever the tick has had", () => {
    const writes: number[] = [];
    const writer = new FrameWriter((bytes) => writes.push(bytes.length));
    const frame = 4 + 3;
    for (let n = 0; n < 3; n += 1) {
      for (let more = 0; more < 2; more += 1) writer.push(JSON.stringify("x"));
      writer.heard();
    }
    writer.push(JSON.stringify("x"));
    expect(writes).toEqual([frame, 2 * frame, 2 * frame, 2 * frame]);
  });

  it("that nobody waits for go with the next one that somebody does, in order", async () => {
    const written: Buffer[] = [];
    const writer = new FrameWriter((bytes) => written.push(bytes));
    writer.push(JSON.stringify("event"), false);
    writer.push(JSON.stringify("answer"));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(written).toEqual([encodeFrames(["event", "answer"].map(encodeJson))]);
    await new Promise<void>((resolve) => {
      const alone = new FrameWriter((bytes) => {
        expect(bytes).toEqual(encodeFrames([encodeJson("event")]));
        resolve();
      });
      alone.push(JSON.stringify("event"), false);
    });
  });
});
