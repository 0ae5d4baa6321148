/**
 * Any rollout as a Codex trace bundle, for tools that read those.
 *
 * Owns the folder: everything is written beside it under another name, and the finished bundle takes its place in one step, so
 * that a folder with this name is always whole. What an event becomes is decided in `bundle-event.ts`, what a payload becomes
 * in `bundle-payload.ts`.
 */
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  decodeRawEvent,
  type JsonObject,
  type PayloadId,
  type PayloadRef,
  type RawEvent,
  type RolloutSource,
} from "@rollout-trace/protocol";
import { Turns, undoneBySignal, Unfinished } from "../../commands/unfinished.ts";
import { CliError, messageOf } from "../../errors.ts";
import { MANIFEST_FILE } from "../../sources/codex-bundle/manifest.ts";
import type { BundleVersion } from "./bundle-counterpart.ts";
import { createBundleTranslator } from "./bundle-event.ts";
import { bundleDocument } from "./bundle-payload.ts";
import { isRef, type RefWriter } from "./bundle-ref.ts";

export type { BundleVersion };

export interface ExportBundleOptions {
  /**
   * Schema version of the bundle: 1 is read by the programs up to 0.164, 2 by those from 0.169. Default: 2 where the recording
   * says which item entered the history when (version 2 cannot do without), otherwise 1.
   */
  readonly version?: BundleVersion | undefined;
}

export interface ExportedBundle {
  readonly version: BundleVersion;
  readonly events: number;
  readonly payloads: number;
  /** What could not be written, each in words with its event or payload: unreadable events and payloads. */
  readonly losses: readonly string[];
}

/**
 * Writes a bundle. Events are numbered anew from 1 where the source has gaps, since bundles allow none. Throws `CliError`
 * `unwritable_output` when the folder exists or cannot be written, and `inexpressible` when the rollout has no beginning, or
 * speaks a dialect that bundles do not.
 */
export function exportCodexBundle(
  rollout: RolloutSource,
  folder: string,
  options: ExportBundleOptions = {},
): ExportedBundle {
  const steps = bundleSteps(rollout, folder, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** As `exportCodexBundle`, but gives others a turn now and then: a signal ends it, and leaves nothing behind. */
export async function exportCodexBundleInTurns(
  rollout: RolloutSource,
  folder: string,
  options: ExportBundleOptions = {},
): Promise<ExportedBundle> {
  const turns = new Turns();
  const steps = bundleSteps(rollout, folder, options);
  using _undoing = undoneBySignal(() => steps[Symbol.dispose]());
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (step.value === "whole") await nextTurn();
    else await turns.offer();
  }
}

/** A bundle on its way: after each event, and when it is whole but not in its place. */
type BundleSteps = Generator<"event" | "whole", ExportedBundle, undefined>;

function* bundleSteps(rollout: RolloutSource, folder: string, options: ExportBundleOptions): BundleSteps {
  if (existsSync(folder)) throw new CliError("unwritable_output", `${folder}: is already there`);
  const overview = lookThrough(rollout);
  try {
    using unfinished = new Unfinished(folder);
    unfinished.makeFolder();
    const exported = yield* writeBundle(rollout, { ...options, overview, folder: unfinished.path });
    yield "whole";
    unfinished.finish();
    return exported;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError("unwritable_output", `${folder}: ${messageOf(error)}`, { cause: error });
  }
}

const EVENT_LOG = "trace.jsonl";

interface WriteOptions extends ExportBundleOptions {
  readonly overview: Overview;
  readonly folder: string;
}

function* writeBundle(rollout: RolloutSource, options: WriteOptions): BundleSteps {
  const { overview, folder } = options;
  const version = options.version ?? (overview.saysAcceptance ? 2 : 1);
  mkdirSync(join(folder, "payloads"));
  const payloads = new PayloadWriter(rollout, folder, overview.keepsNumbers);
  const translate = createBundleTranslator({ version, rollout, lastSeq: overview.lastSeq, refs: payloads });
  const log = openSync(join(folder, EVENT_LOG), "wx");
  let seq = 0;
  let manifest: JsonObject | null = null;
  try {
    for (const event of readableEvents(rollout)) {
      seq += 1;
      const timeMs = Math.floor(event.time_unix_us / 1000);
      if (event.payload.type === "rollout_started" && manifest === null) {
        manifest = {
          schema_version: version,
          trace_id: event.payload.trace_id,
          rollout_id: event.rollout_id,
          root_thread_id: event.payload.root_thread_id,
          started_at_unix_ms: timeMs,
          raw_event_log: EVENT_LOG,
          payloads_dir: "payloads",
        };
      }
      const line = {
        schema_version: version,
        seq,
        wall_time_unix_ms: timeMs,
        rollout_id: event.rollout_id,
        thread_id: event.thread_id,
        codex_turn_id: event.turn_id,
        payload: translate(event),
      };
      writeSync(log, `${JSON.stringify(line)}\n`);
      yield "event";
    }
  } finally {
    closeSync(log);
  }
  if (manifest === null) {
    throw new CliError(
      "inexpressible",
      `rollout ${rollout.rolloutId} has no rollout_started, which a bundle needs`,
    );
  }
  writeFileSync(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  return {
    version,
    events: seq,
    payloads: payloads.written,
    losses: [...overview.losses, ...payloads.losses],
  };
}

interface Overview {
  readonly saysAcceptance: boolean;
  /** Whether every payload already has the name that a bundle gives it. */
  readonly keepsNumbers: boolean;
  /** Of the last readable event. */
  readonly lastSeq: number;
  readonly losses: readonly string[];
}

const BUNDLE_PAYLOAD_ID = /^raw_payload:([1-9]\d{0,8})$/;

function lookThrough(rollout: RolloutSource): Overview {
  let saysAcceptance = false;
  let keepsNumbers = true;
  let lastSeq = 0;
  const losses: string[] = [];
  for (const record of rollout.events()) {
    if (record.type === "problem") {
      losses.push(`${record.problem.where}: ${record.problem.message}`);
      continue;
    }
    const decoded = decodeRawEvent(record.value);
    if (!decoded.ok) {
      losses.push(decoded.error.message);
      continue;
    }
    lastSeq = decoded.event.seq;
    if (decoded.event.payload.type === "history_item_accepted") saysAcceptance = true;
    if (refsIn(decoded.event).some(({ payload_id: id }) => !BUNDLE_PAYLOAD_ID.test(id))) keepsNumbers = false;
  }
  return { saysAcceptance, keepsNumbers, lastSeq, losses };
}

function* readableEvents(rollout: RolloutSource): Generator<RawEvent, void, undefined> {
  for (const record of rollout.events()) {
    const decoded = record.type === "event" ? decodeRawEvent(record.value) : null;
    if (decoded?.ok === true) yield decoded.event;
  }
}

function refsIn({ payload }: RawEvent): readonly PayloadRef[] {
  const values: readonly unknown[] = Object.values(payload).flat();
  return values.filter(isRef);
}

/** Writes each payload once, at its first mention, and gives its reference. */
class PayloadWriter implements RefWriter {
  readonly losses: string[] = [];
  written = 0;
  readonly #rollout: RolloutSource;
  readonly #folder: string;
  readonly #keepsNumbers: boolean;
  readonly #numbers = new Map<PayloadId, number>();
  #placeholder: number | null = null;

  constructor(rollout: RolloutSource, folder: string, keepsNumbers: boolean) {
    this.#rollout = rollout;
    this.#folder = folder;
    this.#keepsNumbers = keepsNumbers;
  }

  number(ref: PayloadRef, change?: (document: JsonObject) => JsonObject): number {
    const known = this.#numbers.get(ref.payload_id);
    if (known !== undefined) return known;
    const kept = this.#keepsNumbers ? BUNDLE_PAYLOAD_ID.exec(ref.payload_id)?.[1] : undefined;
    const number = kept === undefined ? this.#numbers.size + 1 : Number(kept);
    this.#numbers.set(ref.payload_id, number);
    const read = this.#rollout.payloads.json(ref.payload_id);
    // A payload that cannot be read is missing in the bundle too: an invented one would be worse.
    if (!read.ok) this.losses.push(read.message);
    else {
      const document = bundleDocument(ref.kind, read.value, change);
      writeFileSync(join(this.#folder, "payloads", `${number}.json`), JSON.stringify(document, null, 2));
      this.written += 1;
    }
    return number;
  }

  placeholder(): number {
    this.#placeholder ??= this.add({});
    return this.#placeholder;
  }

  add(document: JsonObject): number {
    const id = `made ${this.#numbers.size}` as PayloadId;
    // Numbers that were kept may be any; a made one goes above all that a bundle would have given so far.
    const number = this.#keepsNumbers ? MADE_FROM + this.#numbers.size : this.#numbers.size + 1;
    this.#numbers.set(id, number);
    writeFileSync(join(this.#folder, "payloads", `${number}.json`), JSON.stringify(document, null, 2));
    this.written += 1;
    return number;
  }
}

const MADE_FROM = 1_000_000_000;
