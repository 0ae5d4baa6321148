import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { asId, type JsonValue, type PayloadId } from "@rollout-trace/protocol";
import { checkGraph, graphJson, reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { CORPUS, CORPUS_MISSING } from "./corpus.ts";

const FOLDERS = ["claude-code", "claude-code-fixture"];

const logs =
  CORPUS_MISSING === null
    ? FOLDERS.flatMap((folder) =>
        readdirSync(join(CORPUS, folder), { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".jsonl"))
          .map((name) => relative(CORPUS, join(CORPUS, folder, name)))
          .toSorted(),
      )
    : [];

/** What is wrong with a file itself, by the end of its path: how many error diagnostics it comes to, and why. */
const FAULTS: readonly (readonly [end: string, errors: number, reason: string])[] = [
  ["ee/cf21d297fe/0/full.jsonl", 1, "a line that is cut off in the middle"],
  ["testdata/claude/truncated.jsonl", 1, "a last line that was cut off while it was being written"],
];

const faultsOf = (log: string) => FAULTS.find(([end]) => log.endsWith(end))?.[1] ?? 0;

interface Read {
  readonly graph: RolloutGraph;
  readonly files: readonly string[];
}

/** The graph of a transcript, and the files that its calls changed. */
function read(path: string, rollout?: string): Read {
  using source = openSource(join(CORPUS, path), { rollout });
  const graph = reduceRollout(source.rollout);
  const files = Object.values(graph.tool_calls).flatMap((call) =>
    call.kind.type === "apply_patch" && call.execution.status === "completed"
      ? call.runtime_payload_ids.flatMap((id) => {
          const payload = source.rollout.payloads.json(asId<PayloadId>(id));
          const changes = payload.ok ? (payload.value as { changes?: object }).changes : undefined;
          return Object.keys(changes ?? {});
        })
      : [],
  );
  return { graph, files: unique(files) };
}

const firstReads = new Map<string, Read>();

/** The first reading of a transcript. */
function readOnce(log: string): Read {
  const known = firstReads.get(log) ?? read(log);
  firstReads.set(log, known);
  return known;
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)].toSorted();

const size = (collection: object) => Object.keys(collection).length;

function countBy(keys: readonly string[]): { readonly [key: string]: number } {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return Object.fromEntries(counts);
}

const table: string[] = [];

if (CORPUS_MISSING !== null) console.warn(CORPUS_MISSING);

describe.skipIf(CORPUS_MISSING !== null)("a recorded transcript", () => {
  afterAll(() => {
    console.warn(
      ["ms\tthreads\tturns\titems\trequests\tcalls\tedges\tdiagnostics\tlog", ...table].join("\n"),
    );
  });

  it("is there", () => {
    expect(logs.length).toBeGreaterThan(35);
  });

  it.each(logs)(
    "%s reduces without an error that is not its own fault, to a graph that holds together, always the same",
    (log) => {
      const start = performance.now();
      const { graph } = readOnce(log);
      const {
        threads,
        turns,
        conversation_items,
        inference_calls,
        tool_calls,
        interaction_edges: edges,
      } = graph;
      const sizes = [threads, turns, conversation_items, inference_calls, tool_calls, edges].map(size);
      const diagnostics = JSON.stringify(countBy(graph.diagnostics.map(({ code }) => code)));
      table.push([Math.round(performance.now() - start), ...sizes, diagnostics, log].join("\t"));
      expect(graph.diagnostics.filter(({ severity }) => severity === "error")).toHaveLength(faultsOf(log));
      expect(checkGraph(graph)).toEqual([]);
      expect(graphJson(read(log).graph)).toBe(graphJson(graph));
    },
  );

  it.each(logs)("%s has the tokens, tool calls and changed files that its lines say", (log) => {
    const told = tellOf(log);
    const { graph, files } = readOnce(log);
    const tokens = Object.entries(graph.usage.by_model).map(([model, usage]) => [
      model,
      usage.input_tokens,
      usage.cached_input_tokens,
      usage.cache_creation_input_tokens,
      usage.output_tokens,
    ]);
    // Where ids are redacted, so are the tokens.
    const some = (all: readonly (readonly (string | number)[])[]) =>
      all
        .filter(([, ...counts]) => counts.some((count) => count !== 0))
        .map(String)
        .toSorted();
    expect(some(tokens)).toEqual(some(told.tokens));
    expect(countBy(Object.values(graph.tool_calls).map(({ label }) => label))).toEqual(told.calls);
    expect(files).toEqual(told.files);
  });

  it.each(logs)("%s has every message of its conversation in the transcript of some thread", (log) => {
    const { graph } = readOnce(log);
    const texts = new Set(
      Object.values(graph.conversation_items).flatMap(({ body }) =>
        body.parts.map((part) => (part.type === "text" ? part.text : "")),
      ),
    );
    for (const text of tellOf(log).texts) expect(texts).toContain(text);
  });
});

interface Block {
  readonly type?: string;
  readonly id?: string;
  readonly name?: string;
  readonly text?: string;
  readonly is_error?: boolean;
}

interface Line {
  readonly type?: string;
  readonly requestId?: string;
  readonly isApiErrorMessage?: boolean;
  readonly toolUseResult?: JsonValue;
  readonly data?: { readonly type?: string; readonly message?: Line };
  readonly message?: {
    readonly id?: string;
    readonly model?: string;
    readonly content?: string | readonly Block[];
    readonly usage?: { readonly [key: string]: JsonValue };
  };
}

/** What the lines of a transcript say, counted without any of the code that reads it. */
function tellOf(log: string) {
  const lines = readFileSync(join(CORPUS, log), "utf8")
    .split("\n")
    .flatMap((text): readonly Line[] => {
      try {
        return [JSON.parse(text) as Line];
      } catch {
        return [];
      }
    });
  // Of the entries of a response the last one says what it cost; of what a sub-agent's are repeated as, none does.
  const costs = new Map<string, readonly [string, ...number[]]>();
  for (const [index, { type, message, requestId }] of lines.entries()) {
    if (type !== "assistant" || message?.usage === undefined || message.model === "<synthetic>") continue;
    const { usage } = message;
    const [input = 0, cached = 0, created = 0, output = 0] = [
      "input_tokens",
      "cache_read_input_tokens",
      "cache_creation_input_tokens",
      "output_tokens",
    ].map((key) => (typeof usage[key] === "number" ? usage[key] : 0));
    const id = message.id ?? requestId ?? `line ${index}`;
    costs.set(id, [message.model ?? "unknown", input + cached + created, cached, created, output]);
  }
  const byModel = new Map<string, readonly number[]>();
  for (const [model, ...counts] of costs.values()) {
    const sums = byModel.get(model) ?? counts.map(() => 0);
    byModel.set(
      model,
      sums.map((sum, index) => sum + (counts[index] ?? 0)),
    );
  }
  const spoken = lines.map((line) =>
    line.data?.type === "agent_progress" ? (line.data.message ?? line) : line,
  );
  const blocksOf = ({ message }: Line) =>
    Array.isArray(message?.content) ? (message.content as readonly Block[]) : [];
  const uses = spoken
    .filter(({ type }) => type === "assistant")
    .flatMap(blocksOf)
    .filter(({ type }) => type === "tool_use");
  const results = lines.filter(
    (line) => line.type === "user" && blocksOf(line).every(({ is_error: error }) => error !== true),
  );
  return {
    tokens: [...byModel].map(([model, sums]) => [model, ...sums]),
    calls: countBy(uses.map(({ name }) => name ?? "unknown")),
    files: unique(
      results.flatMap(({ toolUseResult: told }) => {
        const file =
          typeof told === "object" && told !== null ? (told as { filePath?: JsonValue }).filePath : null;
        const isEdit = typeof told === "object" && told !== null && "structuredPatch" in told;
        return isEdit && typeof file === "string" ? [file] : [];
      }),
    ),
    texts: spoken
      .filter(
        ({ type, isApiErrorMessage: failed }) => (type === "assistant" || type === "user") && failed !== true,
      )
      .flatMap((line) => {
        const content = line.message?.content;
        if (typeof content === "string") return [content];
        return blocksOf(line).flatMap(({ type, text }) =>
          type === "text" && text !== undefined ? [text] : [],
        );
      }),
  };
}

describe.skipIf(CORPUS_MISSING !== null)("a folder of transcripts", () => {
  it("has the sub-agents of a session in its rollout, whether they lie beside it or below", () => {
    const FAMILY =
      "claude-code-fixture/jazzyalex+agent-sessions/Resources/Fixtures/stage0/agents/claude/subagent";
    const { graph } = read(FAMILY);
    expect(Object.values(graph.threads).map(({ origin }) => origin.type)).toEqual(["root", "spawned"]);
    // The call has neither an id nor a prompt; nothing says that it started the agent.
    expect(graph.interaction_edges).toEqual({});
    expect(checkGraph(graph)).toEqual([]);
  });

  it("has an agent with its session although only its entries say which that is", () => {
    const FAMILY = "claude-code-fixture/Arize-ai+coding-harness-tracing/tests/tracing/claude/fixtures";
    const { graph } = read(FAMILY, "session-agent-1");
    expect(Object.values(graph.interaction_edges).map(({ kind, target }) => [kind, target?.type])).toEqual([
      ["spawn_agent", "conversation_item"],
      ["agent_result", "conversation_item"],
    ]);
  });
});
