/** One log in many forms: in memory, and in stores that cut it, compress it, grew in pieces or are read in pieces. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, afterAll, describe, expect, it } from "vitest";
import type {
  JsonObject,
  PayloadId,
  PayloadReader,
  RawEvent,
  RolloutSource,
  SourceRecord,
} from "@rollout-trace/protocol";
import { graphJson, reduceRollout } from "@rollout-trace/reducer";
import {
  type MemoryPayload,
  MemoryPayloads,
  memorySource,
  playRollout,
  randomSteps,
  RolloutBuilder,
  userMessage,
} from "@rollout-trace/reducer/testing";
import { compactTraceStore, openRolloutImporter, readTraceStore } from "@rollout-trace/trace";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reduced-store-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Of every size that a store treats in its own way: parts of a text, chunks, chunks and ropes that are not read ahead. */
function largeRollout(): RolloutBuilder {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  const context: JsonObject[] = [];
  for (let round = 0; round < 280; round += 1) {
    const length = round % 60 === 0 ? 90_000 : round % 8 === 0 ? 5000 : round % 2 === 0 ? 300 : 3;
    context.push(userMessage(`${round} é 😀 `.padEnd(length, "words that repeat ")));
    const answer = { role: "assistant", content: [{ type: "output_text", text: `answer ${round}` }] };
    const shown = context.slice(-40);
    const fields = { instructions: "be brief ".repeat(round % 4 === 0 ? 10 : 1000), tools: [{ round }] };
    turn.request(round % 7 === 6 ? shown.toReversed() : shown, { fields }).respond([answer]);
    context.push(answer);
  }
  turn.end();
  return rollout.end().complete();
}

/** More events than a page has, and more payloads than are read at once. */
const LOGS: readonly (readonly [string, () => RolloutBuilder])[] = [
  ["of several agents", () => playRollout(randomSteps(5, 1200))],
  ["of several more agents", () => playRollout(randomSteps(11, 1200))],
  ["of large payloads", largeRollout],
];

/** A store with a log, imported in so many pieces. */
function stored(rollout: RolloutBuilder, name: string, pieces: number): string {
  const path = join(folder, `${name}.db`);
  using importer = openRolloutImporter({ path, redact: false });
  const { rolloutId } = rollout.source();
  for (let piece = 1; piece <= pieces; piece += 1) {
    const events = rollout.events.slice(0, Math.ceil((rollout.events.length * piece) / pieces));
    const source = memorySource(rolloutId, { events, payloads: rollout.payloads });
    importer.importRollout(source, { format: "test" });
  }
  return path;
}

function reduced(path: string, read: (source: RolloutSource) => RolloutSource = (source) => source): string {
  using store = readTraceStore(path);
  return graphJson(reduceRollout(read(store.openRollout("trace-1"))));
}

/** The same source, whose events are asked for again after so many. */
const inPages =
  (size: number) =>
  (source: RolloutSource): RolloutSource => ({
    ...source,
    *events(fromSeq = 1) {
      for (let next = fromSeq; ;) {
        const page: SourceRecord[] = [];
        for (const record of source.events(next)) if (page.push(record) === size) break;
        yield* page;
        if (page.length < size) return;
        next += size;
      }
    },
  });

/** The same source, with other payloads read between those that are asked for, so that nothing is asked for in order. */
function outOfOrder(source: RolloutSource): RolloutSource {
  const { payloads } = source;
  let asked = 0;
  const readAnother = (payloadId: PayloadId): void => {
    asked += 1;
    const number = Number(payloadId.replace("payload-", ""));
    payloads.json(`payload-${1 + ((number * 7919 + asked) % (2 * number))}` as PayloadId);
  };
  const reader: PayloadReader = {
    json(payloadId) {
      readAnother(payloadId);
      return payloads.json(payloadId);
    },
    items(payloadId, key) {
      readAnother(payloadId);
      return payloads.items(payloadId, key);
    },
    stat: (payloadId) => payloads.stat(payloadId),
  };
  return { ...source, payloads: reader };
}

/** Everything of a store in memory, each payload whole. */
function inMemory(source: RolloutSource): RolloutSource {
  const events = [...source.events()].map((record) => (record.type === "event" ? record.value : null));
  const payloads = new Map<string, MemoryPayload>();
  const read = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, field] of Object.entries(value) as [string, unknown][]) {
      if (key !== "payload_id") read(field);
      else {
        const id = field as PayloadId;
        const [stat, json] = [source.payloads.stat(id), source.payloads.json(id)];
        if (stat !== null && json.ok) payloads.set(id, { kind: stat.kind, value: json.value });
      }
    }
  };
  read(events);
  return {
    ...memorySource(source.rolloutId, { events: events as readonly RawEvent[], payloads }),
    payloads: new MemoryPayloads(payloads),
  };
}

describe.each(LOGS)("a log %s", (name, make) => {
  const rollout = make();
  const fromMemory = graphJson(reduceRollout(rollout.source()));

  it("gives the same bytes from a store as from memory, in whatever sizes its events and payloads are kept and read", () => {
    expect(rollout.events.length).toBeGreaterThan(550);
    expect(rollout.payloads.size).toBeGreaterThan(550);
    const path = stored(rollout, `whole ${name}`, 1);
    const same = new Map<string, string>([
      ["from a store", reduced(path)],
      ["in pages of one event less than a page of the store", reduced(path, inPages(511))],
      ["in pages of 37 events", reduced(path, inPages(37))],
      ["payloads out of order", reduced(path, outOfOrder)],
      ["payloads whole", reduced(path, inMemory)],
      ["from a store that grew in pieces", reduced(stored(rollout, `pieces ${name}`, 5))],
    ]);
    compactTraceStore(path);
    same.set("from compressed chunks", reduced(path));
    same.set("from compressed chunks out of order", reduced(path, outOfOrder));
    expect([...same].filter(([, text]) => text !== fromMemory).map(([how]) => how)).toEqual([]);
  }, 60_000);
});
