/** What is made of many samples, and of a graph. */
import type { RolloutGraph } from "@rollout-trace/reducer";

export function mean(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}

/** The figure that `share` of the figures do not exceed. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((left, right) => left - right);
  const at = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (at === undefined) throw new RangeError("no figures to take a percentile of");
  return at;
}

/** Milliseconds that `run` takes. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/** Lets what comes after a response happen: pools fill, isolates go. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 12);
  });
}

/** Another order each round; over the rounds each comes about as often after the one as after another, for what one leaves warm. */
export function inTurns<Item>(items: readonly Item[], round: number): Item[] {
  const turn = round % items.length;
  const rotated = [...items.slice(turn), ...items.slice(0, turn)];
  return Math.floor(round / items.length) % 2 === 0 ? rotated : rotated.toReversed();
}

/** The length of a graph's text, object by object: the whole of a long one is more than a string can hold. */
export function graphLength(of: RolloutGraph): number {
  let length = 0;
  for (const field of Object.values(of) as unknown[]) {
    const parts = typeof field === "object" && field !== null ? Object.values(field) : [field];
    for (const part of parts) length += JSON.stringify(part).length;
  }
  return length;
}
