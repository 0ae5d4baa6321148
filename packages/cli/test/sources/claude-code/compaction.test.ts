import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGraph } from "@rollout-trace/reducer";
import { importGraph, requests, TranscriptBuilder, transcript } from "./transcript-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claude-code-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("a compaction", () => {
  it("replaces the history by its summary, and the next request carries that and what came after", () => {
    const log = new TranscriptBuilder()
      .user("a long talk")
      .text("m1", "indeed")
      .system("compact_boundary", {
        parent: null,
        logicalParentUuid: "u2",
        compactMetadata: { trigger: "auto" },
      })
      .attach({ type: "file", content: "kept file" })
      .user("they talked", { isCompactSummary: true, parent: "u3" })
      .user("go on")
      .text("m2", "on");
    const graph = importGraph(log.write(folder));
    const [compaction] = Object.values(graph.compactions);
    expect([compaction?.input_item_ids.length, compaction?.replacement_item_ids.length]).toEqual([2, 1]);
    expect(requests(graph)[1]).toEqual(["user: they talked", "user: kept file", "user: go on"]);
    expect(transcript(graph)[2]).toBe("(compacted)");
    expect(graph.findings).toEqual([]);
    expect(checkGraph(graph)).toEqual([]);
  });

  it("keeps the entries that its boundary says stay", () => {
    const log = new TranscriptBuilder()
      .user("one")
      .text("m1", "1")
      .user("two")
      .text("m2", "2")
      .system("compact_boundary", {
        parent: null,
        compactMetadata: { preservedSegment: { headUuid: "u3", anchorUuid: "u6", tailUuid: "u4" } },
      })
      .user("counted to one", { isCompactSummary: true })
      .user("three")
      .text("m3", "3");
    expect(requests(importGraph(log.write(folder))).at(-1)).toEqual([
      "user: counted to one",
      "user: two",
      "assistant: 2",
      "user: three",
    ]);
  });

  it("without a boundary is known by its summary, and without a summary by its boundary", () => {
    const log = new TranscriptBuilder()
      .user("one")
      .text("m1", "1")
      .user("the story so far", { isCompactSummary: true, parent: null })
      .text("m2", "2")
      .system("compact_boundary", { parent: null })
      .user("three")
      .text("m3", "3");
    const graph = importGraph(log.write(folder));
    expect(Object.keys(graph.compactions)).toHaveLength(2);
    expect(requests(graph).slice(1)).toEqual([["user: the story so far"], ["user: three"]]);
  });

  it("of single results clears them and leaves the rest", () => {
    const log = new TranscriptBuilder()
      .user("read")
      .use("m1", "Read", "c1", { file_path: "/a" })
      .result("c1", "a long file")
      .text("m2", "read it")
      .system("microcompact_boundary", {
        microcompactMetadata: { compactedToolIds: ["c1", "c9"], tokensSaved: 900 },
      })
      .user("and?")
      .text("m3", "gone");
    const graph = importGraph(log.write(folder));
    expect(requests(graph).at(-1)).toEqual([
      "user: read",
      'assistant: {"file_path":"/a"}',
      "tool: [Old tool result content cleared]",
      "assistant: read it",
      "user: and?",
    ]);
    expect(Object.keys(graph.compactions)).toHaveLength(1);
    expect(Object.keys(graph.tool_calls)).toHaveLength(1);
  });

  it("can be gone back before", () => {
    const log = new TranscriptBuilder()
      .user("one")
      .text("m1", "1")
      .system("compact_boundary", { parent: null })
      .user("all there was", { isCompactSummary: true })
      .text("m2", "2")
      .user("once more", { parent: "u2" })
      .text("m3", "3");
    expect(requests(importGraph(log.write(folder))).at(-1)).toEqual([
      "user: one",
      "assistant: 1",
      "user: once more",
    ]);
  });
});
