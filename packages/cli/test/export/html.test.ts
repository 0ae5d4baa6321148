import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { htmlPieces } from "../../src/export/html/export-html.ts";
import { pageScript } from "../../src/export/html/page-script.ts";
import { pageBlocks } from "./page-blocks.ts";
import { RECORDINGS } from "./recordings.ts";

const pages = RECORDINGS.map(({ name, rollout, graph }) => ({
  name,
  graph,
  rollout,
  ...pageBlocks([...htmlPieces({ rollout, graph, source: name })].join("")),
}));

describe("the page", () => {
  it.each(pages)(
    "of $name has details for every object, a line for everything that has a time, and every event",
    (page) => {
      const { index, details, events, graph, rollout } = page;
      const { nodes, types, outline } = index;
      expect(details).toHaveLength(nodes.id.length);
      const lines = outline.map(([node]) => node);
      expect(new Set(lines).size).toBe(lines.length);
      const inOutline = new Set([
        "thread",
        "turn",
        "inference_call",
        "tool_call",
        "code_cell",
        "compaction",
        "compaction_request",
      ]);
      const wanted = nodes.id.flatMap((_id, node) =>
        inOutline.has(types[nodes.type[node] ?? -1] ?? "") ? [node] : [],
      );
      expect(wanted.filter((node) => !lines.includes(node))).toEqual([]);
      expect(index.problems).toHaveLength(graph.diagnostics.length + graph.findings.length);
      const readable = [...rollout.events()].filter(
        (record) =>
          record.type === "event" && typeof (record.value as { seq?: unknown } | null)?.seq === "number",
      );
      expect(events.length).toBeLessThanOrEqual(readable.length);
      const shown = new Set(events.map((event) => event.seq));
      expect(details.flatMap(({ seqs }) => seqs).filter((seq) => !shown.has(seq))).toEqual([]);
    },
  );

  it.each(pages)("of $name points at objects that are there", ({ index, details }) => {
    const numbers = [
      ...index.agents.flatMap(({ node, transcript }) => [node, ...transcript]),
      ...index.lanes.flatMap(({ bars }) => bars),
      ...index.arrows.flatMap(([, from, to]) => [from, to]),
      ...index.requests.flatMap(([node, , , items, response]) => [node, ...items, ...response]),
      ...details.flatMap(({ links, backlinks }) => [...links, ...backlinks].flatMap(({ nodes }) => nodes)),
    ];
    expect(numbers.filter((node) => node < 0 || node >= index.nodes.id.length)).toEqual([]);
  });

  it("is the same markup whatever was recorded, and allows its own script and style by their hashes alone", () => {
    const [first, ...rest] = new Set(pages.map(({ markup }) => markup));
    expect(rest).toEqual([]);
    const markup = first ?? "";
    const inside = (tag: string): string => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(markup)?.[1] ?? "";
    const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(markup)?.[1];
    expect(policy?.split("; ")).toEqual([
      "default-src 'none'",
      `script-src ${hash(inside("script"))}`,
      `style-src ${hash(inside("style"))}`,
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(inside("script")).toBe(pageScript());
    expect(markup).not.toMatch(/ (?:src|href|on[a-z]+|style)=/);
  });

  it("has a script without a way to make markup of text, and without a way out", () => {
    expect(pageScript()).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|\bfetch\b|XMLHttpRequest|WebSocket|sendBeacon|\bimport\b|localStorage/,
    );
  });
});
