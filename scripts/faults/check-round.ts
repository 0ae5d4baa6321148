/** What holds after a fault: the host did what it would have done anyway, and the store says what it has and what it has not. */
import { existsSync } from "node:fs";
import { decodeRawEvent, type RawEvent } from "@rollout-trace/protocol";
import { checkGraph, reduceRollout } from "@rollout-trace/reducer";
import { openTraceStore, readTraceStore, type StoredRollout, verifyStore } from "@rollout-trace/trace";
import { digestWithoutRecorder } from "./host-work.ts";
import type { HostOutcome } from "./scene.ts";

export interface RoundCheck {
  /** What the store turned out to have, in a few words. */
  readonly outcome: string;
  readonly problems: readonly string[];
}

export interface Expectation {
  readonly killed: boolean;
  /** The file became another one while the host was writing to it. */
  readonly replaced: boolean;
  /** The host stood still itself or waited for its disk, and its steps took as long. */
  readonly slowed: boolean;
}

/** No call waits for a second; a step has several, of which only the first waits, and the disk of a busy machine is slow too. */
const MAX_STEP_MS = 3_000;
/** Events that the recorder did not make of what a host told it. */
const OWN_EVENTS: ReadonlySet<string> = new Set(["recorder_gap", "recording_stopped"]);

export function checkRound(host: HostOutcome, expected: Expectation): RoundCheck {
  const problems = checkHost(host, expected);
  const { path, rolloutId } = host.options;
  if (!existsSync(path)) {
    if ((host.last?.[1] ?? 0) > 0 && !expected.replaced)
      problems.push("there is no file, and something was in it");
    return { outcome: "nothing recorded", problems };
  }
  // Whoever opens it next marks what stopped.
  openTraceStore({
    path,
    onError: ({ code, message }) => problems.push(`reopening: ${code}: ${message}`),
  }).close();
  const { findings } = verifyStore(path);
  for (const { code, severity, message } of findings) {
    if (severity === "error") problems.push(`${code}: ${message}`);
  }
  using reader = readTraceStore(path);
  const summary = reader.rollouts().find((rollout) => rollout.rolloutId === rolloutId);
  if (summary === undefined) {
    if ((host.last?.[1] ?? 0) > 0 && !expected.replaced)
      problems.push("the rollout is missing, and something of it was there");
    return { outcome: "nothing recorded", problems };
  }
  const source = reader.openRollout(rolloutId);
  const events = eventsOf(source, problems);
  const gaps = events.flatMap(({ payload }) => (payload.type === "recorder_gap" ? [payload] : []));
  const dropped = gaps.reduce((sum, gap) => sum + gap.dropped_events, 0);
  const stored = events.filter(({ payload }) => !OWN_EVENTS.has(payload.type)).length;
  problems.push(...checkCounts(host, expected, { state: summary.state, stored, dropped }));
  problems.push(...checkReduction(source, gaps.length > 0));
  return { outcome: gaps.length > 0 ? `${summary.state}, gap` : summary.state, problems };
}

function checkHost({ options, exit, last, report, stderr }: HostOutcome, expected: Expectation): string[] {
  const problems: string[] = [];
  if (expected.killed ? exit !== "SIGKILL" && exit !== 0 : exit !== 0)
    problems.push(`the host ended with ${exit}`);
  if (stderr !== "") problems.push(`the host complained: ${stderr.slice(0, 500)}`);
  const said = report === null ? last : ([report.steps, 0, report.digest, report.longest] as const);
  if (said === null) return problems;
  const [steps, , digest, longest] = said;
  const without = digestWithoutRecorder(options, steps);
  if (digest !== without)
    problems.push(`after ${steps} steps the host has ${digest}, and ${without} without a recorder`);
  if (longest > MAX_STEP_MS && !expected.slowed)
    problems.push(`a step of the host took ${Math.round(longest)} ms`);
  return problems;
}

function checkCounts(
  { last, report }: HostOutcome,
  { replaced }: Expectation,
  { state, stored, dropped }: { readonly state: string; readonly stored: number; readonly dropped: number },
): readonly string[] {
  const problems: string[] = [];
  if (report === null) {
    if (state !== "stopped") problems.push(`the host was killed, and the recording is ${state}`);
    const acknowledged = last?.[1] ?? 0;
    if (!replaced && stored < acknowledged)
      problems.push(`${acknowledged} events were acknowledged, and ${stored} are there`);
    return problems;
  }
  const { counts, failure } = report;
  const wanted = failure === null ? "completed" : "stopped";
  if (state !== wanted)
    problems.push(`the recording is ${state}, and should be ${wanted} (${failure ?? "no failure"})`);
  // A new file says what was in the old one, which the counts of the process do not.
  if (replaced) return problems;
  if (stored !== counts.recordedEvents)
    problems.push(`${counts.recordedEvents} events were counted as recorded, and ${stored} are there`);
  if (failure === null && dropped !== counts.droppedEvents)
    problems.push(`${counts.droppedEvents} events were dropped, and gaps say ${dropped}`);
  return problems;
}

function checkReduction(source: StoredRollout, hasGap: boolean): readonly string[] {
  try {
    const graph = reduceRollout(source, { mode: hasGap ? "lenient" : "strict" });
    return checkGraph(graph).map(({ object, message }) => `${object.type} ${object.id}: ${message}`);
  } catch (error) {
    return [`does not reduce: ${String(error)}`];
  }
}

function eventsOf(source: StoredRollout, problems: string[]): readonly RawEvent[] {
  return [...source.events()].flatMap((record) => {
    if (record.type === "problem") {
      problems.push(`${record.problem.where}: ${record.problem.message}`);
      return [];
    }
    const decoded = decodeRawEvent(record.value);
    if (decoded.ok) return [decoded.event];
    problems.push(decoded.error.message);
    return [];
  });
}
