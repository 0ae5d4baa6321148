/** Which transcripts belong together: a rollout is a session with its sub-agents. */
import type { SourceProblem } from "@rollout-trace/protocol";
import { compareStarts, compareText, longestOfEach } from "../log/session-order.ts";
import type { TranscriptHead } from "./transcript-head.ts";

export interface ClaudeSession {
  readonly rolloutId: string;
  readonly startedTimeUs: number;
  /** The session's own transcript, where there is one. */
  readonly main: TranscriptHead | null;
  /** Those of its agents, in order of their start. */
  readonly agents: readonly TranscriptHead[];
  /** Transcripts of sessions that this one was resumed from: their entries are in it as copies. */
  readonly elders: readonly TranscriptHead[];
  /** What cannot be read of it. */
  readonly problems: readonly SourceProblem[];
}

/** Groups transcripts into rollouts, oldest first. */
export function sessionsOf(heads: readonly TranscriptHead[]): readonly ClaudeSession[] {
  const kept = longestOfEach(heads, keyOf);
  const bySession = Map.groupBy(heads, ({ sessionId }) => sessionId);
  const families = Map.groupBy(
    [...kept.values()].filter(({ agentId, firstUuid }) => agentId === null && firstUuid !== null),
    ({ firstUuid }) => firstUuid,
  );
  return [...bySession]
    .map(([rolloutId, group]): ClaudeSession => {
      const read = group.filter((head) => kept.get(keyOf(head)) === head);
      const main = read.find(({ agentId }) => agentId === null) ?? null;
      return {
        rolloutId,
        startedTimeUs: Math.min(...group.map(({ startedTimeUs }) => startedTimeUs)),
        main,
        agents: read
          .filter(({ agentId }) => agentId !== null)
          .toSorted((left, right) => compareStarts(left, right, ({ path }) => path)),
        elders: main === null ? [] : eldersOf(main, families.get(main.firstUuid) ?? []),
        problems: group
          .filter((head) => !read.includes(head))
          .map(({ path, ...head }) => ({
            where: path,
            message: `left out: the same transcript is read from ${kept.get(keyOf(head))?.path ?? "another file"}`,
          })),
      };
    })
    .toSorted((left, right) => compareStarts(left, right, ({ rolloutId }) => rolloutId));
}

type Key = Pick<TranscriptHead, "sessionId" | "agentId">;

function keyOf({ sessionId, agentId }: Key): string {
  return JSON.stringify([sessionId, agentId]);
}

/**
 * Of sessions that begin with the same entry the others were resumed from the first: the one whose entries name it, and among
 * those the shortest, since the others have what it has and more.
 */
function eldersOf(main: TranscriptHead, family: readonly TranscriptHead[]): readonly TranscriptHead[] {
  const ordered = family.toSorted(
    (left, right) =>
      Number(left.isCopy) - Number(right.isCopy) ||
      left.bytes - right.bytes ||
      compareText(left.sessionId, right.sessionId),
  );
  return ordered.slice(0, ordered.indexOf(main));
}
