import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { momentText, stepOf, TimeScale } from "../../src/export/html/page/time-scale.ts";

const spans = fc.array(
  fc
    .record({ start: fc.nat(1_000_000), lasts: fc.nat(5_000) })
    .map(({ start, lasts }) => ({ start, end: start + lasts })),
  { maxLength: 30 },
);

describe("the time scale of the page", () => {
  it("leads from moments to places and back, in order, whether or not it folds", () => {
    fc.assert(
      fc.property(spans, fc.boolean(), fc.array(fc.nat(1_005_000)), (work, isFolding, moments) => {
        const scale = new TimeScale(work, 1_005_000, isFolding);
        const places = moments.toSorted((left, right) => left - right).map((us) => scale.placeOf(us));
        expect(places).toEqual(places.toSorted((left, right) => left - right));
        for (const us of moments) {
          expect(scale.placeOf(us)).toBeGreaterThanOrEqual(0);
          expect(scale.placeOf(us)).toBeLessThanOrEqual(scale.total + 1e-6);
          expect(Math.abs(scale.usAt(scale.placeOf(us)) - us)).toBeLessThan(1);
        }
      }),
    );
  });

  it("folds pauses to a sliver and leaves work as long as it was", () => {
    const hour = 3_600_000_000;
    const work = [
      { start: 0, end: 1_000_000 },
      { start: hour, end: hour + 1_000_000 },
    ];
    const scale = new TimeScale(work, hour + 1_000_000, true);
    expect(scale.folds).toHaveLength(1);
    expect(scale.folds[0]?.us).toBe(hour - 1_000_000);
    expect(scale.placeOf(1_000_000)).toBe(1_000_000);
    expect(scale.total).toBe(2_000_000 + (scale.folds[0]?.width ?? 0));
    expect(scale.folds[0]?.width).toBeLessThan(100_000);
    expect(new TimeScale(work, hour + 1_000_000, false).total).toBe(hour + 1_000_000);
  });

  it("has steps that are round, and says moments as exactly as its steps are", () => {
    expect([0.2, 3, 96, 700_000, 40e6, 2e9, 1e11].map(stepOf)).toEqual([1, 5, 100, 1e6, 60e6, 36e8, 1728e8]);
    expect([
      momentText(0, 10),
      momentText(250, 50),
      momentText(1_500, 500),
      momentText(20_000, 10_000),
      momentText(1_200_000, 200_000),
      momentText(61_000_000, 1_000_000),
      momentText(3_725_000_000, 5_000_000),
    ]).toEqual(["0", "250 µs", "1.5 ms", "20 ms", "1.2 s", "1:01", "1:02:05"]);
  });
});
