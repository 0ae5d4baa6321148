import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTraceStore } from "@rollout-trace/trace";
import { LogBuilder } from "../sources/codex-log/log-builder.ts";
import { recordDemo } from "./demo-store.ts";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";

let folder: string;
let demo: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "why-"));
  demo = join(folder, "demo.db");
  await recordDemo(demo);
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Quoted {
  readonly seq: number;
  readonly type: string;
  readonly event: string;
  readonly matches: boolean;
  readonly payloads: readonly {
    readonly payload_id: string;
    readonly excerpt: string | null;
    readonly matches: boolean;
  }[];
}

interface Answer {
  readonly object: { readonly type: string; readonly id: string };
  readonly hops: readonly {
    readonly object: { readonly type: string; readonly id: string };
    readonly because: string;
    readonly cause: { readonly type: string; readonly id: string };
    readonly evidence: readonly Quoted[];
  }[];
  readonly last: { readonly type: string; readonly id: string };
  readonly end: { readonly type: string; readonly what?: string; readonly evidence?: readonly Quoted[] };
}

async function why(source: string, object: string): Promise<Answer> {
  return JSON.parse((await run(["why", source, object, "--json"])).out) as Answer;
}

/** The objects of a chain in the words of the human output, its end last. */
async function chain(source: string, object: string): Promise<readonly string[]> {
  const { out } = await run(["why", source, object]);
  return out
    .trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith(" "))
    .filter((_line, index) => index % 2 === 0)
    .map((line) => line.split("  ")[0] ?? "");
}

const FIRST = "item:1 (user message) of /root";
const SECOND = "item:19 (user message) of /root";
const request = (number: number, turn: number): string => `model request ${number} in turn ${turn} of /root`;
const spawn = [
  expect.stringMatching(/^spawn agent edge edge:spawn:/),
  "tool call call_spawn (spawn_agent) of /root",
  request(2, 2),
  SECOND,
];
const inChild = [
  "model request 1 in turn 1 of /root/count_files",
  "item:23 (user message) of /root/count_files",
  ...spawn,
];

/** What the demo's script says of 22 objects: who asked for what, in whose turn. */
const CHAINS: readonly (readonly [string, readonly unknown[]])[] = [
  ["item:1", [FIRST]],
  ["item:2", ["item:2 (assistant message) of /root", request(1, 1), FIRST]],
  ["call_list", ["tool call call_list (filesystem.list_directory) of /root", request(1, 1), FIRST]],
  [
    "item:4",
    [
      "item:4 (function call output, call_list) of /root",
      "tool call call_list (filesystem.list_directory) of /root",
      request(1, 1),
      FIRST,
    ],
  ],
  [
    "tool-2 of cell 1 of /root",
    [
      "tool call tool-2 of cell 1 (filesystem.read_text_file) of /root",
      "cell 1 (call_parallel) of /root",
      "tool call call_parallel (exec) of /root",
      request(2, 1),
      FIRST,
    ],
  ],
  [
    "tool-4 of cell 1 of /root",
    [
      "tool call tool-4 of cell 1 (everything.get-sum) of /root",
      "cell 1 (call_parallel) of /root",
      "tool call call_parallel (exec) of /root",
      request(2, 1),
      FIRST,
    ],
  ],
  ["cell 2", ["cell 2 (call_long) of /root", "tool call call_long (exec) of /root", request(3, 1), FIRST]],
  [
    "item:8",
    [
      "item:8 (custom tool call output, call_long) of /root",
      "tool call call_long (exec) of /root",
      request(3, 1),
      FIRST,
    ],
  ],
  ["call_wait", ["tool call call_wait (wait) of /root", request(4, 1), FIRST]],
  [
    "cell 3",
    ["cell 3 (call_forever) of /root", "tool call call_forever (exec) of /root", request(5, 1), FIRST],
  ],
  ["call_cancel", ["tool call call_cancel (wait) of /root", request(6, 1), FIRST]],
  ["item:16", ["item:16 (custom tool call, call_broken) of /root", request(7, 1), FIRST]],
  ["item:18", ["item:18 (assistant message) of /root", request(8, 1), FIRST]],
  ["turn 2 of /root", ["turn 2 of /root", SECOND]],
  ["resp_9", [request(1, 2), SECOND]],
  ["edge:spawn", spawn],
  ["/root/count_files", ["agent /root/count_files", ...spawn]],
  ["item:23", ["item:23 (user message) of /root/count_files", ...spawn]],
  [
    "tool-1 of /root/count_files",
    [
      "tool call tool-1 of cell 1 (filesystem.list_directory) of /root/count_files",
      "cell 1 (call_count) of /root/count_files",
      "tool call call_count (exec) of /root/count_files",
      ...inChild,
    ],
  ],
  [
    "item:30",
    [
      "item:30 (user message) of /root",
      expect.stringMatching(/^agent result edge edge:agent_result:/),
      "item:28 (assistant message) of /root/count_files",
      "model request 2 in turn 1 of /root/count_files",
      "item:23 (user message) of /root/count_files",
      ...spawn,
    ],
  ],
  ["item:31", ["item:31 (assistant message) of /root", request(4, 2), SECOND]],
  [
    "payload p12",
    [
      expect.stringMatching("payload p12"),
      expect.stringMatching(/tool call tool-\d of cell 1/),
      "cell 1 (call_parallel) of /root",
      "tool call call_parallel (exec) of /root",
      request(2, 1),
      FIRST,
    ],
  ],
];

describe("why", () => {
  it.each(CHAINS)("leads from %s back to the user along what was recorded", async (object, expected) => {
    expect(await chain(demo, object)).toEqual(expected);
    expect((await run(["why", demo, object])).code).toBe(0);
  });

  it("quotes for each hop an event that is in the store and holds what ties the two together", async () => {
    const database = new DatabaseSync(demo, { readOnly: true });
    const bodyAt = database.prepare("SELECT type, body FROM events WHERE seq = ?");
    const answers = await Promise.all(CHAINS.map(([object]) => why(demo, object)));
    const quotes = answers.flatMap(({ hops, end }) => [
      ...hops.flatMap((hop) => hop.evidence),
      ...(end.evidence ?? []),
    ]);
    expect(quotes.length).toBeGreaterThan(80);
    for (const { seq, type, event, matches } of quotes) {
      const stored = bodyAt.get(seq) as { type: string; body: string };
      expect(matches).toBe(true);
      expect(type).toBe(stored.type);
      const { type: _type, ...fields } = JSON.parse(stored.body) as { type: string };
      expect(JSON.stringify(fields)).toContain(event.replaceAll("…", "").slice(0, 400));
    }
    database.close();
    const linked = answers.flatMap(({ hops }) =>
      hops.map((hop, index) => [hop.cause, hops[index + 1]?.object]),
    );
    expect(
      linked.every(([cause, next]) => next === undefined || JSON.stringify(cause) === JSON.stringify(next)),
    ).toBe(true);
  });

  it("does not take a cell's notification for a message of the user, although the host sends it as one", async () => {
    expect(await run(["why", demo, "item:9"])).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /evidence missing: nothing links it to its sender; cell 2 notified the same text at seq \d+/,
      ),
    });
  });

  it("ends at the host where the host began something", async () => {
    const answer = await why(demo, "thread /root");
    expect(answer).toMatchObject({ hops: [], end: { type: "host", evidence: [{ type: "thread_started" }] } });
  });
});

describe("why of items that have no id", () => {
  const reasoning = { type: "reasoning", summary: [] };
  const image = (data: string) => ({ type: "input_image", image_url: `data:image/png;base64,${data}` });
  const asks = (...content: readonly object[]) => ({ type: "message", role: "user", content });
  const says = (text: string) => ({ type: "input_text", text });

  it("finds them by each of their texts, and by their content where they have none", async () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .item(asks(says("Look at this."), says("And this.")))
      .item({ ...reasoning, summary: [{ type: "summary_text", text: "plan" }], encrypted_content: "gAAAA" })
      .call("look", {}, "c1")
      .tokens(1)
      .output("c1", "seen")
      .item(reasoning)
      .call("look", {}, "c2")
      .tokens(1)
      .output("c2", "seen again")
      .item({ ...reasoning, content: null })
      .says("one")
      .tokens(1)
      .end("t1")
      .begin("t2")
      .item(asks(image("AAAA")))
      .says("two")
      .tokens(1)
      .end("t2");
    const path = log.write(mkdtempSync(join(folder, "l-")));
    const [first, second] = ["item:1 (user message) of /root", "item:10 (user message) of /root"];
    expect(await chain(path, "item 2")).toEqual(["item:2 (reasoning) of /root", request(1, 1), first]);
    expect(await chain(path, "item 5")).toEqual(["item:5 (reasoning) of /root", request(2, 1), first]);
    expect(await chain(path, "item 8")).toEqual(["item:8 (reasoning) of /root", request(3, 1), first]);
    expect(await chain(path, "item 11")).toEqual([
      "item:11 (assistant message) of /root",
      request(1, 2),
      second,
    ]);
    const quoted = (answer: Answer) =>
      answer.hops[0]?.evidence[0]?.payloads.flatMap(({ excerpt, matches }) => (matches ? [excerpt] : []));
    expect(quoted(await why(path, "item 5"))).toEqual([JSON.stringify(reasoning)]);
    expect(quoted(await why(path, "item 8"))).toEqual([JSON.stringify({ ...reasoning, content: null })]);
    expect((await run(["why", path, "item 10"])).out).toContain("data:image/png;base64,AAAA");
  });
});

describe("why on a recording with a missing link", () => {
  it("says which payload is missing instead of guessing who asked for a call", async () => {
    const bundle = smallBundle(mkdtempSync(join(folder, "b-")));
    rmSync(join(bundle, "payloads/2.json"));
    expect(await run(["why", bundle, "tool_call call_1"])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/evidence missing: /),
    });
    // The item is still known from the next request, but nothing says who wrote it.
    const answer = await why(bundle, "item:2");
    const lost =
      /no recorded response.*call_1.*; the response at seq 5 cannot be read: payload "raw_payload:2".* is not in the store/;
    expect(answer.end).toEqual({ type: "missing", what: expect.stringMatching(lost) });
  });

  it("says which request cannot be read where a turn's opening message is wanted", async () => {
    const bundle = smallBundle(mkdtempSync(join(folder, "b-")));
    rmSync(join(bundle, "payloads/1.json"));
    const answer = await why(bundle, "i1");
    expect(answer.end).toEqual({
      type: "missing",
      what: 'the request at seq 4 cannot be read: payload "raw_payload:1" (inference_request) is not in the store',
    });
  });

  it("says that a payload is damaged, which may have held what is missing", async () => {
    const bundle = smallBundle(mkdtempSync(join(folder, "b-")));
    writeFileSync(join(bundle, "payloads/1.json"), "{");
    const lost = /the request at seq 4 cannot be read: payload "raw_payload:1": .*JSON/;
    expect((await why(bundle, "turn-1")).end).toEqual({
      type: "missing",
      what: expect.stringMatching(lost),
    });
  });

  it("names the payload that a store has lost", async () => {
    const path = join(mkdtempSync(join(folder, "s-")), "lost.db");
    copyFileSync(demo, path);
    const database = new DatabaseSync(path);
    database.exec("DELETE FROM payloads WHERE ordinal = 1");
    database.close();
    expect((await why(path, "cell 1 of /root")).end).toEqual({
      type: "missing",
      what: 'the request at seq 4 cannot be read: payload "p1" (inference_request) is not in the store',
    });
  });

  it("names the child's start where no interaction spawned it, and the cell where its start was lost", async () => {
    const path = join(folder, "gaps.db");
    const store = openTraceStore({ path });
    const root = store.startRollout({ rolloutId: "gaps" });
    root.startChildThread({ threadId: "child", agentPath: "/root/child" }).end();
    const turn = root.startTurn();
    turn
      .startToolCall({
        toolCallId: "nested",
        kind: { type: "other", name: "look" },
        requester: { type: "code_cell", runtime_cell_id: "7" as never },
        runtimeToolCallId: "tool-1",
      })
      .ended();
    turn.end();
    root.endRollout();
    store.close();
    expect((await why(path, "/root/child")).end).toEqual({
      type: "missing",
      what: expect.stringMatching(/no recorded interaction spawned it/),
    });
    expect((await why(path, "nested")).end).toEqual({
      type: "missing",
      what: "the start of cell 7, which made the call",
    });
  });

  it("stops at an event that was taken out of the log after the graph's own account of it", async () => {
    const bundle = smallBundle(mkdtempSync(join(folder, "b-")));
    const log = join(bundle, "trace.jsonl");
    const lines = readFileSync(log, "utf8").split("\n");
    writeFileSync(log, lines.filter((line) => !line.includes('"inference_completed"')).join("\n"));
    expect(readdirSync(join(bundle, "payloads")).length).toBeGreaterThan(0);
    expect((await why(bundle, "tool_call call_1")).end).toMatchObject({ type: "missing" });
  });
});
