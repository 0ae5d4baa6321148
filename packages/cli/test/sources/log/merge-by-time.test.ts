import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeByTime } from "../../../src/sources/log/merge-by-time.ts";

interface Item {
  readonly timeUs: number;
  readonly stream: number;
  readonly index: number;
}

const streams = fc
  .array(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 }), { maxLength: 6 })
  .map((times) =>
    times.map((each, stream): Item[] => each.map((timeUs, index) => ({ timeUs, stream, index }))),
  );

/** Times as they count: one that goes back is as late as what came before it. */
function effective(items: readonly Item[]): readonly { readonly item: Item; readonly timeUs: number }[] {
  let timeUs = 0;
  return items.map((item) => ({ item, timeUs: (timeUs = Math.max(timeUs, item.timeUs)) }));
}

describe("merging streams by time", () => {
  it("gives what sorting everything gives", () => {
    fc.assert(
      fc.property(streams, (given) => {
        const sorted = given
          .flatMap(effective)
          .toSorted((left, right) => left.timeUs - right.timeUs || left.item.stream - right.item.stream)
          .map(({ item }) => item);
        expect([...mergeByTime(given)]).toEqual(sorted);
      }),
    );
  });

  it("closes its streams when nobody reads on", () => {
    let closed = 0;
    function* endless(): Generator<{ timeUs: number }> {
      try {
        for (let timeUs = 0; ; timeUs += 1) yield { timeUs };
      } finally {
        closed += 1;
      }
    }
    for (const { timeUs } of mergeByTime([endless(), endless()])) if (timeUs > 3) break;
    expect(closed).toBe(2);
  });
});
