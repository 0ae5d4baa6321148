/** Opens one rollout of a source. */
import type { RolloutSource, SourceProblem } from "@rollout-trace/protocol";
import { CliError } from "../errors.ts";
import { everyRollout, type FoundRollout, type LeftOut } from "./every-rollout.ts";
import { nothingIn } from "./formats.ts";
import { namedRollouts, rolloutsCalled } from "./named-rollouts.ts";
import type { SourceFormat } from "./source-format.ts";

export interface SourceOptions {
  /** Which rollout, by id, or `latest`. Needed only where a source holds several. */
  readonly rollout?: string | undefined;
  /** Forces the format; of a folder, what in it is meant. Default: found out from the content. */
  readonly from?: SourceFormat | undefined;
}

/** A rollout that is open for reading; dispose of it when done. */
export interface OpenSource extends Disposable {
  readonly rollout: RolloutSource;
  readonly format: SourceFormat;
}

/** Opens a rollout. Throws `CliError`: `unreadable_source`, `unknown_format`, `ambiguous_rollout`, `unknown_rollout`. */
export function openSource(path: string, { rollout, from }: SourceOptions = {}): OpenSource {
  const leftOut: LeftOut[] = [];
  const found = everyRollout(path, { from, report: (problem) => void leftOut.push(problem) });
  const problems = leftOut.flatMap(({ code, ...problem }) => (code === "unreadable_source" ? [problem] : []));
  if (found.length === 0 && leftOut.length > 0)
    throw problems[0] === undefined ? nothingIn(path, from) : holdsNothing(path, problems[0]);
  const chosen = chooseRollout(path, found, rollout);
  const opened = chosen.open();
  return {
    format: chosen.format,
    rollout: problems.length === 0 ? opened.rollout : withProblems(opened.rollout, problems),
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  };
}

function holdsNothing(path: string, { where, message }: SourceProblem): CliError {
  const told = message.includes(where) ? message : `${where}: ${message}`;
  return new CliError("unreadable_source", `${path}: holds no rollout that can be read: ${told}`);
}

/** A rollout that is among others that cannot be read: what is missing may belong to it. */
function withProblems(rollout: RolloutSource, problems: readonly SourceProblem[]): RolloutSource {
  return {
    ...rollout,
    *events(fromSeq = 1) {
      if (fromSeq === 1) for (const problem of problems) yield { type: "problem", problem };
      yield* rollout.events(fromSeq);
    },
  };
}

/** The rollout named, the latest, or the only one. */
function chooseRollout(
  path: string,
  found: readonly FoundRollout[],
  wanted: string | undefined,
): FoundRollout {
  const rollouts = found.toSorted((left, right) => left.startedTimeUs - right.startedTimeUs);
  const latest = rollouts.at(-1);
  if (latest === undefined) throw new CliError("unknown_rollout", `${path}: holds no rollout yet`);
  if (wanted === "latest" || (wanted === undefined && rollouts.length === 1)) return latest;
  const listed = namedRollouts(rollouts);
  if (wanted === undefined) {
    throw new CliError(
      "ambiguous_rollout",
      `${path}: holds ${rollouts.length} rollouts; choose one with --rollout ID or --rollout latest:${listed}`,
    );
  }
  const named = rolloutsCalled(path, rollouts, wanted);
  const places = new Set(named.map((rollout) => rollout.path));
  if (places.size > 1) {
    throw new CliError(
      "ambiguous_rollout",
      `${path}: holds rollout ${wanted} ${places.size} times; name one of these instead:${[...places].map((place) => `\n  ${place}`).join("")}`,
    );
  }
  // Several recordings in one store: the latest.
  const chosen = named.at(-1);
  if (chosen !== undefined) return chosen;
  throw new CliError("unknown_rollout", `${path}: no rollout ${wanted}; it holds:${listed}`);
}
