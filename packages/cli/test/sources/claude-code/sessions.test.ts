import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { detectFormat, openSource } from "@rollout-trace/cli";
import { checkGraph, graphJson, reduceRollout } from "@rollout-trace/reducer";
import {
  importGraph,
  OTHER_SESSION,
  readSource,
  requests,
  SESSION,
  TranscriptBuilder,
  transcript,
} from "./transcript-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claude-code-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const small = (common: object = {}) => new TranscriptBuilder(common).user("hello").text("m1", "hi");

describe("a transcript", () => {
  it.each([
    ["as it is", (text: string) => text, ".jsonl"],
    ["gzip compressed", gzipSync, ".jsonl.gz"],
    ["zstd compressed", zstdCompressSync, ".jsonl.zst"],
    [
      "with a byte order mark and Windows line ends",
      (text: string) => `\uFEFF${text.replaceAll("\n", "\r\n")}`,
      ".jsonl",
    ],
  ])("is recognised by its content and read, %s", (_how, pack, ending) => {
    const path = join(folder, `anything${ending}`);
    writeFileSync(path, pack(small().content()));
    expect(detectFormat(path)).toBe("claude-code");
    expect(transcript(importGraph(path))).toEqual(["user: hello", "assistant: hi"]);
  });

  it.each([
    [{ type: "last-prompt", leafUuid: "u", sessionId: "s" }],
    [
      { type: "file-history-snapshot", messageId: "m", snapshot: {} },
      { type: "user", message: { role: "user", content: "x" } },
    ],
    [{ type: "summary", summary: "s", leafUuid: "u" }],
    [
      {
        parentUuid: null,
        type: "attachment",
        attachment: { type: "date_change" },
        uuid: "u",
        sessionId: "s",
      },
    ],
    [{ type: "assistant", message: { content: [{ type: "text", text: "x" }] } }],
  ])("is recognised when it begins with %j", (...lines) => {
    const path = join(folder, "log.jsonl");
    writeFileSync(path, lines.map((line) => JSON.stringify(line)).join("\n"));
    expect(detectFormat(path)).toBe("claude-code");
  });

  it.each([
    [{ type: "user", text: "no message" }],
    [{ type: "message", id: "1", parentId: null, message: { role: "user", content: "x" } }],
    [{ timestamp: "2026-01-01T00:00:00Z", type: "session_meta", payload: { id: "1" } }],
    [{ role: "user", content: "x" }],
  ])("is not what begins with %j", (line) => {
    const path = join(folder, "log.jsonl");
    writeFileSync(path, JSON.stringify(line));
    expect(() => expect(detectFormat(path)).not.toBe("claude-code")).not.toThrow(/not.toBe/);
  });

  it("reads the same each time, and each payload before its event as well", () => {
    const path = small().write(folder);
    using source = openSource(path);
    const before = source.rollout.payloads.json(`${SESSION}:2:response` as never);
    const graph = reduceRollout(source.rollout);
    expect(before).toMatchObject({ ok: true, value: { id: "m1" } });
    expect(graphJson(reduceRollout(source.rollout))).toBe(graphJson(graph));
  });

  it("that was cut off in its last line is read up to there, and says so", () => {
    const text = small().content("");
    const path = join(folder, "log.jsonl");
    writeFileSync(path, text.slice(0, -20));
    const { problems } = readSource(path);
    expect(problems).toEqual([
      { where: `${path}:2`, message: expect.stringMatching(/cut off while it was being written/) },
    ]);
    expect(transcript(importGraph(path, { mode: "lenient" }))).toEqual(["user: hello"]);
  });

  it("says which lines are no entries, and reads the others", () => {
    const log = small()
      .line("{torn")
      .line("[]")
      .line('"text"')
      .line('{"untyped":1}')
      .user("on")
      .text("m2", "and on");
    const path = log.write(folder);
    expect(readSource(path).problems.map(({ where }) => where)).toEqual(
      [3, 4, 5, 6].map((line) => `${path}:${line}`),
    );
    expect(transcript(importGraph(path, { mode: "lenient" }))).toHaveLength(4);
  });
});

describe("a folder of transcripts", () => {
  it("has a rollout for each session, found by name", () => {
    small().write(folder);
    new TranscriptBuilder({ sessionId: OTHER_SESSION })
      .wait(1000)
      .user("other")
      .text("n1", "one")
      .write(folder, `${OTHER_SESSION}.jsonl`);
    expect(() => importGraph(folder)).toThrow(/holds 2 rollouts/);
    expect(transcript(importGraph(folder, { rollout: SESSION }))).toEqual(["user: hello", "assistant: hi"]);
    expect(importGraph(folder, { rollout: "latest" }).rollout_id).toBe(OTHER_SESSION);
  });

  it("leaves out a shorter copy of a transcript, and says so", () => {
    const path = small().user("more").text("m2", "and more").write(folder, "late/full.jsonl");
    const early = small().write(folder, "early/full.jsonl");
    expect(readSource(folder).problems).toEqual([
      { where: early, message: `left out: the same transcript is read from ${path}` },
    ]);
    expect(transcript(importGraph(folder, { mode: "lenient" }))).toHaveLength(4);
  });

  it("keeps sessions apart whose ids were redacted, by the names of their files", () => {
    small({ sessionId: "REDACTED" }).write(folder, "one.jsonl");
    new TranscriptBuilder({ sessionId: "REDACTED" }, "v")
      .user("bye")
      .text("n1", "bye")
      .write(folder, "two.jsonl");
    expect(() => importGraph(folder)).toThrow(/holds 2 rollouts/);
    expect(importGraph(folder, { rollout: "two" }).usage.total.total_tokens).toBe(11);
  });

  it("is read although one of its files is broken", () => {
    small().write(folder);
    writeFileSync(join(folder, "agent-x.jsonl"), "no JSON at all\n");
    mkdirSync(join(folder, `${SESSION}/subagents`), { recursive: true });
    writeFileSync(
      join(folder, `${SESSION}/subagents/journal.jsonl`),
      '{"type":"started","key":"k","agentId":"a"}\n',
    );
    writeFileSync(join(folder, "broken.jsonl.gz"), gzipSync(small().content()).subarray(0, 40));
    expect(transcript(importGraph(folder, { mode: "lenient" }))).toEqual(["user: hello", "assistant: hi"]);
  });
});

describe("a session that was resumed under another id", () => {
  /** The first session, and one that begins with a copy of it under its own id. */
  function family(): void {
    const path = new TranscriptBuilder()
      .user("hello")
      .use("m1", "Read", "c1")
      .result("c1", "text")
      .text("m2", "read")
      .write(folder);
    const copied = readFileSync(path, "utf8").trim().replaceAll(SESSION, OTHER_SESSION);
    const resumed = new TranscriptBuilder({ sessionId: OTHER_SESSION }, "v").line(copied).wait(9000);
    resumed.user("again", { parent: "u4" }).text("m3", "once more").write(folder, `${OTHER_SESSION}.jsonl`);
  }

  it("has what was copied as context, and counts only what it added", () => {
    family();
    const first = importGraph(folder, { rollout: SESSION });
    const second = importGraph(folder, { rollout: OTHER_SESSION });
    expect([first.usage.total.total_tokens, second.usage.total.total_tokens]).toEqual([22, 11]);
    expect(requests(second, OTHER_SESSION)).toEqual([[...transcript(first), "user: again"]]);
    expect(Object.keys(second.tool_calls)).toEqual([]);
    expect(checkGraph(second)).toEqual([]);
  });

  it("counts everything where the first is not there to compare with", () => {
    family();
    rmSync(join(folder, `${SESSION}.jsonl`));
    expect(importGraph(folder).usage.total.total_tokens).toBe(33);
  });

  it("says itself what was copied, in versions that do", () => {
    const log = new TranscriptBuilder({ forkedFrom: { sessionId: OTHER_SESSION, messageUuid: "x" } })
      .user("hello")
      .text("m1", "hi");
    const [first = "", second = ""] = log.lines;
    const own = new TranscriptBuilder({}, "v")
      .line(first)
      .line(second)
      .user("again", { parent: "u2" })
      .text("m2", "hi again");
    const graph = importGraph(own.write(folder));
    expect(graph.usage.total.total_tokens).toBe(11);
    expect(requests(graph)).toEqual([["user: hello", "assistant: hi", "user: again"]]);
  });
});
