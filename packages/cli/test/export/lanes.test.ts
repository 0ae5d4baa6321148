import fc from "fast-check";
import { describe, expect, it } from "vitest";
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
    const at = (count: number): number => {
      const parallel = Array.from({ length: count }, (_, startUs) => ({
        startUs,
        endUs: 1_000_000 + startUs,
      }));
      // Processor time, which others on the machine do not take part in.
      const start = process.cpuUsage();
      expect(packLanes(parallel)).toHaveLength(count);
      return process.cpuUsage(start).user;
    };
    at(2_000);
    const [small, large] = [
      Math.min(at(4_000), at(4_000), at(4_000)),
      Math.min(at(64_000), at(64_000), at(64_000)),
    ];
    // 16 times as many: n² would take 256 times as long.
    expect(large / small).toBeLessThan(100);
  });
});
