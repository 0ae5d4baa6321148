import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { checkGraph } from "@rollout-trace/reducer";
import { CHILD_TURN, childLog, parentLog, spawnedBy } from "./agent-logs.ts";
import { CHILD, importGraph, LogBuilder, readSource, ROOT } from "./log-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "codex-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

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
          /2 rollouts[\s\S]*two {2}2026-01-01 00:01:00Z[\s\S]*one {2}2026-01-01 00:00:00Z/,
        ),
      }),
    );
    expect(importGraph(folder, { rollout: "latest" }).rollout_id).toBe("two");
    expect(importGraph(folder, { rollout: "one" }).rollout_id).toBe("one");
    expect(() => openSource(folder, { rollout: "three" })).toThrowError(
      expect.objectContaining({ code: "unknown_rollout" }),
    );
  });

  it("have a thread between two others in its place, when only its log is missing", () => {
    const middle = "019d7d80-0000-7000-8000-000000000003";
    parentLog().write(folder, "root.jsonl");
    new LogBuilder()
      .wait(50)
      .meta({ ...spawnedBy(middle, { agent_path: "/root/middle/scout" }), session_id: ROOT })
      .begin(CHILD_TURN)
      .user("go")
      .says("ok")
      .tokens(1)
      .end(CHILD_TURN)
      .write(folder, "child.jsonl");
    const graph = importGraph(folder);
    expect(Object.values(graph.threads).map(({ agent_path, origin }) => [agent_path, origin])).toMatchObject([
      ["/root/middle", { parent_thread_id: ROOT }],
      ["/root", { type: "root" }],
      ["/root/middle/scout", { parent_thread_id: middle }],
    ]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("end in circles of parents as they do in none", () => {
    const other = "019d7d80-0000-7000-8000-000000000003";
    const circle = (id: string, parent: string, name: string) =>
      new LogBuilder()
        .meta({ ...spawnedBy(parent, { agent_path: null }), id })
        .begin(CHILD_TURN)
        .user("go")
        .says("ok")
        .end(CHILD_TURN)
        .write(folder, name);
    circle(CHILD, other, "a.jsonl");
    circle(other, CHILD, "b.jsonl");
    expect(checkGraph(importGraph(folder, { rollout: "latest" }))).toEqual([]);
  });

  it("are read once where there are copies: the longest, and the others are reported", () => {
    const log = new LogBuilder().meta().begin("t1").user("one").says("1").end("t1");
    log.write(folder, "a.jsonl");
    log.begin("t2").user("two").says("2").end("t2").write(folder, "b.jsonl");
    const { problems } = readSource(folder);
    expect(problems).toEqual([
      {
        where: join(folder, "a.jsonl"),
        message: `left out: thread ${ROOT} is read from ${join(folder, "b.jsonl")}`,
      },
    ]);
    expect(Object.keys(importGraph(folder, { mode: "lenient" }).turns)).toEqual(["t1", "t2"]);
  });

  it("are read although one of them is broken; links are not followed", () => {
    parentLog().write(folder, "root.jsonl");
    writeFileSync(join(folder, "broken.jsonl"), "not json\n");
    writeFileSync(join(folder, "damaged.jsonl.gz"), Buffer.from([0x1f, 0x8b, 1, 2, 3]));
    symlinkSync(folder, join(folder, "loop"));
    expect(importGraph(folder, { mode: "lenient" }).rollout_id).toBe(ROOT);
    expect(readSource(folder).problems).toEqual([
      {
        where: join(folder, "damaged.jsonl.gz"),
        message: expect.stringContaining("unknown compression method"),
      },
    ]);
  });
});
