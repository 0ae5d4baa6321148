/** What a log format is to the rest of the command: how it is recognised, and how rollouts of it are opened. */
import type { JsonValue, RolloutSource, SourceProblem } from "@rollout-trace/protocol";
import type { ImportInput } from "@rollout-trace/trace";
import { messageOf } from "../../errors.ts";

/** The first lines of a file, as far as they are JSON. */
export type LogSample = readonly JsonValue[];

export interface LogFormat {
  /** What files of it are, for a message: `traces of agents`. */
  readonly files: string;
  /** Whether a value can be read as a line of the format, known or not. Left out where a line need not be a value. */
  isLine?(value: JsonValue): boolean;
  /** Whether a file that begins like this is of the format. */
  recognises(sample: LogSample): boolean;
  /** The same from the beginning of the text, for formats that need not have a value on each line. Asked after all others. */
  recognisesText?(head: string): boolean;
  /** The rollouts in some files of the format, oldest first. A file that cannot be read is reported and hides no other. */
  rollouts(paths: readonly string[], report: (problem: SourceProblem) => void): readonly LoggedRollout[];
}

/** A rollout that can be opened. */
export interface LoggedRollout {
  readonly rolloutId: string;
  readonly startedTimeUs: number;
  /** Throws `CliError` `unreadable_source`. */
  open(): OpenRollout;
}

export interface OpenRollout extends Disposable {
  readonly rollout: RolloutSource;
  /** The files that it is read from, by which a later import tells whether they have grown. */
  readonly inputs?: readonly ImportInput[] | undefined;
}

/** What each of some files is read as. A file that cannot be read is reported and hides no other. */
export function readEach<Read>(
  paths: readonly string[],
  read: (path: string) => Read,
  report: (problem: SourceProblem) => void,
): readonly Read[] {
  return paths.flatMap((path): readonly Read[] => {
    try {
      return [read(path)];
    } catch (error) {
      report({ where: path, message: messageOf(error) });
      return [];
    }
  });
}

/** Sessions, each as a rollout that `open` opens. */
export function rolloutsOf<Session extends Pick<LoggedRollout, "rolloutId" | "startedTimeUs">>(
  sessions: readonly Session[],
  open: (session: Session) => OpenRollout,
): readonly LoggedRollout[] {
  return sessions.map((session) => ({
    rolloutId: session.rolloutId,
    startedTimeUs: session.startedTimeUs,
    open: () => open(session),
  }));
}
