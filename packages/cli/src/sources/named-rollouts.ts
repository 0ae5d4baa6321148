/** The rollouts of a source in a message, where none of them was chosen. */
import { utc } from "../render/format.ts";

/** Rollouts that are named; the rest is counted. */
const NAMED = 10;

/** A line for each, newest first. Takes them oldest first. */
export function namedRollouts(
  rollouts: readonly { readonly rolloutId: string; readonly startedTimeUs: number }[],
): string {
  const listed = rollouts
    .slice(-NAMED)
    .toReversed()
    .map(({ rolloutId, startedTimeUs }) => `\n  ${rolloutId}  ${utc(startedTimeUs)}`)
    .join("");
  return rollouts.length > NAMED ? `${listed}\n  … and ${rollouts.length - NAMED} older` : listed;
}
