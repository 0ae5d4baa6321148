/** The rollouts of a source by name, and in a message where none of them was chosen. */
import { CliError } from "../errors.ts";
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

/**
 * Those that have this id or trace id or, where none has, the one whose id or trace id begins so: several are recordings of the
 * same rollout. Takes them oldest first. Throws `CliError` `ambiguous_rollout` where several rollouts' ids begin so.
 */
export function rolloutsCalled<
  Rollout extends {
    readonly rolloutId: string;
    readonly traceId: string | null;
    readonly startedTimeUs: number;
  },
>(path: string, rollouts: readonly Rollout[], wanted: string): readonly Rollout[] {
  const exact = rollouts.filter(({ rolloutId, traceId }) => rolloutId === wanted || traceId === wanted);
  if (exact.length > 0 || wanted === "") return exact;
  const found = rollouts.filter(
    ({ rolloutId, traceId }) => rolloutId.startsWith(wanted) || traceId?.startsWith(wanted) === true,
  );
  if (new Set(found.map(({ rolloutId }) => rolloutId)).size <= 1) return found;
  throw new CliError(
    "ambiguous_rollout",
    `${path}: the ids of several rollouts begin with ${wanted}; give more of one:${namedRollouts(found)}`,
  );
}
