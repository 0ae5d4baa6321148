/** A Codex trace bundle as a `RolloutSource`, read where it lies. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject, RolloutId, RolloutSource, SourceRecord } from "@rollout-trace/protocol";
import { asId } from "@rollout-trace/protocol";
import type { ImportInput } from "@rollout-trace/trace";
import { CliError } from "../../errors.ts";
import { readLines, readPieces } from "../read-lines.ts";
import { asPayloadRef, type BundleEvent, parseBundleEvent } from "./bundle-event.ts";
import { carriedBy } from "./carried.ts";
import { Consistency } from "./consistency.ts";
import { type BundleManifest, MANIFEST_FILE, readManifest } from "./manifest.ts";
import { fileInside, type PayloadFile, PayloadFiles } from "./payload-files.ts";
import { payloadKindOf } from "./payload-kind.ts";
import { createTranslator } from "./translate.ts";

/** Whether a folder looks like a bundle. */
export function isCodexBundle(folder: string): boolean {
  return existsSync(join(folder, MANIFEST_FILE));
}

/**
 * Opens a bundle. Lines and payloads that cannot be read come out as problems of the source and as failed reads; only a
 * bundle without a readable manifest or event log throws (`CliError` `unreadable_source`).
 */
export function openCodexBundle(folder: string): RolloutSource {
  const manifest = readManifest(folder);
  const log = eventLogOf(folder, manifest);
  const payloadFolder = join(folder, manifest.payloadFolder);
  const { files, isImported } = lookThrough(log);
  const payloads = new PayloadFiles(folder, files);
  return {
    rolloutId: asId<RolloutId>(manifest.rolloutId),
    provenance: isImported ? "imported" : "recorded",
    eventCount: null,
    payloads,
    *events(fromSeq = 1) {
      if (!existsSync(payloadFolder)) {
        yield problem(payloadFolder, "the manifest names this payload folder, but there is none");
      }
      yield* translated(log, manifest, payloads, fromSeq);
    },
  };
}

/** Which rollout a bundle holds, and when its first event was, in microseconds since the epoch; 0 where nothing tells. */
export function bundleStart(folder: string): { readonly rolloutId: string; readonly startedTimeUs: number } {
  const manifest = readManifest(folder);
  return { rolloutId: manifest.rolloutId, startedTimeUs: firstTimeUs(eventLogOf(folder, manifest)) };
}

function firstTimeUs(log: string): number {
  for (const { text } of readLines(log)) {
    const event = parseBundleEvent(text);
    if (typeof event !== "string") return event.timeUnixMs * 1000;
  }
  return 0;
}

/** Throws `CliError` `unreadable_source` when there is none in the bundle. */
function eventLogOf(folder: string, { eventLog }: BundleManifest): string {
  const log = join(folder, eventLog);
  if (fileInside(folder, eventLog) !== null) return log;
  throw new CliError(
    "unreadable_source",
    `${log}: the manifest names this event log, but there is no such file in the bundle`,
  );
}

/** The bundle's event log, as an import remembers it. Throws like `openCodexBundle`. */
export function bundleInput(folder: string): ImportInput {
  const path = join(folder, readManifest(folder).eventLog);
  return { name: "events", path, read: () => readPieces(path) };
}

function* translated(
  log: string,
  manifest: BundleManifest,
  payloads: PayloadFiles,
  fromSeq: number,
): Generator<SourceRecord, void, undefined> {
  const translate = createTranslator(manifest, payloads);
  const consistency = new Consistency(manifest);
  for (const line of readLines(log)) {
    if (line.text.trim() === "") continue;
    const event = parseBundleEvent(line.text);
    if (typeof event === "string") {
      const why = line.terminated ? event : `${event}; the last line was cut off while it was being written`;
      yield problem(`${log}:${line.number}`, why);
      continue;
    }
    for (const why of consistency.check(event)) {
      if (event.seq >= fromSeq) yield problem(`${log}:${line.number}`, why);
    }
    const value = translate(event);
    if (event.seq >= fromSeq) yield { type: "event", value };
  }
}

interface Overview {
  /** Which file each payload is in: the events say so, and a reader may ask before it has seen the event. */
  readonly files: ReadonlyMap<string, PayloadFile>;
  readonly isImported: boolean;
}

function lookThrough(log: string): Overview {
  const files = new Map<string, PayloadFile>();
  let isImported = false;
  for (const line of readLines(log)) {
    const event = parseBundleEvent(line.text);
    if (typeof event === "string") continue;
    addRefs(event, files);
    if (event.type === "rollout_started") isImported ||= carriedBy(event.payload)?.isImported === true;
  }
  return { files, isImported };
}

function addRefs(event: BundleEvent, files: Map<string, PayloadFile>): void {
  const { payloads, ...fields }: JsonObject = event.payload;
  const carried = carriedBy(event.payload)?.payloads ?? [];
  for (const value of [...Object.values(fields), ...(Array.isArray(payloads) ? payloads : []), ...carried]) {
    const ref = asPayloadRef(value);
    if (ref === null) continue;
    const kind = payloadKindOf(ref.kind, event.type);
    // A cell's event may name what its call returned.
    if (kind === "code_cell_response" && files.has(ref.id)) continue;
    files.set(ref.id, { path: ref.path, kind });
  }
}

function problem(where: string, message: string): SourceRecord {
  return { type: "problem", problem: { where, message } };
}
