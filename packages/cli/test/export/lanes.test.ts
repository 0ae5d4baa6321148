import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { processorTimeRatio } from "../../../../test/support/processor-time.ts";
import { packLanes } from "../../src/export/timeline/lanes.ts";

const bars = fc.array(
  fc
    .record({ startUs: fc.nat(200), lasts: fc.nat(40) })
    .map(({ startUs, lasts }) => ({ startUs, endUs: startUs + lasts })),
  { maxLength: 120 },
);

describe("lanes", () => {
  it("hold every bar once, in order, and no two that overlap; there are no more of them than ran at once", () => {
    fc.assert(
      fc.property(bars, (all) => {
        const lanes = packLanes(all);
        expect(new Set(lanes.flat())).toEqual(new Set(all));
        expect(lanes.flat()).toHaveLength(all.length);
        for (const lane of lanes) {
          const overlaps = lane.filter(
            (bar, index) => index > 0 && bar.startUs < (lane[index - 1]?.endUs ?? 0),
          );
          expect(overlaps).toEqual([]);
        }
        const atOnce = all.map(
          ({ startUs }) =>
            all.filter(
              (other) => other.startUs <= startUs && startUs < Math.max(other.endUs, other.startUs + 1),
            ).length,
        );
        expect(lanes.length).toBeLessThanOrEqual(Math.max(0, ...atOnce));
      }),
    );
  });

  it("are filled in time that does not grow with the number of bars that run at once", () => {
    const packing = (count: number) => {
      const parallel = Array.from({ length: count }, (_, startUs) => ({
        startUs,
        endUs: 1_000_000 + startUs,
      }));
      return () => {
        expect(packLanes(parallel)).toHaveLength(count);
      };
    };
    // 16 times as many: n² would take 256 times as long.
    const bound = 100;
    const ratio = processorTimeRatio({ small: packing(4_000), large: packing(64_000), bound });
    expect(ratio).toBeLessThan(bound);
  });
});
