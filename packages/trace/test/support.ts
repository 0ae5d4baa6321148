/** What the tests of this package share: stores in temporary directories, and events read back and decoded. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  decodeRawEvent,
  type PayloadId,
  type RawEvent,
  type RawEventPayload,
  type RolloutSource,
} from "@rollout-trace/protocol";
import { onTestFinished } from "vitest";
import {
  openTraceStore,
  type TraceStore,
  type TraceStoreError,
  type TraceStoreOptions,
} from "@rollout-trace/trace";

/** A path in a directory that goes away with the test. */
export function temporaryPath(name = "trace.db"): string {
  const directory = mkdtempSync(join(tmpdir(), "rollout-trace-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, name);
}

/** A store that fails the test when it has anything to complain about, unless the test listens itself. */
export function openStore(options: Partial<TraceStoreOptions> = {}): TraceStore {
  const errors: TraceStoreError[] = [];
  const store = openTraceStore({
    path: temporaryPath(),
    onError: (error) => errors.push(error),
    ...options,
  });
  onTestFinished(() => {
    store.close();
    if (errors.length > 0) throw errors[0];
  });
  return store;
}

/** All events of a rollout. Throws for one that the protocol does not accept, and for a place that cannot be read. */
export function eventsOf(source: RolloutSource): readonly RawEvent[] {
  return [...source.events()].map((record) => {
    if (record.type === "problem") throw new Error(`${record.problem.where}: ${record.problem.message}`);
    const decoded = decodeRawEvent(record.value);
    if (!decoded.ok) throw new Error(decoded.error.message);
    return decoded.event;
  });
}

/** A raw event in one line of a table: thread, turn, payload. */
export type Line = readonly [string | null, string | null, RawEventPayload];

export function linesOf(source: RolloutSource): readonly Line[] {
  return eventsOf(source).map(({ thread_id, turn_id, payload }) => [thread_id, turn_id, payload]);
}

/** The parsed payload that an event refers to. */
export function payloadOf(
  source: RolloutSource,
  ref: { readonly payload_id: PayloadId } | null | undefined,
): unknown {
  if (ref === null || ref === undefined) return undefined;
  const read = source.payloads.json(ref.payload_id);
  if (!read.ok) throw new Error(read.message);
  return read.value;
}

/** Every id that `value` holds under `payload_id`, at any depth. */
export function payloadIdsIn(value: unknown): readonly PayloadId[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, field]: [string, unknown]) =>
    key === "payload_id" ? [field as PayloadId] : payloadIdsIn(field),
  );
}

/** Runs one of `test/programs` from source. Its stdout is a pipe. */
export function runProgram(name: string, ...args: string[]): ChildProcess {
  const program = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ["--conditions=rollout-trace-source", program, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Resolves with the exit code, or the name of the signal. */
export function exitOf(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? code));
  });
}
