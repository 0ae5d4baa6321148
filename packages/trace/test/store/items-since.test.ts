/** What a store can tell of how the arrays of two payloads begin alike. */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PayloadId, PayloadRead, PayloadReader, RolloutSource } from "@rollout-trace/protocol";
import { readTraceStore, type ThreadTrace } from "@rollout-trace/trace";
import { openStore, temporaryPath } from "../support.ts";

const id = (ordinal: number): PayloadId => `p${ordinal}` as PayloadId;

function valueOf<Value>(read: PayloadRead<Value>): Value {
  if (!read.ok) throw new Error(read.message);
  return read.value;
}

function contentIds(payloads: PayloadReader, of: PayloadId): readonly string[] {
  return valueOf(payloads.items(of, "input")).map(({ contentId }) => contentId);
}

/** Fails where what is told is not so. Gives how many elements are told to be the same, 0 where that cannot be told. */
function checked(payloads: PayloadReader, [one, other]: readonly [PayloadId, PayloadId]): number {
  const since = payloads.itemsSince?.(one, "input", other) ?? null;
  if (since === null) return 0;
  const [all, others] = [contentIds(payloads, one), contentIds(payloads, other)];
  expect(since.shared).toBeGreaterThan(0);
  expect(since.shared).toBeLessThanOrEqual(others.length);
  expect(all.slice(0, since.shared)).toEqual(others.slice(0, since.shared));
  expect(since.items.map(({ contentId }) => contentId)).toEqual(all.slice(since.shared));
  return since.shared;
}

/** `element` is long enough for a chunk of its own where its number is even. */
function element(number: number): string {
  return `element ${number}`.padEnd(number % 2 === 0 ? 90 : 1, ".");
}

/** A history that grows by three elements in each of so many requests. */
function grown(root: ThreadTrace, requests: number): void {
  const input: string[] = [];
  for (let request = 0; request < requests; request += 1) {
    for (let count = 0; count < 3; count += 1) input.push(element(input.length));
    root.protocolEvent("x", () => ({
      model: "m",
      input,
      tools: [{ name: "t" }, { name: "u" }],
      end: request,
    }));
  }
}

describe("how the arrays of two payloads begin alike", () => {
  it("is told of a history that grows, edited or not, and of none but as it is", () => {
    const edit = fc.record({
      what: fc.constantFrom("grow", "grow", "grow", "edit", "cut", "shift", "model"),
      at: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 2, maxLength: 80, size: "max" }), fc.nat(), (edits, seed) => {
        const store = openStore({ durability: "batch", redact: false });
        const root = store.startRollout({ rolloutId: "r" });
        let input = Array.from({ length: 12 }, (_, index) => element(index));
        let model = 1;
        for (const [index, { what, at }] of edits.entries()) {
          if (what === "grow") input = [...input, element(100 + index), element(200 + index)];
          else if (what === "edit") input = input.with(at % input.length, element(at));
          else if (what === "cut") input = input.slice(0, Math.max(1, at % input.length));
          else if (what === "shift" && input.length > 1) input = input.slice(1);
          else model += 1;
          const document = { model: `m${model}`.padEnd(300), input, output: [element(at % 9)], end: index };
          root.protocolEvent("x", () => document);
        }
        const { payloads } = store.openRollout("r");
        for (let index = 1; index <= edits.length; index += 1) {
          const other = 1 + ((index * 7 + seed) % edits.length);
          checked(payloads, [id(index), id(index)]);
          checked(payloads, [id(index), id(other)]);
          checked(payloads, [id(index), id(Math.max(1, index - 1))]);
          const frame = valueOf(payloads.frame(id(index)));
          expect(frame).toEqual({ ...(valueOf(payloads.json(id(index))) as object), input: [], output: [] });
        }
        store.close();
      }),
      { numRuns: 25 },
    );
  });

  it("is told in full of each request and the one before it, however long the history is", () => {
    const store = openStore({ durability: "batch", redact: false });
    grown(store.startRollout({ rolloutId: "r" }), 600);
    const { payloads } = store.openRollout("r");
    // The first two have too few parts to be compared.
    for (let request = 4; request <= 600; request += 1)
      expect(checked(payloads, [id(request), id(request - 1)])).toBe(3 * (request - 1));
  });

  it("is told though it is asked in any order, also of requests that are far from each other", () => {
    const path = temporaryPath();
    const store = openStore({ path, durability: "batch", redact: false });
    grown(store.startRollout({ rolloutId: "r" }), 600);
    store.close();
    for (const pair of [
      [600, 599],
      [513, 512],
      [600, 3],
      [100, 577],
      [577, 100],
      [512, 8],
    ] as const) {
      using reader = readTraceStore(path);
      const { payloads } = reader.openRollout("r");
      const [one, other] = pair;
      expect(checked(payloads, [id(one), id(other)])).toBe(3 * Math.min(one, other));
    }
  });

  it("is not told of payloads that are written apart, however alike they are", () => {
    const store = openStore({ durability: "batch", redact: false });
    const root = store.startRollout({ rolloutId: "r" });
    grown(root, 20);
    grown(root.startChildThread({ agentPath: "/root/child" }), 20);
    const { payloads } = store.openRollout("r");
    for (const pair of [
      [20, 40],
      [40, 20],
      [40, 19],
    ] as const) {
      expect(payloads.itemsSince?.(id(pair[0]), "input", id(pair[1])) ?? null).toBeNull();
    }
    expect(checked(payloads, [id(40), id(39)])).toBe(57);
  });

  it("is told of a payload that begins with the beginning of its base several times", () => {
    const path = temporaryPath();
    const store = openStore({ path, durability: "batch", redact: false });
    grown(store.startRollout({ rolloutId: "r" }), 5);
    store.close();
    const database = new DatabaseSync(path);
    // Parts 0 to 2 (up to the first element), 2 to 3 and 0 to 0 of the base, and from its fourth element to its end.
    database.exec("UPDATE payloads SET rope = x'010003010000010204010602' WHERE ordinal = 5");
    database.close();
    withSource(path, ({ payloads }) => {
      expect(contentIds(payloads, id(5))).toHaveLength(7);
      expect(checked(payloads, [id(5), id(4)])).toBe(1);
    });
  });

  it("is not told of what is not there, or cannot be read", () => {
    const path = temporaryPath();
    const store = openStore({ path, durability: "batch", redact: false });
    const root = store.startRollout({ rolloutId: "r" });
    grown(root, 20);
    root.protocolEvent("x", () => ({ input: "no array", messages: [1] }));
    root.protocolEvent("x", () => ["no object"]);
    store.close();
    const since = (one: number, other: number, key = "input") =>
      withSource(path, ({ payloads }) => payloads.itemsSince?.(id(one), key, id(other)) ?? null);

    expect(since(20, 19)?.shared).toBe(57);
    for (const [one, other] of [
      [20, 99],
      [99, 20],
      [20, 21],
      [21, 20],
      [20, 22],
      [22, 22],
      [0, 1],
    ] as const)
      expect(since(one, other)).toBeNull();
    expect(since(20, 19, "messages")).toBeNull();
    expect(since(21, 20, "messages")).toBeNull();

    const database = new DatabaseSync(path);
    database.exec("DELETE FROM chunks WHERE chunk = (SELECT max(chunk) FROM chunks)");
    database.exec("UPDATE payloads SET rope = x'01FFFF' WHERE ordinal = 10");
    database.close();
    expect(since(20, 19)).toBeNull();
    expect(since(10, 9)).toBeNull();
    expect(since(9, 10)).toBeNull();
    expect(since(9, 8)?.shared).toBe(24);
  });
});

function withSource<Value>(path: string, read: (source: RolloutSource) => Value): Value {
  using store = readTraceStore(path);
  return read(store.openRollout("r"));
}
