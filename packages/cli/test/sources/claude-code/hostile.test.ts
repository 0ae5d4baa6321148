import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGraph, graphJson } from "@rollout-trace/reducer";
import { importGraph, readSource, SESSION, TranscriptBuilder } from "./transcript-builder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "claude-code-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const progress = (message: object) => ({
  data: { type: "agent_progress", agentId: "p1", message },
  parentToolUseID: "c4",
});

/** A bit of everything that a transcript may have. */
const EVERYTHING = new TranscriptBuilder()
  .note("summary", { summary: "s", leafUuid: "u1" })
  .user("hello")
  .attach({ type: "hook_additional_context", content: ["x"] })
  .says("m1", [{ type: "thinking", thinking: "", signature: "s1" }])
  .use("m1", "Bash", "c1", { command: "ls" })
  .use("m1", "Edit", "c2", { file_path: "/a" })
  .result("c1", "a", {
    parent: "u4",
    toolUseResult: { stdout: "a", stderr: "", interrupted: false, backgroundTaskId: "b1" },
  })
  .result("c2", "no", { parent: "u5", isError: true, toolUseResult: "Error: no" })
  .use("m2", "BashOutput", "c3", { bash_id: "b1" })
  .result("c3", "", { toolUseResult: { shellId: "b1", exitCode: 0 } })
  .use("m3", "Task", "c4", { prompt: "look", description: "Look", subagent_type: "eye" })
  .user("look", { parent: null, isSidechain: true })
  .text("k1", "seen", { isSidechain: true })
  .add("progress", progress({ type: "user", message: { role: "user", content: "look" }, uuid: "p" }))
  .add(
    "progress",
    progress({
      type: "assistant",
      message: { id: "k2", content: [{ type: "tool_use", id: "k_c", name: "Read" }] },
    }),
  )
  .result("c4", "seen", { parent: "u10", toolUseResult: { agentId: "p1", status: "completed", content: [] } })
  .system("api_error", { error: { status: 529 } })
  .text("m4", "API Error", { isApiErrorMessage: true, message: { model: "<synthetic>" } })
  .user("[Request interrupted by user]")
  .user("back", { parent: "u1" })
  .text("m5", "here")
  .system("microcompact_boundary", { microcompactMetadata: { compactedToolIds: ["c1"] } })
  .system("compact_boundary", {
    parent: null,
    compactMetadata: { preservedSegment: { headUuid: "u1", tailUuid: "u5" } },
  })
  .user("in short", { isCompactSummary: true })
  .user("<task-notification><task-id>p1</task-id></task-notification>")
  .text("m6", "well")
  .system("turn_duration")
  .note("file-history-snapshot", { snapshot: {} })
  .user("copied", { forkedFrom: {} })
  .text("m7", "", { parent: null, agentId: "__proto__", isSidechain: true }).lines;

/** What may stand where any field was. */
const junk = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom("REDACTED", "u1", "m1", "c1", "p1", SESSION, "__proto__", "", null, [], {}),
);

/** A line with one of its fields, however deep, replaced, removed or moved to the end. */
const mutated = fc
  .tuple(fc.constantFrom(...EVERYTHING), fc.nat(), junk, fc.constantFrom("replace", "remove", "reorder"))
  .map(([line, at, value, how]) => {
    const whole = JSON.parse(line) as { [key: string]: unknown };
    const places: [{ [key: string]: unknown }, string][] = [];
    const visit = (object: { [key: string]: unknown }): void => {
      for (const [key, inner] of Object.entries(object)) {
        places.push([object, key]);
        if (typeof inner === "object" && inner !== null) visit(inner as { [key: string]: unknown });
      }
    };
    visit(whole);
    const [object, key] = places[at % places.length] ?? [whole, "type"];
    const old = object[key];
    delete object[key];
    if (how === "replace") object[key] = value;
    if (how === "reorder") object[key] = old;
    return JSON.stringify(whole);
  });

const line = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...EVERYTHING) },
  { weight: 6, arbitrary: mutated },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
  // A line that was cut off.
  { weight: 1, arbitrary: fc.constantFrom(...EVERYTHING).map((text) => text.slice(0, text.length / 2)) },
);

const numRuns = Number(process.env["ROLLOUT_TRACE_RUNS"] ?? 40) || 40;

/** What is found out about the transcript alone, and with an agent's beside it. */
function verdicts(lines: readonly string[], agent: readonly string[]) {
  const path = join(folder, `${SESSION}.jsonl`);
  writeFileSync(path, lines.join("\n"));
  writeFileSync(join(folder, "agent-p1.jsonl"), agent.join("\n"));
  return (agent.length === 0 ? [path] : [path, folder]).map((source) => {
    const { events } = readSource(source, SESSION);
    const graph = importGraph(source, { mode: "lenient", rollout: SESSION });
    return {
      isContiguous: events.every(({ seq }, index) => seq === index + 1),
      isForward: events.every((event, index) => event.time_unix_us >= (events[index - 1]?.time_unix_us ?? 0)),
      violations: checkGraph(graph),
      root: graph.root_thread_id,
      isTheSameAgain:
        graphJson(importGraph(source, { mode: "lenient", rollout: SESSION })) === graphJson(graph),
      // Nothing that the reader makes up contradicts itself.
      errors: graph.diagnostics.filter(
        ({ code, severity }) => severity === "error" && code !== "source_problem",
      ),
    };
  });
}

const SOUND = {
  isContiguous: true,
  isForward: true,
  violations: [],
  root: SESSION,
  isTheSameAgain: true,
  errors: [],
};

describe("any lines at all", () => {
  it("import to events that follow the contract, and reduce to a graph that holds together, always the same", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.array(line, { maxLength: 8 }), (lines, agent) => {
        for (const verdict of verdicts([EVERYTHING[1] ?? "", ...lines], agent))
          expect(verdict).toEqual(SOUND);
      }),
      { numRuns },
    );
  });

  it("do so when a whole transcript is shuffled, doubled and cut", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...EVERYTHING, ...EVERYTHING], { minLength: EVERYTHING.length }),
        fc.nat(200),
        (lines, cut) => {
          const text = lines.join("\n");
          const kept = text.slice(0, Math.max(1, text.length - cut)).split("\n");
          expect(verdicts(kept, [])).toEqual([SOUND]);
        },
      ),
      { numRuns },
    );
  });

  it("have every message of theirs in some event, whatever else is wrong with them", () => {
    const words = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(words, (parents) => {
        const log = new TranscriptBuilder();
        for (const [index, back] of parents.entries()) {
          const parent = back > index ? null : `u${index * 2 - back}`;
          log.user(`question ${index}`, { parent }).text(`m${index}`, `answer ${index}`);
        }
        const graph = importGraph(log.write(folder), { mode: "lenient" });
        const texts = Object.values(graph.conversation_items).flatMap(({ body }) =>
          body.parts.map((part) => (part.type === "text" ? part.text : "")),
        );
        for (const index of parents.keys()) {
          expect(texts).toContain(`question ${index}`);
          expect(texts).toContain(`answer ${index}`);
        }
        expect(graph.usage.total.total_tokens).toBe(11 * parents.length);
      }),
      { numRuns },
    );
  });
});
