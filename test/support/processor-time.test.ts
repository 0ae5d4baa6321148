import { describe, expect, it } from "vitest";
import { processorTimeRatio } from "./processor-time.ts";

/** Calls a step of the same cost so many times. */
function repeat(count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index += 1) sum = (sum * 31 + index) % 65_521;
  return sum;
}

describe("the ratio of two processor times", () => {
  const bound = 10;

  it("is under the bound for four times as much work that is linear", () => {
    const size = 500_000;
    const ratio = processorTimeRatio({ small: () => repeat(size), large: () => repeat(4 * size), bound });
    expect(ratio).toBeLessThan(bound);
  });

  it("is over the bound for work that is quadratic", () => {
    const size = 700;
    const ratio = processorTimeRatio({
      small: () => repeat(size ** 2),
      large: () => repeat((4 * size) ** 2),
      bound,
    });
    expect(ratio).toBeGreaterThan(bound);
  });
});
