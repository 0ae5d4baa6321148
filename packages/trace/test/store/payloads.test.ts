import { statSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PayloadId, PayloadItem, PayloadRead } from "@rollout-trace/protocol";
import { compactTraceStore, openTraceStore, readTraceStore, type ThreadTrace } from "@rollout-trace/trace";
import { openStore, temporaryPath } from "../support.ts";

const id = (ordinal: number): PayloadId => `p${ordinal}` as PayloadId;

/** Any JSON value, with strings of every kind, lone surrogates and names of inherited properties included. */
const anyString = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom("\ud800", "\udfff", "\u0000", "\u2028", '"', "\\", "é", "😀"),
    size: "medium",
  }),
  fc.string({ minLength: 200, maxLength: 400 }),
);
const anyKey = fc.oneof(
  anyString,
  fc.constantFrom("input", "messages", "output_items", "tools", "content", "__proto__", "toString", ""),
);
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom(null, true, false, undefined),
    fc.double(),
    anyString,
    fc.array(tie("value")),
    fc.dictionary(anyKey, tie("value")),
  ),
})).value;
const anyDocument = fc.dictionary(anyKey, fc.oneof(anyValue, fc.array(anyValue, { maxLength: 8 })));

function valueOf<Value>(read: PayloadRead<Value>): Value {
  if (!read.ok) throw new Error(read.message);
  return read.value;
}

describe("a payload", () => {
  it("is read back as exactly the text that JSON.stringify gives, whatever was recorded before it", () => {
    const store = openStore({ durability: "batch", redact: false });
    const root = store.startRollout({ rolloutId: "r" });
    let recorded = 0;
    fc.assert(
      fc.property(fc.array(anyDocument, { minLength: 1, maxLength: 6 }), (documents) => {
        const first = recorded;
        for (const document of documents) root.protocolEvent("x", () => document);
        recorded += documents.length;
        const { payloads } = store.openRollout("r");
        const texts = documents.map((_, index) => valueOf(payloads.text(id(first + index + 1))));
        expect(texts).toEqual(documents.map((document) => JSON.stringify(document)));
        const sizes = texts.map((_, index) => payloads.stat(id(first + index + 1))?.size_bytes);
        expect(sizes).toEqual(texts.map((text) => Buffer.byteLength(text)));
      }),
      { numRuns: 200 },
    );
  });

  it("is read back exactly through a history that grows, is edited and is compacted", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            drop: fc.nat({ max: 6 }),
            add: fc.array(fc.string({ minLength: 50, maxLength: 120 }), { maxLength: 4 }),
            edit: fc.nat(),
            temperature: fc.nat({ max: 3 }),
          }),
          { minLength: 1, maxLength: 90 },
        ),
        (steps) => {
          const store = openStore({ durability: "batch", redact: false });
          const root = store.startRollout({ rolloutId: "r" });
          let history: string[] = Array.from({ length: 20 }, (_, index) => `${"item ".repeat(15)}${index}`);
          const texts = steps.map(({ drop, add, edit, temperature }) => {
            history = [...history.slice(drop === 6 ? 0 : drop === 5 ? 1 : 0), ...add];
            if (drop === 4 && history.length > 0) history[edit % history.length] = `edited ${edit}`;
            const document = { temperature, input: [...history], tools: [{ name: "t" }], end: true };
            root.protocolEvent("x", () => document);
            return JSON.stringify(document);
          });
          const { payloads } = store.openRollout("r");
          expect(texts.map((_, index) => valueOf(payloads.text(id(index + 1))))).toEqual(texts);
          store.close();
        },
      ),
      { numRuns: 25 },
    );
  });

  it("may be nested a thousand levels deep", () => {
    const store = openStore();
    const root = store.startRollout({ rolloutId: "r" });
    let deep: unknown = "bottom";
    for (let level = 0; level < 1000; level += 1) deep = level % 2 === 0 ? [deep] : { input: deep };
    root.protocolEvent("x", () => deep);
    expect(valueOf(store.openRollout("r").payloads.text(id(1)))).toBe(JSON.stringify(deep));
  });

  it("gives the elements of an array, and equal ids for equal elements wherever they are", () => {
    const store = openStore();
    const root = store.startRollout({ rolloutId: "r" });
    const long = { role: "assistant", text: "long enough for a chunk of its own ".repeat(4) };
    const documents = [
      { input: [1, long, { short: true }] },
      { output_items: [long], uncut: [{ short: true }, long, 1] },
      { input: [], scalar: 1 },
    ];
    for (const document of documents) root.protocolEvent("x", () => document);
    const { payloads } = store.openRollout("r");
    const items = (ordinal: number, key: string): readonly PayloadItem[] =>
      valueOf(payloads.items(id(ordinal), key));
    const [one, longItem, short] = items(1, "input");
    expect(items(1, "input").map((item) => valueOf(item.value()))).toEqual(documents[0]?.input);
    expect(items(2, "output_items").map((item) => item.contentId)).toEqual([longItem?.contentId]);
    expect(items(2, "uncut").map((item) => item.contentId)).toEqual([
      short?.contentId,
      longItem?.contentId,
      one?.contentId,
    ]);
    expect(items(3, "input")).toEqual([]);
    expect([1, 2, 3].map((ordinal) => valueOf(payloads.frame(id(ordinal))))).toEqual([
      { input: [] },
      { ...documents[1], output_items: [] },
      documents[2],
    ]);
    expect([
      payloads.items(id(3), "scalar"),
      payloads.items(id(3), "toString"),
      payloads.items(id(9), "input"),
      payloads.json("other" as PayloadId),
      payloads.stat(id(9)),
    ]).toMatchObject([
      { ok: false, code: "no_such_array" },
      { ok: false, code: "no_such_array" },
      { ok: false, code: "missing_payload" },
      { ok: false, code: "missing_payload" },
      null,
    ]);
  });

  it("gives nothing but a coded failure once its store is closed", () => {
    const store = openStore();
    const root = store.startRollout({ rolloutId: "r" });
    root.protocolEvent("x", () => ({ a: 1 }));
    const source = store.openRollout("r");
    store.close();
    expect([...source.events()]).toMatchObject([{ type: "problem" }]);
    expect(source.payloads.json(id(1))).toMatchObject({ ok: false });
  });
});

/** Records turns of a session whose every request repeats all that came before. */
function recordSession(root: ThreadTrace, turns: number): number {
  const tools = Array.from({ length: 20 }, (_, index) => ({
    name: `tool_${index}`,
    description: `does ${index} `.repeat(10),
  }));
  const input: unknown[] = [];
  let bytes = 0;
  for (let number = 0; number < turns; number += 1) {
    const turn = root.startTurn();
    input.push({ role: "user", content: `question ${number} ${"why ".repeat(20)}` });
    const request = {
      model: "m",
      request_number: number,
      instructions: "be good ".repeat(200),
      input,
      tools,
    };
    bytes += JSON.stringify(request).length;
    const inference = turn.startInference({
      model: "m",
      provider: "p",
      dialect: "openai_responses",
      request: () => request,
    });
    const item = { role: "assistant", content: `answer ${number} ${"because ".repeat(40)}` };
    inference.completed({ response: () => ({ id: `resp_${number}`, output_items: [item] }) });
    input.push(item);
    turn.end();
  }
  return bytes;
}

describe("a session of n turns whose requests repeat the whole history", () => {
  function storedBytes(turns: number): { readonly file: number; readonly requests: number } {
    const path = temporaryPath();
    using store = openTraceStore({ path, durability: "batch" });
    const requests = recordSession(store.startRollout({ rolloutId: "r" }), turns);
    store.close();
    return { file: statSync(path).size, requests };
  }

  it("takes at most 1/20 of a file per request at 200 turns, and per turn no more at 1 000 than at 200", () => {
    const [short, long] = [storedBytes(200), storedBytes(1000)];
    expect(short.file / short.requests).toBeLessThan(1 / 20);
    expect(long.file / 1000 / (short.file / 200)).toBeLessThan(1.2);
  });

  it("is smaller after compacting and reads back the same, while its recorder goes on", () => {
    const path = temporaryPath();
    using store = openTraceStore({ path, durability: "batch" });
    const root = store.startRollout({ rolloutId: "r" });
    recordSession(root, 50);
    const textsOf = (count: number): readonly string[] => {
      const { payloads } = store.openRollout("r");
      return Array.from({ length: count }, (_, index) => valueOf(payloads.text(id(index + 1))));
    };
    const before = textsOf(100);
    const { compressedChunks, bytesBefore, bytesAfter } = compactTraceStore(path);
    expect(compressedChunks).toBeGreaterThan(0);
    expect(bytesAfter).toBeLessThan(bytesBefore / 2);
    expect(textsOf(100)).toEqual(before);
    recordSession(root, 5);
    expect(compactTraceStore(path, { vacuum: true }).compressedChunks).toBe(0);
    expect(textsOf(110).slice(0, 100)).toEqual(before);
  });

  it("reads back its last request through a bounded number of others", () => {
    const path = temporaryPath();
    using store = openTraceStore({ path, durability: "batch" });
    recordSession(store.startRollout({ rolloutId: "r" }), 300);
    using reader = readTraceStore(path);
    store.flush();
    const source = reader.openRollout("r");
    const last = source.payloads.json(id(599));
    expect(last).toMatchObject({
      ok: true,
      value: { request_number: 299, input: expect.objectContaining({ length: 599 }) },
    });
  });
});
