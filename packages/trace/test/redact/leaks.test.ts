import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { type CodeModeObserver, RAW_EVENT_TYPES } from "@rollout-trace/protocol";
import {
  BUILT_IN_RULES,
  openTraceStore,
  readTraceStore,
  type RedactOptions,
  type ThreadTrace,
  type TraceStoreError,
  verifyStore,
} from "@rollout-trace/trace";
import { redactionKeyPath } from "../../src/redact/redaction-key.ts";
import { eventsOf, openStore, payloadOf, temporaryPath } from "../support.ts";
import { seededSecrets } from "./secrets.ts";

/** Every string that a handle takes is `text`, in every kind of event and of payload. Ids are given where they are free. */
function recordEverywhere(root: ThreadTrace, text: string): void {
  const document = (): unknown => ({
    nested: { deeper: [{ deepest: text }] },
    [text]: "in a key",
    input: [{ role: "user", content: text }, text],
    tools: [{ name: "t", description: text }],
    arguments: JSON.stringify({ command: ["sh", "-c", text], inner: JSON.stringify({ text }) }),
    large: `${"long ".repeat(200)} ${text}`,
  });
  const failing = (): never => {
    throw new Error(text);
  };
  root.protocolEvent(text, document);
  root.protocolEvent("fails", failing);
  root.other({
    kind: text,
    summary: text,
    payloads: [{ kind: "other", value: document }],
    metadata: () => ({ [text]: [text] }),
  });
  const child = root.startChildThread({
    threadId: text,
    agentPath: text,
    taskName: text,
    agentRole: text,
    nickname: text,
    model: text,
    metadata: document,
  });
  const turn = child.startTurn({ turnId: text });
  const start = { model: text, provider: text, dialect: "openai_responses" } as const;
  const ended = { upstreamRequestId: text, partialResponse: document };
  const inputMode = { type: "incremental_untraced", previousResponseId: text, prefix: document } as const;
  const infer = (id: string) =>
    turn.startInference({ ...start, inputMode, inferenceCallId: `${id} ${text}`, request: document });
  infer("1").completed({ responseId: text, upstreamRequestId: text, response: document });
  infer("2").failed({ error: new Error(text), ...ended });
  infer("3").cancelled({ reason: text, ...ended });
  turn.historyItemAccepted({ itemId: text, item: document });
  const call = turn.startToolCall({
    toolCallId: text,
    kind: { type: "mcp", server: text, tool: text },
    modelVisibleCallId: text,
    runtimeToolCallId: text,
    label: text,
    inputPreview: `${"x".repeat(100)} ${text}`,
    invocation: () => ({
      tool_name: text,
      payload: { type: "function", arguments: JSON.stringify({ text }) },
    }),
  });
  call.runtimeStarted(document, { kind: { type: "other", name: text } });
  call.runtimeEnded(document);
  call.mcpCallAssigned(text);
  call.stdinTarget(text);
  const interaction = {
    kind: "spawn_agent",
    targetThreadId: text,
    message: text,
    runtime: document,
  } as const;
  call.agentInteractionStarted(interaction);
  call.agentInteractionEnded(interaction);
  call.ended({ outputPreview: text, result: () => ({ type: "direct", item: document() }) });
  turn.startToolCall({ kind: { type: "other", name: text } }).failed(new Error(text));
  recordCell(turn.codeModeObserver(), text);
  const compaction = turn.compaction({ compactionId: text });
  compaction
    .startRequest({ model: text, provider: text, request: document })
    .completed({ response: document });
  compaction.startRequest({ model: text, provider: text, request: document }).failed(text);
  compaction.installed(() => ({ input_history: [document()], replacement_history: [text] }));
  turn.end();
  child.agentResult({ message: text, edgeId: text, carried: document });
  child.end();
  child.resume();
}

function recordCell(observer: CodeModeObserver, text: string): void {
  const call = {
    cellId: text,
    runtimeToolCallId: text,
    toolName: { name: text, namespace: text },
    input: { text },
  };
  observer.observe({
    type: "cell_started",
    cellId: text,
    toolCallId: text,
    source: `const a = \`${text}\`;`,
  });
  observer.observe({
    type: "nested_call_started",
    call: { ...call, kind: "function" } as never,
    recordAs: { type: "other", name: text },
  });
  observer.observe({ type: "notification", cellId: text, callId: text, text } as never);
  observer.observe({
    type: "wait_started",
    waitId: text,
    cellId: text,
    toolCallId: text,
    mode: "yield",
  } as never);
  observer.observe({
    type: "wait_ended",
    waitId: text,
    cellId: text,
    outcome: "missing",
    response: null,
  } as never);
  observer.observe({
    type: "nested_call_ended",
    cellId: text,
    runtimeToolCallId: text,
    status: "failed",
    endCause: "error",
    result: { type: "error", error: text },
  } as never);
  observer.observe({ type: "cancel_requested", cellId: text, toolCallId: text, cause: "model", limit: null });
  const response = { type: "terminated", cell_id: text, output: [{ type: "text", text }], error: text };
  observer.observe({ type: "cell_initial_response", cellId: text, status: "running", response } as never);
  observer.observe({
    type: "cell_ended",
    cellId: text,
    status: "failed",
    response,
    journal: { text },
  } as never);
}

/** Every type that a handle can record; spans and stops come from elsewhere. */
const EVERY_TYPE: readonly string[] = RAW_EVENT_TYPES.filter(
  (type) => !["span_started", "span_ended", "recorder_gap", "recording_stopped"].includes(type),
).toSorted();

/** Everything in the store's directory but the key. */
function diskOf(path: string): string {
  return readdirSync(dirname(path))
    .filter((name) => join(dirname(path), name) !== redactionKeyPath(path))
    .map((name) => readFileSync(join(dirname(path), name), "latin1"))
    .join("\n");
}

describe("a secret", () => {
  it("of any rule is nowhere on the disk and in no error, whatever field of whatever event it came in", () => {
    const path = temporaryPath();
    const errors: TraceStoreError[] = [];
    const store = openStore({ path, onError: (error) => errors.push(error) });
    const secrets = seededSecrets(11);
    const types: Set<string> = new Set();
    for (const { text } of secrets) {
      const rollout = { rolloutId: text, host: { name: text, version: text } };
      const root = store.startRollout({
        ...rollout,
        rootThread: { agentPath: `/${text}`, metadata: () => text },
      });
      recordEverywhere(root, text);
      root.endRollout();
      root.protocolEvent("late", () => text);
    }
    for (const { traceId } of store.rollouts()) {
      for (const { payload } of eventsOf(store.openRollout(traceId))) types.add(payload.type);
    }
    const wal = diskOf(path);
    store.close();
    const told = inspect([errors, verifyStore(path)], { depth: 10 });
    const texts = [wal, diskOf(path), told].join("\n");
    expect(verifyStore(path).findings).toEqual([]);
    const leaked = secrets.filter(({ secret }) => texts.includes(secret));
    expect(leaked).toEqual([]);
    expect(texts.match(/\[redacted:/g)?.length).toBeGreaterThan(1000);
    expect(errors.length).toBeGreaterThan(0);
    expect(Object.keys(store.counts.redactedSecrets).toSorted()).toEqual(BUILT_IN_RULES.toSorted());
    expect([...types].toSorted()).toEqual(EVERY_TYPE);
  });

  it("is on the disk where redaction is off: the test above could fail", () => {
    const path = temporaryPath();
    const store = openStore({ path, redact: false, onError: () => {} });
    const [first] = seededSecrets(11).filter(({ rule }) => rule === "github");
    recordEverywhere(store.startRollout(), first?.text ?? "");
    store.close();
    expect(diskOf(path)).toContain(first?.secret);
  });

  it("is not in a preview that would cut it in half", () => {
    const store = openStore();
    const turn = store.startRollout({ rolloutId: "r" }).startTurn();
    const secrets = seededSecrets(12);
    for (const { text } of secrets) {
      for (const before of [0, 100, 130, 150, 158, 159, 160]) {
        const inputPreview = `${"x".repeat(before)} ${text}`;
        turn.startToolCall({ kind: { type: "web" }, inputPreview });
      }
    }
    const previews = eventsOf(store.openRollout("r")).flatMap(({ payload }) =>
      payload.type === "tool_call_started" ? [payload.input_preview ?? ""] : [],
    );
    expect(previews).toHaveLength(secrets.length * 7);
    const pieces = secrets.map(({ secret }) => secret.slice(0, 12));
    expect(
      previews.filter((text) =>
        pieces.some(
          (piece) => text.includes(piece) && piece.length === 12 && !/^(?:https|hooks|eyJ)/.test(piece),
        ),
      ),
    ).toEqual([]);
    expect(previews.filter((text) => Array.from(text).length > 160)).toEqual([]);
    expect(previews.filter((text) => /\[redacted:[^\]]*(?:…|$)/.test(text))).toEqual([]);
  });

  it("is not in a preview of a text so long that it is cut before it is looked at", () => {
    const store = openStore();
    const turn = store.startRollout({ rolloutId: "r" }).startTurn();
    const [key = "", token = ""] = ["private_key", "github"].map(
      (rule) => seededSecrets(14).find((secret) => secret.rule === rule)?.text,
    );
    // The keys shrink to so little that what comes after them is in the preview, and a window of any size ends in a token.
    const text = key.repeat(30) + `${token} `.repeat(3000);
    for (let start = 0; start < token.length; start += 1) {
      turn.startToolCall({ kind: { type: "web" }, inputPreview: " ".repeat(start) + text });
    }
    const previews = eventsOf(store.openRollout("r")).flatMap(({ payload }) =>
      payload.type === "tool_call_started" ? [payload.input_preview ?? ""] : [],
    );
    expect(previews).toHaveLength(token.length);
    expect(previews.filter((preview) => preview.includes(token.slice(0, 8)))).toEqual([]);
  });

  it("keeps payloads repeating what they repeat: what is the same before redaction is stored once", () => {
    const path = temporaryPath();
    const store = openStore({ path, durability: "batch" });
    const root = store.startRollout({ rolloutId: "r" });
    const [{ text } = { text: "" }] = seededSecrets(13).slice(5);
    const input: unknown[] = [];
    for (let turn = 0; turn < 100; turn += 1) {
      input.push({ role: "user", content: `${"question ".repeat(20)} ${turn} ${text}` });
      root.protocolEvent("request", () => ({ password: text, input, n: turn }));
    }
    const { payloads } = store.openRollout("r");
    const last = payloads.json("p100" as never);
    expect(last).toMatchObject({
      ok: true,
      value: { password: expect.stringMatching(/^\[redacted:/), n: 99 },
    });
    // Once for each small field and each new item; the first few requests are too small to be compared.
    const count = Object.values(store.counts.redactedSecrets).reduce((sum, each) => sum + each, 0);
    expect([count >= 200, count < 240]).toEqual([true, true]);
    store.close();
    expect(diskOf(path).length).toBeLessThan(200_000);
  });
});

describe("the host's own redaction", () => {
  const recorded = (redact: RedactOptions, value: unknown): unknown => {
    const store = openStore({ redact });
    store.startRollout({ rolloutId: "r" }).protocolEvent("x", () => value);
    return payloadOf(store.openRollout("r"), { payload_id: "p1" as never });
  };
  const placeholder = (rule: string): unknown =>
    expect.stringMatching(new RegExp(`^\\[redacted:${rule}:[0-9a-f]{8}\\]$`));

  it("replaces what its patterns match and its functions find, and what is at its paths", () => {
    const redact: RedactOptions = {
      rules: [
        { name: "customer", pattern: /cust-(?<secret>[0-9]+)/ },
        { name: "names", find: (text) => ["Ada", "Grace"].filter((name) => text.includes(name)) },
      ],
      names: ["pin-code"],
      paths: ["input.*.metadata", "**.ssn", "tools"],
    };
    const value = {
      text: "cust-123 and cust-4",
      Ada: "Ada",
      input: [{ metadata: { a: 1 }, deep: { ssn: 5 } }],
      tools: [1, "t"],
      pin_code: "left",
      "my-pin-code": "1234",
    };
    const { text, input, tools, ...rest } = recorded(redact, value) as Record<string, unknown>;
    expect(text).toMatch(/^cust-\[redacted:customer:\w{8}\] and cust-\[redacted:customer:\w{8}\]$/);
    expect(input).toEqual([{ metadata: placeholder("path"), deep: { ssn: placeholder("path") } }]);
    expect(tools).toEqual([placeholder("path"), placeholder("path")]);
    expect(Object.entries(rest)).toEqual([
      [placeholder("names"), placeholder("names")],
      ["pin_code", "left"],
      ["my-pin-code", placeholder("named")],
    ]);
  });

  it("may keep built-in rules from being applied", () => {
    const [{ text } = { text: "" }] = seededSecrets(1).filter(({ rule }) => rule === "github");
    expect(recorded({ keep: ["github"] }, { text, password: "hunter2" })).toEqual({
      text,
      password: placeholder("named"),
    });
    expect(recorded({ keep: BUILT_IN_RULES }, { text, password: "hunter2" })).toEqual({
      text,
      password: "hunter2",
    });
  });

  it("withholds the payload when it throws, says so once, and costs no event", () => {
    const errors: TraceStoreError[] = [];
    const path = temporaryPath();
    const find = (text: string): never => {
      throw new Error(text);
    };
    const store = openStore({
      path,
      redact: { rules: [{ name: "broken", find }] },
      onError: (error) => errors.push(error),
    });
    const root = store.startRollout({ rolloutId: "r", rootThread: { threadId: "thread" } });
    for (let number = 0; number < 3; number += 1)
      root.protocolEvent("kind-of-event", () => ({ clear: "clear text" }));
    const source = store.openRollout("r");
    const events = eventsOf(source);
    expect(events.map(({ payload }) => payload.type)).toEqual([
      "rollout_started",
      "thread_started",
      ...Array.from({ length: 3 }, () => "protocol_event_observed"),
    ]);
    expect(new Set(events.slice(1).map(({ thread_id }) => thread_id)).size).toBe(1);
    expect(payloadOf(source, { payload_id: "p2" as never })).toEqual({
      withheld: true,
      reason: "the redaction rule broken failed",
    });
    store.close();
    expect(errors.map(({ code }) => code)).toEqual(["unrecordable"]);
    expect(/clear text|kind-of-event/.test(diskOf(path) + inspect(errors))).toBe(false);
  });

  it("is refused when it cannot be meant", () => {
    const options: readonly RedactOptions[] = [
      { rules: [{ name: "Upper", pattern: /x/ }] },
      { rules: [{ name: "github", pattern: /x/ }] },
      { rules: [{ name: "nothing" } as never] },
      { names: [""] },
      { paths: [""] },
      { keep: ["unheard_of"] },
    ];
    for (const redact of options) {
      expect(() => openTraceStore({ path: "x", redact })).toThrow(
        expect.objectContaining({ code: "invalid_option" }),
      );
    }
  });
});

describe("the key of the placeholders", () => {
  it("lies beside the store, readable for its owner alone, and nothing of it is in the store", () => {
    const path = temporaryPath();
    using store = openStore({ path });
    const root = store.startRollout();
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith("key"))).toEqual([]);
    root.protocolEvent("x", () => ({ password: "hunter2" }));
    const key = readFileSync(redactionKeyPath(path));
    expect(key).toHaveLength(32);
    expect(statSync(redactionKeyPath(path)).mode & 0o777).toBe(0o600);
    expect(diskOf(path)).not.toContain(key.toString("latin1"));
    using reader = readTraceStore(path);
    expect(reader.rollouts()).toHaveLength(1);
  });
});
