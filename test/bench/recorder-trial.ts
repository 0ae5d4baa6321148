/**
 * One trial of the recorder's benchmark: `recorder-trial.ts CASE [NUMBER]` prints the figures of that case. NUMBER is the turns of
 * a session, or the events of what writes events.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { type Durability, disabledTurnTrace, openTraceStore, type ThreadTrace } from "@rollout-trace/trace";
import Database from "better-sqlite3";
import { percentile } from "./figures.ts";
import { GrowingSession, smallEvent } from "./recorder-session.ts";

/** When the baseline commits, so that it may lose no more than a batch of the recorder: that is its default too. */
const BATCH = Object.freeze({ events: 1000, ms: 5 });
const SPAN_BATCH = 512;

const [name = "", number = "0"] = process.argv.slice(2);
/** Of a kind that waits for the file each time, and of one that does not. */
const EVENTS = Object.freeze({ waiting: Number(number) || 4000, batched: Number(number) * 10 || 40_000 });
/** Enough for the compiler to be done. */
const WARM_EVENTS = Math.min(5000, EVENTS.batched);
const folder = mkdtempSync(join(tmpdir(), "recorder-trial-"));
const path = join(folder, "trace.db");

const CASES: Readonly<Record<string, () => Record<string, number> | Promise<Record<string, number>>>> = {
  files: () => timeEach(fileWriter(), EVENTS.waiting),
  process: () => timeEach(recorder("process"), EVENTS.waiting),
  batch: () => timeEach(recorder("batch"), EVENTS.batched),
  "batch-unredacted": () => timeEach(recorder("batch", false), EVENTS.batched),
  bare: () => timeEach(bareInserts(), EVENTS.batched),
  spans,
  disabled,
  session: () => session(Number(number)),
  growth: () => growth(Number(number)),
  forks,
  crowd,
};

const run = CASES[name];
if (run === undefined) throw new Error(`no case ${name}`);
const figures = await run();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(JSON.stringify(figures));

/** Something that writes events; `end` does what was put off. */
interface Writer {
  write(index: number): void;
  end(): void;
}

function timeEach(writer: Writer, events: number): Record<string, number> {
  for (let index = 1; index <= WARM_EVENTS; index += 1) writer.write(index);
  const times: number[] = [];
  const began = performance.now();
  let last = began;
  for (let index = 1; index <= events; index += 1) {
    writer.write(WARM_EVENTS + index);
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  writer.end();
  const usPerEvent = ((performance.now() - began) * 1000) / events;
  return { usPerEvent, p999Ms: percentile(times, 0.999), maxMs: percentile(times, 1) };
}

/** What people do by hand. */
function fileWriter(): Writer {
  const payloads = join(folder, "payloads");
  mkdirSync(payloads);
  return {
    write: (index) => {
      const { event, payload } = smallEvent(index);
      writeFileSync(join(payloads, `${index}.json`), JSON.stringify(payload));
      const envelope = { seq: index, time_unix_us: Date.now() * 1000, thread_id: "t", payload: event };
      appendFileSync(join(folder, "events.jsonl"), `${JSON.stringify(envelope)}\n`);
    },
    end: () => {},
  };
}

/** The same as spans of the official SDK, which a batch processor hands to an exporter that appends them to a file. */
async function spans(): Promise<Record<string, number>> {
  const exporter: SpanExporter = {
    export: (batch, done) => {
      appendFileSync(join(folder, "spans.jsonl"), JsonTraceSerializer.serializeRequest(batch) ?? "");
      appendFileSync(join(folder, "spans.jsonl"), "\n");
      done({ code: 0 });
    },
    shutdown: async () => {},
  };
  const processor = new BatchSpanProcessor({ exporter, maxExportBatchSize: SPAN_BATCH });
  const provider = new TracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer("bench");
  const record = async (from: number, to: number): Promise<void> => {
    for (let index = from; index < to; index += 1) {
      const { payload } = smallEvent(index);
      tracer.startSpan("tool_output", { attributes: { payload: JSON.stringify(payload) } }).end();
      // The processor drops what a host makes faster than it exports.
      if (index % SPAN_BATCH === 0) await processor.forceFlush();
    }
  };
  await record(0, WARM_EVENTS);
  const began = performance.now();
  await record(WARM_EVENTS, WARM_EVENTS + EVENTS.batched);
  await processor.forceFlush();
  return { usPerEvent: ((performance.now() - began) * 1000) / EVENTS.batched };
}

function recorder(durability: Durability, redact?: false): Writer {
  const store = openTraceStore({ path, durability, redact });
  const root = store.startRollout({ rootThread: { threadId: "t" } });
  return {
    write: (index) => root.protocolEvent("tool_output", () => smallEvent(index).payload),
    end: () => void store.flush(),
  };
}

/** The same bytes into the simplest tables that could hold them, committed as often. */
function bareInserts(): Writer {
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  database.exec(`
    CREATE TABLE events (seq INTEGER PRIMARY KEY, time_unix_us INTEGER, thread_id TEXT, type TEXT, body TEXT) STRICT;
    CREATE TABLE payloads (payload INTEGER PRIMARY KEY, kind TEXT, bytes TEXT) STRICT`);
  const insertEvent = database.prepare("INSERT INTO events VALUES (?, ?, 't', 'protocol_event_observed', ?)");
  const insertPayload = database.prepare("INSERT INTO payloads VALUES (?, 'protocol_event', ?)");
  let open = 0;
  let began = 0;
  return {
    write: (index) => {
      const now = performance.now();
      if (open === 0) {
        database.exec("BEGIN IMMEDIATE");
        began = now;
      }
      const { event, payload } = smallEvent(index);
      insertPayload.run(index, JSON.stringify(payload));
      insertEvent.run(index, Date.now() * 1000, JSON.stringify(event));
      open += 1;
      if (open < BATCH.events && now - began < BATCH.ms) return;
      database.exec("COMMIT");
      open = 0;
    },
    end: () => void (database.inTransaction && database.exec("COMMIT")),
  };
}

/** Nanoseconds of a call of a handle with nothing behind it, and bytes that it leaves on the heap. */
function disabled(): Record<string, number> {
  const turn = disabledTurnTrace();
  const kind = { type: "web" } as const;
  const calls = 4;
  const round = (index: number): void => {
    const call = turn.startToolCall({
      kind,
      label: "look",
      invocation: () => ({ tool_name: "x", payload: { type: "json", value: index } }),
    });
    call.runtimeStarted(() => ({ index, large: "x".repeat(1_000_000) }));
    call.ended({ result: () => ({ type: "direct", item: { index } }) });
    turn.protocolEvent("x", () => ({ index }));
  };
  for (let index = 0; index < 200_000; index += 1) round(index);
  const rounds = 5_000_000;
  const began = performance.now();
  for (let index = 0; index < rounds; index += 1) round(index);
  return { nsPerCall: ((performance.now() - began) * 1e6) / (rounds * calls) };
}

function recordTurn(root: ThreadTrace, growing: GrowingSession, branch = ""): number {
  const turn = root.startTurn();
  const request = growing.request(branch);
  const start = { model: "model-1", provider: "p", dialect: "openai_responses" } as const;
  const inference = turn.startInference({ ...start, request: () => request });
  const size = JSON.stringify(request).length;
  inference.completed({ response: () => growing.response(branch) });
  turn.end();
  return size;
}

/** What a session of growing requests takes, beside a file for each request. */
function session(turns: number): Record<string, number> {
  const store = openTraceStore({ path, durability: "batch" });
  const root = store.startRollout();
  const growing = new GrowingSession();
  let requestBytes = 0;
  for (let turn = 0; turn < turns; turn += 1) requestBytes += recordTurn(root, growing);
  store.close();
  return { storeBytes: statSync(path).size, requestBytes };
}

/** Bytes per turn around turn 100 and around the last one. */
function growth(turns: number): Record<string, number> {
  const store = openTraceStore({ path, durability: "batch" });
  const root = store.startRollout();
  const growing = new GrowingSession();
  const reader = new Database(path, { readonly: true });
  const sizeNow = (): number => {
    store.flush();
    return (
      Number(reader.pragma("page_count", { simple: true })) *
      Number(reader.pragma("page_size", { simple: true }))
    );
  };
  const sizes: Map<number, number> = new Map();
  for (let turn = 1; turn <= turns; turn += 1) {
    recordTurn(root, growing);
    if ([50, 150, turns - 100, turns].includes(turn)) sizes.set(turn, sizeNow());
  }
  const between = (from: number, to: number): number =>
    ((sizes.get(to) ?? 0) - (sizes.get(from) ?? 0)) / (to - from);
  return { early: between(50, 150), late: between(turns - 100, turns) };
}

/** A session of 500 turns, and 20 others that go on from its turn 400 for 25 turns each. */
function forks(): Record<string, number> {
  const store = openTraceStore({ path, durability: "batch" });
  const root = store.startRollout();
  const growing = new GrowingSession();
  const unique: Set<string> = new Set();
  let uniqueBytes = 0;
  const count = (text: string): void => {
    if (unique.has(text)) return;
    unique.add(text);
    uniqueBytes += Buffer.byteLength(text);
  };
  // What no other document has: its elements and large values, and the text around them.
  const countDocument = (document: Record<string, unknown>): void => {
    const around = Object.entries(document).map(([key, value]) => {
      const pieces = Array.isArray(value)
        ? value.map((item) => JSON.stringify(item))
        : [JSON.stringify(value)];
      const isCut = Array.isArray(value) || (pieces[0]?.length ?? 0) >= 256;
      if (isCut) for (const piece of pieces) count(piece);
      return `${JSON.stringify(key)}:${isCut ? "" : pieces[0]}`;
    });
    count(around.join(","));
  };
  const record = (thread: ThreadTrace, growingSession: GrowingSession, branch: string): void => {
    const turn = thread.startTurn();
    const request = growingSession.request(branch);
    countDocument(request);
    const start = { model: "model-1", provider: "p", dialect: "openai_responses" } as const;
    const inference = turn.startInference({ ...start, request: () => request });
    const response = growingSession.response(branch);
    countDocument(response);
    inference.completed({ response: () => response });
    turn.end();
  };
  let base: GrowingSession | null = null;
  for (let turn = 1; turn <= 500; turn += 1) {
    record(root, growing, "");
    if (turn === 400) base = growing.fork();
  }
  for (let fork = 0; fork < 20 && base !== null; fork += 1) {
    const child = root.startChildThread();
    const forked = base.fork();
    for (let turn = 0; turn < 25; turn += 1) record(child, forked, `${fork}-`);
    child.end();
  }
  root.endRollout();
  store.close();
  const database = new Database(path, { readonly: true });
  const scalar = (sql: string): number => Number(database.prepare(sql).pluck().get());
  const eventBytes = scalar(
    "SELECT sum(length(body) + length(type) + coalesce(length(thread_id), 0) + coalesce(length(turn_id), 0) + 12) FROM events",
  );
  const indexBytes = scalar(
    "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE type = 'index')",
  );
  const chunkBytes = scalar("SELECT sum(length(bytes)) FROM chunks");
  const ropeBytes = scalar("SELECT sum(length(rope)) FROM payloads");
  const fileBytes = statSync(path).size;
  return { fileBytes, indexBytes, chunkBytes, ropeBytes, eventBytes, uniqueBytes };
}

/** Processes that write to one file at the same time: the longest call of any of them, and what is missing afterwards. */
async function crowd(): Promise<Record<string, number>> {
  const program = join(import.meta.dirname, "../../packages/trace/test/programs/record-some.ts");
  const [writers, events] = [8, 2000];
  const children = Array.from({ length: writers }, (_, writer) =>
    spawn(
      process.execPath,
      ["--conditions=rollout-trace-source", program, path, `r${writer}`, String(events)],
      {
        stdio: ["pipe", "pipe", "ignore"],
      },
    ),
  );
  const outputs = children.map(() => "");
  for (const [writer, child] of children.entries())
    child.stdout.on("data", (data) => (outputs[writer] += String(data)));
  await Promise.all(children.map((child) => once(child.stdout, "data")));
  const began = performance.now();
  const ends = children.map((child) => once(child, "close"));
  for (const child of children) child.stdin.end("go");
  await Promise.all(ends);
  const seconds = (performance.now() - began) / 1000;
  const longest = outputs.map(
    (output) => (JSON.parse(output.split("\n")[1] ?? "") as { longest: number }).longest,
  );
  const database = new Database(path, { readonly: true });
  const stored = Number(
    database.prepare("SELECT count(*) FROM events WHERE type = 'protocol_event_observed'").pluck().get(),
  );
  return {
    longestMs: Math.max(...longest),
    missing: writers * events - stored,
    eventsPerSecond: stored / seconds,
  };
}
