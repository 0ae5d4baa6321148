import { readFileSync } from "node:fs";
import Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  asId,
  type JsonValue,
  type PayloadId,
  type PayloadRead,
  type RolloutId,
  type RolloutSource,
  type SourceRecord,
} from "@rollout-trace/protocol";
import {
  type ImportInput,
  type ImportResult,
  type ImportRolloutOptions,
  openRolloutImporter,
  type RolloutImporterOptions,
  readTraceStore,
  verifyStore,
} from "@rollout-trace/trace";
import { openStore, temporaryPath } from "../support.ts";

interface Foreign {
  readonly records: readonly SourceRecord[];
  readonly payloads?: Readonly<Record<string, PayloadRead<JsonValue>>>;
  readonly provenance?: RolloutSource["provenance"];
  /** Lines of the file that it is read from. Default: it is read from none. */
  readonly file?: readonly string[] | undefined;
}

function sourceOf({ records, payloads = {}, provenance = "imported" }: Foreign): RolloutSource {
  const read = (id: string): PayloadRead<JsonValue> =>
    (Object.hasOwn(payloads, id) ? payloads[id] : undefined) ?? {
      ok: false,
      code: "missing_payload",
      message: `no ${id}`,
    };
  return {
    rolloutId: asId<RolloutId>("r"),
    provenance,
    eventCount: null,
    *events(fromSeq = 1) {
      for (const record of records) {
        const { seq } = (record.type === "event" ? record.value : {}) as { readonly seq?: number };
        if (seq === undefined || seq >= fromSeq) yield record;
      }
    },
    payloads: {
      json: (id) => read(id),
      items: () => ({ ok: false, code: "no_such_array", message: "not asked for" }),
      stat: (id) => {
        const found = read(id);
        const size = found.ok ? JSON.stringify(found.value, null, 2).length : 7;
        return found.ok || found.code === "invalid_payload" ? { kind: "other", size_bytes: size } : null;
      },
    },
  };
}

function inputOf(lines: readonly string[], name = "log"): ImportInput {
  return {
    name,
    path: `/logs/${name}`,
    *read() {
      for (const line of lines) yield Buffer.from(line);
    },
  };
}

const event = (seq: number, payload: object, more: object = {}): SourceRecord => ({
  type: "event",
  value: {
    schema_version: 1,
    seq,
    time_unix_us: 1000 + seq,
    rollout_id: "r",
    thread_id: "t",
    turn_id: null,
    payload,
    ...more,
  },
});

const started = event(1, { type: "rollout_started", trace_id: "trace", root_thread_id: "t", host: null });
const breadcrumb = (seq: number, id = `log:${seq}:event`): SourceRecord =>
  event(seq, {
    type: "protocol_event_observed",
    event_type: "note",
    event: { payload_id: id, kind: "other" },
  });
const problem = (where: string): SourceRecord => ({ type: "problem", problem: { where, message: "torn" } });
const ok = (value: JsonValue): PayloadRead<JsonValue> => ({ ok: true, value });

function importer(path: string, options: Partial<RolloutImporterOptions> = {}) {
  const opened = openRolloutImporter({ path, redact: false, ...options });
  onTestFinished(() => opened.close());
  return (foreign: Foreign, more: Partial<ImportRolloutOptions> = {}): ImportResult => {
    const inputs = foreign.file === undefined ? undefined : [inputOf(foreign.file)];
    return opened.importRollout(sourceOf(foreign), { format: "test", inputs, ...more });
  };
}

/** What a reducer reads: records in order, and each payload that was asked for. */
function readBack(path: string, ids: readonly string[] = []) {
  using store = readTraceStore(path);
  const rollout = store.openRollout("r");
  const payloads = ids.map((id) => [
    id,
    rollout.payloads.json(asId<PayloadId>(id)),
    rollout.payloads.stat(asId<PayloadId>(id)),
  ]);
  return { records: [...rollout.events()], payloads, provenance: rollout.provenance };
}

function directly(foreign: Foreign, ids: readonly string[]) {
  const source = sourceOf(foreign);
  const { payloads, provenance } = source;
  const read = ids.map((id) => [id, payloads.json(asId<PayloadId>(id)), payloads.stat(asId<PayloadId>(id))]);
  return { records: [...source.events()], payloads: read, provenance };
}

describe("importing a rollout", () => {
  const damaged: Foreign = {
    records: [
      problem("log:1"),
      started,
      breadcrumb(2, "whole"),
      problem("log:4"),
      problem("log:5"),
      event(2, { type: "rollout_ended", status: "completed" }),
      event(5, { type: "from_the_future", list: [{ payload_id: "torn", kind: "other" }] }),
      { type: "event", value: { seq: 6, not: "an event" } },
      { type: "event", value: "no object" },
      event(6, { type: "rollout_ended", status: "completed" }, { rollout_id: "another" }),
      event(7, { type: "thread_started", metadata: { payload_id: "missing", kind: "thread_metadata" } }),
      event(8, { type: "other", metadata: { payload_id: "no ref", of: "the host" } }),
      problem("log:9"),
    ],
    payloads: {
      whole: ok({ input: ["a", { b: "ü".repeat(300) }], "": null }),
      torn: { ok: false, code: "invalid_payload", message: "torn at 7" },
    },
  };
  const ids = ["whole", "torn", "missing"];

  it("gives back what the source says: events, places that cannot be read, payloads and why there are none", () => {
    const path = temporaryPath();
    expect(importer(path)(damaged)).toEqual({
      rolloutId: "r",
      traceId: "trace",
      outcome: "new",
      addedEvents: 5,
      replacedEvents: 0,
      strays: 8,
    });
    expect(readBack(path, ids)).toEqual(directly(damaged, ids));
    const others = readBack(path, ["no ref", "p1", "__proto__"]).payloads;
    expect(others.map(([, read, stat]) => [read, stat])).toEqual(
      Array.from({ length: 3 }, () => [expect.objectContaining({ code: "missing_payload" }), null]),
    );
  });

  it("reads from any event on, with the places behind it", () => {
    const path = temporaryPath();
    importer(path)({ records: [started, problem("a"), breadcrumb(2), problem("b"), breadcrumb(3)] });
    using store = readTraceStore(path);
    expect([...store.openRollout("r").events(3)]).toEqual([problem("b"), breadcrumb(3)]);
  });

  it("adds nothing a second time, and keeps apart rollouts of one id that are two recordings", () => {
    const path = temporaryPath();
    const run = importer(path);
    run(damaged);
    const before = readFileSync(path);
    expect(run(damaged)).toMatchObject({ outcome: "unchanged", addedEvents: 0 });
    expect(readFileSync(path)).toEqual(before);
    const again = event(1, { type: "rollout_started", trace_id: "another", root_thread_id: "t", host: null });
    expect(run({ records: [again] })).toMatchObject({ outcome: "new", traceId: "another" });
  });

  it("is found sound, but for what its source lacks", () => {
    const path = temporaryPath();
    importer(path)(damaged);
    const codes = verifyStore(path).findings.map(({ code, where }) => [code, where.payloadId ?? where.seq]);
    expect(codes).toEqual([
      ["seq_gap", 5],
      ["event_unknown", 5],
      ["seq_gap", 7],
      ["event_invalid", 7],
      ["event_invalid", 8],
      ["payload_missing", "torn"],
      ["payload_missing", "missing"],
    ]);
  });

  it("keeps secrets from the disk wherever they stand, and finds payloads under the names that are left", () => {
    const path = temporaryPath();
    const secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH";
    const foreign: Foreign = {
      records: [
        started,
        breadcrumb(2, "doc"),
        event(3, { type: "protocol_event_observed", event_type: secret, event: null }),
        problem(`/home/${secret}:1`),
      ],
      payloads: { doc: ok({ authorization: `Bearer ${secret}`, text: secret }) },
    };
    importer(path, { redact: undefined })(foreign);
    expect(readFileSync(path).includes(secret)).toBe(false);
    const { payloads } = readBack(path, ["doc"]);
    expect(JSON.stringify(payloads)).toMatch(/\[redacted:\w+:[0-9a-f]{8}\]/);
    expect(importer(path, { redact: undefined })(foreign).outcome).toBe("unchanged");
  });

  it("refuses what the store recorded itself, and what has no event", () => {
    const path = temporaryPath();
    const recorded = openStore({ path });
    recorded.startRollout({ rolloutId: "r" }).endRollout();
    recorded.close();
    using store = readTraceStore(path);
    const own = store.openRollout("r");
    const opened = openRolloutImporter({ path, redact: false });
    onTestFinished(() => opened.close());
    expect(() => opened.importRollout(own, { format: "store" })).toThrow(
      expect.objectContaining({ code: "recorded_here" }),
    );
    expect(() => importer(path)({ records: [problem("x")] })).toThrow(
      expect.objectContaining({ code: "nothing_to_import" }),
    );
    expect(store.rollouts()).toHaveLength(1);
  });

  it("goes by what the events say where a source calls itself otherwise", () => {
    const path = temporaryPath();
    const named = (record: SourceRecord): SourceRecord =>
      record.type === "event"
        ? { ...record, value: { ...(record.value as object), rollout_id: "s" } }
        : record;
    expect(importer(path)({ records: [named(started), named(breadcrumb(2))] })).toMatchObject({
      rolloutId: "s",
      addedEvents: 2,
      strays: 0,
    });
  });

  it("leaves a recorder of the same store alone, and is left alone by it", () => {
    const path = temporaryPath();
    const recording = openStore({ path });
    const root = recording.startRollout({ rolloutId: "recorded" });
    importer(path)(damaged);
    root.endRollout();
    recording.close();
    openStore({ path }).close();
    expect(readBack(path, ids)).toEqual(directly(damaged, ids));
  });
});

describe("importing what has changed since", () => {
  const grown = (count: number, end: readonly SourceRecord[] = []): Foreign => {
    const events = Array.from({ length: count }, (_, index) => breadcrumb(index + 2));
    const names = events.map((_, index) => `log:${index + 2}:event`);
    return {
      records: [started, ...events, ...end],
      payloads: Object.fromEntries(names.map((name) => [name, ok({ name, text: "x".repeat(100) })])),
      file: names.map((name) => `${name}\n`),
    };
  };
  const over = (seq: number): SourceRecord => event(seq, { type: "rollout_ended", status: "completed" });
  const allIds = (count: number) => Array.from({ length: count }, (_, index) => `log:${index + 2}:event`);

  it("adds what is new, in place of what the source said at its old end", () => {
    const path = temporaryPath();
    const run = importer(path);
    run(grown(3, [over(5), problem("cut off")]));
    expect(run(grown(6, [over(8)]))).toMatchObject({
      outcome: "continued",
      addedEvents: 4,
      replacedEvents: 1,
    });
    expect(readBack(path, allIds(6))).toEqual(directly(grown(6, [over(8)]), allIds(6)));
    expect(verifyStore(path).findings).toEqual([]);
  });

  it("is the same, however it grew", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 }), (sizes) => {
        const path = temporaryPath();
        const run = importer(path);
        const counts = sizes.toSorted((left, right) => left - right);
        for (const count of counts) run(grown(count, [over(count + 2)]));
        const last = counts.at(-1) ?? 0;
        expect(readBack(path, allIds(last))).toEqual(directly(grown(last, [over(last + 2)]), allIds(last)));
      }),
      { numRuns: 25 },
    );
  });

  it("notices a payload that says more under the same name", () => {
    const path = temporaryPath();
    const run = importer(path);
    const before = grown(2);
    run(before);
    const after = grown(4);
    const payloads = { ...after.payloads, "log:3:event": ok({ answer: "whole now" }) };
    expect(run({ ...after, payloads })).toMatchObject({ addedEvents: 3, replacedEvents: 1 });
    expect(readBack(path, allIds(4))).toEqual(directly({ ...after, payloads }, allIds(4)));
  });

  it("refuses a file that was rewritten, by its first line that differs, and keeps what it has", () => {
    const path = temporaryPath();
    const run = importer(path);
    run(grown(5));
    const file = grown(7).file?.map((line, index) => (index === 2 ? "another\n" : line));
    expect(() => run({ ...grown(7), file })).toThrow(
      expect.objectContaining({
        code: "source_rewritten",
        message: expect.stringContaining("/logs/log: line 3 "),
      }),
    );
    expect(readBack(path, allIds(5))).toEqual(directly(grown(5), allIds(5)));
  });

  it("takes an older copy for what it is, also one that was cut within a line", () => {
    const path = temporaryPath();
    const run = importer(path);
    run(grown(5));
    expect(run(grown(3)).outcome).toBe("unchanged");
    const file = [...(grown(3).file ?? []), "log:5:ev"];
    expect(run({ ...grown(3), file }).outcome).toBe("unchanged");
    expect(readBack(path, allIds(5))).toEqual(directly(grown(5), allIds(5)));
  });

  it("wants the files together that were imported together, once one of them has grown", () => {
    const path = temporaryPath();
    const run = importer(path);
    const child = inputOf(["child\n"], "child");
    run(grown(3), { inputs: [inputOf(grown(3).file ?? []), child] });
    expect(run(grown(3)).outcome).toBe("unchanged");
    expect(() => run(grown(4))).toThrow(
      expect.objectContaining({
        code: "import_incomplete",
        message: expect.stringContaining("/logs/child is missing"),
      }),
    );
    expect(run(grown(4), { inputs: [inputOf(grown(4).file ?? []), child] })).toMatchObject({
      addedEvents: 1,
    });
  });

  it("goes on where an import was cut off, and what is there until then can be read", () => {
    const path = temporaryPath();
    const run = importer(path);
    const controller = new AbortController();
    const whole = grown(2000, [over(2002)]);
    const onProgress = ({ records }: { readonly records: number }): void => {
      if (records > 1200) controller.abort(new Error("stopped"));
    };
    expect(() => run(whole, { onProgress, signal: controller.signal })).toThrow("stopped");
    const { records } = readBack(path);
    expect(records.length).toBeGreaterThan(400);
    expect(records).toEqual(directly(whole, []).records.slice(0, records.length));
    expect(verifyStore(path).findings).toEqual([]);
    expect(run(whole)).toMatchObject({
      outcome: "continued",
      addedEvents: 2002 - records.length,
      replacedEvents: 0,
    });
    expect(readBack(path, allIds(2000))).toEqual(directly(whole, allIds(2000)));
  });
});

describe("the views of a store", () => {
  it("name the payloads of an imported rollout as its events do", () => {
    const path = temporaryPath();
    importer(path)({
      records: [started, breadcrumb(2, "log:2:event")],
      payloads: { "log:2:event": ok([1]) },
    });
    const database = new Database(path, { readonly: true });
    onTestFinished(() => void database.close());
    expect(database.prepare("SELECT payload_id, kind FROM v_payloads").all()).toEqual([
      { payload_id: "log:2:event", kind: "other" },
    ]);
  });
});
