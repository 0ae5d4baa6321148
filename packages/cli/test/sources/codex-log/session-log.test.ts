import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detectFormat, openSource } from "@rollout-trace/cli";
import { parentLog } from "./agent-logs.ts";
import { importGraph, LogBuilder, readSource, ROOT, transcript } from "./log-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "codex-log-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
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

  it("is not ended by the end of a turn that runs inside another", () => {
    const log = new LogBuilder().meta().begin("t1").user("a").end("inner").says("b").tokens(1).end("t1");
    const { turns, inference_calls } = importGraph(log.write(folder));
    expect(Object.values(turns)).toMatchObject([{ turn_id: "t1", execution: { status: "completed" } }]);
    expect(Object.values(inference_calls)).toMatchObject([{ turn_id: "t1" }]);
  });

  it("with times that no clock has keeps the times before them", () => {
    const path = join(folder, "odd.jsonl");
    const record = (timestamp: unknown) => JSON.stringify({ timestamp, type: "world_state", payload: {} });
    writeFileSync(
      path,
      `${new LogBuilder().meta().text()}${["+275760-09-13T00:00:00Z", "soon", null, 5].map((time) => `${record(time)}\n`).join("")}`,
    );
    const { events } = readSource(path);
    expect(new Set(events.map(({ time_unix_us }) => time_unix_us)).size).toBeLessThanOrEqual(2);
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
