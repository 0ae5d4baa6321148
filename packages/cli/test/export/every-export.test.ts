/** What holds for all recordings: each can be exported, whatever is wrong with it. */
import { decodeRawEvent } from "@rollout-trace/protocol";
import { describe, expect, it } from "vitest";
import { MERMAID_LIMITS, mermaidDiagram } from "../../src/export/mermaid/export-mermaid.ts";
import { ndjsonLines } from "../../src/export/ndjson/export-ndjson.ts";
import { perfettoPackets } from "../../src/export/perfetto/export-perfetto.ts";
import { readTrace, violations } from "./perfetto-reader.ts";
import { RECORDINGS } from "./recordings.ts";

describe.each(RECORDINGS)("$name", ({ rollout, graph }) => {
  it("is a Perfetto trace that keeps the rules of tracks, slices and flows", () => {
    expect(violations(readTrace(Buffer.concat([...perfettoPackets(graph)])))).toEqual([]);
  });

  it("is a sequence diagram of known lines within its limits", () => {
    const { text } = mermaidDiagram(graph);
    const [head, ...lines] = text.trimEnd().split("\n");
    expect(head).toBe("sequenceDiagram");
    const known =
      /^ {4}(?:actor user|participant (?:tools|a\d+ as [^<>#;%\n]+)|(?:user|tools|a\d+)(?:-->>|->>|--x)(?:user|tools|a\d+): .+|note over (?:a1|tools): .+)$/;
    expect(lines.filter((line) => !known.test(line))).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(MERMAID_LIMITS.steps + MERMAID_LIMITS.agents + 3);
    expect(text.length).toBeLessThan(50_000);
  });

  it("is lines of JSON that decode to what its events decode to", () => {
    const values = [...rollout.events()].flatMap((record) => (record.type === "event" ? [record.value] : []));
    const losses: string[] = [];
    const lines = [...ndjsonLines(rollout, { onLoss: (loss) => losses.push(loss) })];
    expect(lines.map((line) => decodeRawEvent(JSON.parse(line)))).toEqual(
      values.map((value) => decodeRawEvent(value)),
    );
    expect([...ndjsonLines(rollout, { payloadRefs: true })]).toEqual(
      values.map((value) => `${JSON.stringify(value)}\n`),
    );
  });
});
