import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detectFormat, openSource } from "@rollout-trace/cli";
import { checkGraph } from "@rollout-trace/reducer";
import { CHILD, importGraph, LogBuilder, readSource, ROOT, transcript } from "./log-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "codex-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const CHILD_TURN = "019d7e01-0000-7000-8000-00000000000b";

const spawnedBy = (parent: string, more: object = {}) => ({
  id: CHILD,
  parent_thread_id: parent,
  source: {
    subagent: { thread_spawn: { parent_thread_id: parent, depth: 1, agent_path: "/root/scout", ...more } },
  },
});

/** A root that spawns a scout, sends it a message and gets its answer. */
function parentLog(): LogBuilder {
  return new LogBuilder()
    .meta()
    .begin("t1")
    .user("go")
    .call("spawn_agent", { task_name: "scout", message: "look around" }, "c1")
    .tokens(1)
    .event("sub_agent_activity", {
      event_id: "c1",
      agent_thread_id: CHILD,
      agent_path: "/root/scout",
      kind: "started",
    })
    .output("c1", '{"task_name":"/root/scout"}')
    .call("send_message", { target: "/root/scout", message: "and count" }, "c2")
    .tokens(1)
    .output("c2", "")
    .wait(1000)
    .item({
      type: "agent_message",
      author: "/root/scout",
      recipient: "/root",
      content: [
        {
          type: "input_text",
          text: "Message Type: FINAL_ANSWER\nTask name: /root\nSender: /root/scout\nPayload:\nall good",
        },
      ],
    })
    .says("done")
    .tokens(1)
    .end("t1");
}

function childLog(): LogBuilder {
  const message = (text: string) => ({
    type: "agent_message",
    author: "/root",
    recipient: "/root/scout",
    content: [
      {
        type: "input_text",
        text: "Message Type: NEW_TASK\nTask name: /root/scout\nSender: /root\nPayload:\n",
      },
      { type: "encrypted_content", encrypted_content: text },
    ],
  });
  return new LogBuilder()
    .wait(100)
    .meta(spawnedBy(ROOT))
    .begin(CHILD_TURN)
    .item(message("look around"))
    .wait(100)
    .item(message("and count"))
    .says("all good")
    .tokens(5)
    .end(CHILD_TURN);
}

describe("the session logs in a folder", () => {
  it("are one rollout where one thread started the others, whatever the files are called", () => {
    mkdirSync(join(folder, "2026", "01"), { recursive: true });
    childLog().write(join(folder, "2026"), "a.jsonl");
    parentLog().write(join(folder, "2026", "01"), "b.jsonl");
    const graph = importGraph(folder);
    expect(graph.rollout_id).toBe(ROOT);
    expect(
      Object.values(graph.threads).map(({ agent_path, execution }) => [agent_path, execution.status]),
    ).toEqual([
      ["/root", "completed"],
      ["/root/scout", "completed"],
    ]);
    expect(
      Object.values(graph.interaction_edges).map(({ edge_id, target, status }) => [
        edge_id,
        target?.type,
        status,
      ]),
    ).toEqual([
      [`edge:spawn:${ROOT}:${CHILD}`, "conversation_item", "completed"],
      ["edge:tool:c2", "conversation_item", "completed"],
      [`edge:agent_result:${CHILD}:${CHILD_TURN}:${ROOT}`, "conversation_item", "completed"],
    ]);
    expect(graph.findings).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("have the edges to an agent whose log is missing, and say of it what its parent's log says", () => {
    const graph = importGraph(parentLog().write(folder));
    expect(graph.threads[CHILD]).toMatchObject({
      agent_path: "/root/scout",
      origin: { type: "spawned", parent_thread_id: ROOT, task_name: "scout" },
      conversation_item_ids: [],
      execution: { status: "completed" },
    });
    expect(Object.values(graph.interaction_edges).map(({ kind, target }) => [kind, target?.type])).toEqual([
      ["spawn_agent", "thread"],
      ["send_message", undefined],
      ["agent_result", "conversation_item"],
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("have a parent whose log is missing in its place", () => {
    const graph = importGraph(childLog().write(folder));
    expect(graph.root_thread_id).toBe(ROOT);
    expect(graph.threads[ROOT]).toMatchObject({
      agent_path: "/root",
      origin: { type: "root" },
      turn_ids: [],
    });
    expect(graph.threads[CHILD]?.origin).toMatchObject({ type: "spawned", parent_thread_id: ROOT });
  });

  it("know an agent by its nickname where there are no agent paths, and its result by the notification", () => {
    const notification = `<subagent_notification>\n{"agent_path":"${CHILD}","status":{"completed":"ok"}}\n</subagent_notification>`;
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("go")
      .call("spawn_agent", { message: "look" }, "c1")
      .call("spawn_agent", { message: "too many" }, "c2")
      .tokens(1)
      .output("c1", `{"agent_id":"${CHILD}","nickname":"Ada"}`)
      .output("c2", "collab spawn failed: agent thread limit reached (max 6)")
      .user(notification)
      .call("close_agent", { target: CHILD }, "c3")
      .tokens(1)
      .output("c3", '{"previous_status":{"completed":"ok"}}')
      .says("done")
      .tokens(1)
      .end("t1");
    const graph = importGraph(log.write(folder));
    expect(graph.threads[CHILD]).toMatchObject({ agent_path: "/root/Ada", nickname: "Ada" });
    expect(
      Object.values(graph.interaction_edges).map(({ kind, source, target }) => [
        kind,
        source.id,
        target?.type,
      ]),
    ).toEqual([
      ["spawn_agent", "c1", "thread"],
      ["agent_result", CHILD, "conversation_item"],
      ["close_agent", "c3", "thread"],
    ]);
    expect(graph.tool_calls["c2"]?.execution.status).toBe("failed");
  });

  it("keep the two uses of one call id in parent and child apart", () => {
    const twice = (log: LogBuilder) =>
      log.call("update_plan", {}, "same").tokens(1).output("same", "ok").says("ok").tokens(1);
    twice(new LogBuilder().meta().begin("t1").user("go")).end("t1").write(folder, "root.jsonl");
    twice(new LogBuilder().wait(5).meta(spawnedBy(ROOT)).begin(CHILD_TURN).user("go"))
      .end(CHILD_TURN)
      .write(folder, "child.jsonl");
    const graph = importGraph(folder);
    expect(
      Object.values(graph.tool_calls).map(({ thread_id, output_item_ids }) => [
        thread_id,
        output_item_ids.length,
      ]),
    ).toEqual([
      [ROOT, 1],
      [CHILD, 1],
    ]);
  });

  it("are listed where they are several rollouts; one is chosen by id or `latest`", () => {
    new LogBuilder().meta({ id: "one" }).begin("t").user("1").says("1").end("t").write(folder, "1.jsonl");
    new LogBuilder()
      .wait(60_000)
      .meta({ id: "two" })
      .begin("t")
      .user("2")
      .says("2")
      .end("t")
      .write(folder, "2.jsonl");
    expect(() => openSource(folder)).toThrowError(
      expect.objectContaining({
        code: "ambiguous_rollout",
        message: expect.stringMatching(
          /2 rollouts[\s\S]*one {2}2026-01-01 00:00:00Z[\s\S]*two {2}2026-01-01 00:01:00Z/,
        ),
      }),
    );
    expect(importGraph(folder, { rollout: "latest" }).rollout_id).toBe("two");
    expect(importGraph(folder, { rollout: "one" }).rollout_id).toBe("one");
    expect(() => openSource(folder, { rollout: "three" })).toThrowError(
      expect.objectContaining({ code: "unknown_rollout" }),
    );
  });

  it("are read although one of them is broken; links are not followed", () => {
    parentLog().write(folder, "root.jsonl");
    writeFileSync(join(folder, "broken.jsonl"), "not json\n");
    writeFileSync(join(folder, "damaged.jsonl.gz"), Buffer.from([0x1f, 0x8b, 1, 2, 3]));
    symlinkSync(folder, join(folder, "loop"));
    expect(importGraph(folder).rollout_id).toBe(ROOT);
  });
});

describe("a session log", () => {
  it("is recognised by what is in it", () => {
    expect(detectFormat(parentLog().write(folder, "notes.txt"))).toBe("codex-log");
    const other = join(folder, "other.jsonl");
    writeFileSync(
      other,
      `${JSON.stringify({ type: "user", uuid: "u", sessionId: "s", message: { role: "user" } })}\n`,
    );
    expect(() => detectFormat(other)).toThrowError(expect.objectContaining({ code: "unknown_format" }));
  });

  it.each([
    ["gz", gzipSync],
    ["zst", zstdCompressSync],
  ])("reads the same compressed as .%s, alone and in a folder", (extension, compress) => {
    const plain = importGraph(parentLog().write(folder));
    rmSync(join(folder, "rollout.jsonl"));
    const path = join(folder, `rollout.jsonl.${extension}`);
    writeFileSync(path, compress(Buffer.from(parentLog().text())));
    expect(importGraph(path)).toEqual(plain);
    expect(importGraph(folder)).toEqual(plain);
  });

  it("that is compressed and damaged is read as far as it goes, and says so", () => {
    const path = join(folder, "rollout.jsonl.gz");
    const whole = gzipSync(Buffer.from(parentLog().text()));
    writeFileSync(path, whole.subarray(0, whole.length - 12));
    expect(readSource(path).problems.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^the file ends here: gzip: /),
    );
  });

  it("can be forced to be one", () => {
    const path = join(folder, "odd.jsonl");
    writeFileSync(path, '{"type":"unheard_of","payload":{}}\n');
    using source = openSource(path, { from: "codex-log" });
    expect(source.format).toBe("codex-log");
  });

  it("of the first versions has lines without an envelope; each message of a person begins a turn", () => {
    const lines = [
      { id: ROOT, timestamp: "2025-09-10T12:00:00.000Z", instructions: null, git: {} },
      { record_type: "state" },
      { type: "message", role: "user", content: [{ type: "input_text", text: "<environment_context>x" }] },
      { type: "message", role: "user", content: [{ type: "input_text", text: "one" }] },
      { type: "function_call", name: "srv__look", arguments: "{}", call_id: "c1" },
      { type: "function_call_output", call_id: "c1", output: "ok" },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "first" }] },
      { record_type: "state" },
      { type: "message", role: "user", content: [{ type: "input_text", text: "two" }] },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "second" }] },
    ];
    const path = join(folder, "old.jsonl");
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const graph = importGraph(path);
    expect(Object.values(graph.turns).map(({ execution }) => execution.status)).toEqual([
      "completed",
      "completed",
    ]);
    expect(transcript(graph).slice(1)).toEqual([
      "user: one",
      "assistant: {}",
      "tool: ok",
      "assistant: first",
      "user: two",
      "assistant: second",
    ]);
    expect(graph.tool_calls["c1"]?.kind).toEqual({ type: "mcp", server: "srv", tool: "look" });
  });

  it("ends a turn that another begins in, as given up", () => {
    const log = new LogBuilder()
      .meta()
      .begin("t1")
      .user("a")
      .says("b")
      .begin("t2")
      .user("c")
      .says("d")
      .end("t2");
    const { turns } = importGraph(log.write(folder));
    expect(Object.values(turns).map(({ execution }) => execution.status)).toEqual(["aborted", "completed"]);
  });

  it("takes its metadata from the first record of it, and keeps the others as breadcrumbs", () => {
    const log = parentLog().meta({ cli_version: "9" });
    const { events } = readSource(log.write(folder));
    const started = events.filter(({ payload }) => payload.type === "rollout_started");
    expect(started.map(({ payload }) => payload)).toMatchObject([
      { host: { name: "codex_cli", version: "0.142.5" } },
    ]);
    expect(
      events.filter(
        ({ payload }) => payload.type === "protocol_event_observed" && payload.event_type === "session_meta",
      ),
    ).toHaveLength(1);
  });

  it("reports a last line that was cut off, and lines in the middle that cannot be read, and goes on", () => {
    const path = new LogBuilder()
      .meta()
      .begin("t1")
      .line("{broken")
      .line("[]")
      .add("unheard_of", { a: 1 })
      .user("hello")
      .says("hi")
      .line('{"timestamp":"2026')
      .write(folder, "rollout.jsonl", "");
    const { problems, events } = readSource(path);
    expect(
      problems.map(({ where, message }) => [
        where.replace(path, ""),
        message.replace(/JSON.*?(;|$)/, "JSON$1"),
      ]),
    ).toEqual([
      [":4", expect.stringContaining("JSON")],
      [":5", "no record of a session log: not an object"],
      [":6", 'a record of type "unheard_of" is not known'],
      [":9", expect.stringContaining("the last line was cut off while it was being written")],
    ]);
    expect(events.map(({ payload }) => payload.type)).toContain("inference_completed");
    expect(
      events.some(
        ({ payload }) => payload.type === "protocol_event_observed" && payload.event_type === "unheard_of",
      ),
    ).toBe(true);
  });

  it("names every record that is no item in some event, and has every item in its transcript", () => {
    const log = parentLog();
    const path = log.write(folder);
    const named = new Set(
      JSON.stringify(readSource(path).events).match(new RegExp(`(?<="${ROOT}:)\\d+`, "g")),
    );
    const records = log
      .text()
      .trim()
      .split("\n")
      .map((line, index) => ({ type: (JSON.parse(line) as { type: string }).type, number: index + 1 }));
    const isItem = ({ type }: { type: string }) => type === "response_item";
    const unnamed = records.filter((record) => !isItem(record) && !named.has(String(record.number)));
    expect(unnamed).toEqual([]);
    expect(transcript(importGraph(path))).toHaveLength(records.filter(isItem).length);
  });

  it("reads the same in every pass, and payloads before any pass", () => {
    const path = parentLog().write(folder);
    expect(readSource(path)).toEqual(readSource(path));
    const { events } = readSource(path);
    const request = events.flatMap(({ payload }) =>
      payload.type === "inference_started" ? [payload.request] : [],
    )[0];
    using source = openSource(path);
    const read = request === undefined ? null : source.rollout.payloads.items(request.payload_id, "input");
    expect(read).toMatchObject({ ok: true });
    expect([...source.rollout.events(events.length)]).toHaveLength(1);
  });
});
