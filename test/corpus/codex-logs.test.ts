import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSource } from "@rollout-trace/cli";
import {
  checkGraph,
  type ConversationItem,
  graphJson,
  reduceRollout,
  type RolloutGraph,
} from "@rollout-trace/reducer";
import { CORPUS, CORPUS_MISSING } from "./corpus.ts";

const FOLDERS = ["codex-rollout", "codex-rollout-growth", "codex-logs-old", "codex-fixture"];
const BUNDLES = join(CORPUS, "codex-bundles");

function logsUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl") && basename(name) !== "trace.jsonl")
    .map((name) => relative(CORPUS, join(folder, name)))
    .toSorted();
}

const logs =
  CORPUS_MISSING === null
    ? [...FOLDERS, "codex-bundles"].flatMap((name) => logsUnder(join(CORPUS, name)))
    : [];

/** What is wrong with a file itself, by the end of its path: how many error diagnostics it comes to, and why. */
const FAULTS: readonly (readonly [end: string, errors: number, reason: string])[] = [
  ["Fixtures/codex_053_rate_limit.jsonl", 1, "tokens that were used in no turn"],
  ["Fixtures/session_branch.jsonl", 1, "a bare line of type `error`, which no version of the program writes"],
  ["agents/codex/small.jsonl", 4, "a gallery of record types: ids that no item has, tokens outside of turns"],
];

const faultsOf = (log: string) => FAULTS.find(([end]) => log.endsWith(end))?.[1] ?? 0;

function reduce(path: string, rollout?: string): RolloutGraph {
  using source = openSource(join(CORPUS, path), { rollout });
  return reduceRollout(source.rollout);
}

const size = (collection: object) => Object.keys(collection).length;

function countBy<Entry>(entries: readonly Entry[], keyOf: (entry: Entry) => string): string {
  const counts = new Map<string, number>();
  for (const entry of entries) counts.set(keyOf(entry), (counts.get(keyOf(entry)) ?? 0) + 1);
  return [...counts].map(([key, count]) => `${key}×${count}`).join(" ");
}

const table: string[] = [];

if (CORPUS_MISSING !== null) console.warn(CORPUS_MISSING);

describe.skipIf(CORPUS_MISSING !== null)("a recorded session log", () => {
  afterAll(() => {
    console.warn(["ms\tthreads\tturns\titems\tcalls\tcells\tedges\tdiagnostics\tlog", ...table].join("\n"));
  });

  it("is there", () => {
    expect(logs.length).toBeGreaterThan(60);
  });

  it.each(logs)(
    "%s reduces without an error that is not its own fault, to a graph that holds together",
    (log) => {
      const start = performance.now();
      const graph = reduce(log);
      const { threads, turns, conversation_items, tool_calls, code_cells, interaction_edges: edges } = graph;
      const sizes = [threads, turns, conversation_items, tool_calls, code_cells, edges].map(size);
      const diagnostics = countBy(graph.diagnostics, ({ code }) => code);
      table.push([Math.round(performance.now() - start), ...sizes, diagnostics, log].join("\t"));
      expect(graph.diagnostics.filter(({ severity }) => severity === "error")).toHaveLength(faultsOf(log));
      expect(checkGraph(graph)).toEqual([]);
    },
  );

  it.each(logs)("%s reduces to the same bytes twice", (log) => {
    expect(graphJson(reduce(log))).toBe(graphJson(reduce(log)));
  });

  it.each(logs.filter((log) => ownTotal(log) !== null))(
    "%s has the tokens that its last count says",
    (log) => {
      const graph = reduce(log);
      expect(graph.usage.total.total_tokens).toBe(ownTotal(log));
    },
  );
});

interface Line {
  readonly type?: string;
  readonly payload?: {
    readonly type?: string;
    readonly forked_from_id?: string;
    readonly usage?: { readonly total_tokens?: number };
    readonly info?: { readonly total_token_usage?: { readonly total_tokens?: number } } | null;
  };
}

/** The last total of a log that tells one for its own thread alone; null for any other. */
function ownTotal(log: string): number | null {
  const lines = readFileSync(join(CORPUS, log), "utf8")
    .split("\n")
    .flatMap((line): readonly Line[] => {
      try {
        return [JSON.parse(line) as Line];
      } catch {
        return [];
      }
    });
  // The counts of made-up files do not add up.
  if (log.startsWith("codex-fixture")) return null;
  if (lines.some(({ payload }) => payload?.forked_from_id !== undefined)) return null;
  // Where responses are named, their records are the truth: counts leave compactions out.
  const records = lines.filter(({ type }) => type === "token_usage_record");
  if (records.length > 0) {
    return records.reduce((sum, { payload }) => sum + (payload?.usage?.total_tokens ?? 0), 0);
  }
  if (lines.some(({ type }) => type === undefined || type === "session_meta") && log.includes("fixture"))
    return null;
  return (
    lines.map(({ payload }) => payload?.info?.total_token_usage?.total_tokens).findLast(isNumber) ?? null
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

/** What a person sees of an item. */
function seen({ role, kind, call_id, body }: ConversationItem): string {
  const parts = body.parts.map((part) => {
    if (part.type === "text" || part.type === "summary") return part.text;
    if (part.type === "code") return part.source;
    if (part.type === "encoded") return part.value;
    return part.type === "json" ? part.preview : part.label;
  });
  return JSON.stringify([role, kind, call_id, parts.filter((text) => !AGENT_HEADER.test(text)).join("")]);
}

/** What the program puts before a message between agents; logs of 0.142.5 leave it out. */
const AGENT_HEADER = /^Message Type: [^\n]*\n[^]*Payload:\n$/;

const itemsOf = (graph: RolloutGraph, threadId: string) =>
  (graph.threads[threadId]?.conversation_item_ids ?? []).flatMap((id) => graph.conversation_items[id] ?? []);

const growing =
  CORPUS_MISSING === null
    ? logsUnder(join(CORPUS, "codex-rollout-growth")).map((log, index, all) => [log, all[index + 1]] as const)
    : [];

describe.skipIf(CORPUS_MISSING !== null)("a session log that has grown", () => {
  it.each(growing.filter(([, next]) => next !== undefined))("begins as %s did", (earlier, later) => {
    const [before, after] = [reduce(earlier), reduce(later ?? "")];
    const shape = (graph: RolloutGraph) => ({
      threads: Object.keys(graph.threads),
      turns: Object.keys(graph.turns),
      items: Object.values(graph.conversation_items).map(seen),
      calls: Object.keys(graph.tool_calls),
    });
    const [short, long] = [shape(before), shape(after)];
    expect(long.turns.length).toBeGreaterThan(short.turns.length);
    for (const key of ["threads", "turns", "items", "calls"] as const) {
      expect(long[key].slice(0, short[key].length)).toEqual(short[key]);
    }
  });
});

/** Bundles that have the logs of the same session beside them. */
const pairs =
  CORPUS_MISSING === null
    ? readdirSync(BUNDLES).flatMap((name) => {
        const log = ["rollouts", "session.jsonl"].find((entry) => existsSync(join(BUNDLES, name, entry)));
        return log === undefined ? [] : [[name, join("codex-bundles", name, log)] as const];
      })
    : [];

/** A log has what was given after the last request; a bundle has it only once a request carries it. */
const GIVEN_AND_NEVER_SENT: ReadonlyMap<string, number> = new Map([["0.169.0-interrupt_tool", 2]]);

/** Instructions that were sent as a first message are in a log's metadata, and not in its history. */
const isInstructions = (item: ConversationItem) =>
  item.role === "developer" && /You are Codex, a coding agent/.test(seen(item));

const isFromAgent = (item: ConversationItem) => item.agent_message !== null;

/** Calls by the ids that the model gave them. Bundles of 0.142.5 have no call of `exec`, only its cell. */
function askedFor(graph: RolloutGraph, threadId: string): readonly string[] {
  const { tool_calls: calls, code_cells: cells } = graph;
  const ids = [...Object.values(calls), ...Object.values(cells)].flatMap((object) =>
    object.thread_id === threadId ? (object.model_visible_call_id ?? []) : [],
  );
  return [...new Set(ids)].toSorted();
}

function cellsOf(graph: RolloutGraph, threadId: string) {
  return Object.values(graph.code_cells)
    .filter((cell) => cell.thread_id === threadId)
    .map((cell) =>
      [cell.model_visible_call_id, cell.source, cell.runtime_status, cell.waits.length].join("\n"),
    )
    .toSorted();
}

describe.skipIf(CORPUS_MISSING !== null)("the session logs beside a bundle", () => {
  const both = new Map<string, readonly [RolloutGraph, RolloutGraph]>();
  const graphsOf = (name: string, log: string): readonly [RolloutGraph, RolloutGraph] => {
    const known = both.get(name) ?? ([reduce(join("codex-bundles", name)), reduce(log)] as const);
    both.set(name, known);
    return known;
  };
  /** Threads whose log is there; of a session of several agents sometimes only the root's is. */
  const logged = ([, log]: readonly [RolloutGraph, RolloutGraph]) =>
    Object.values(log.threads)
      .filter(({ conversation_item_ids: items }) => items.length > 0)
      .map(({ thread_id }) => thread_id);

  it("are there", () => {
    expect(pairs.length).toBeGreaterThan(15);
  });

  it.each(pairs)("%s: have its threads, and the turns of those that are logged", (name, log) => {
    const graphs = graphsOf(name, log);
    const [bundle, imported] = graphs;
    expect(Object.keys(imported.threads).toSorted()).toEqual(Object.keys(bundle.threads).toSorted());
    for (const thread of logged(graphs)) {
      expect(imported.threads[thread]?.turn_ids).toEqual(bundle.threads[thread]?.turn_ids);
      expect(imported.threads[thread]?.agent_path).toEqual(bundle.threads[thread]?.agent_path);
    }
  });

  it.each(pairs)("%s: have the calls that the model asked for, and its code cells", (name, log) => {
    const graphs = graphsOf(name, log);
    const [bundle, imported] = graphs;
    for (const thread of logged(graphs)) {
      expect(askedFor(imported, thread)).toEqual(askedFor(bundle, thread));
      expect(cellsOf(imported, thread)).toEqual(cellsOf(bundle, thread));
    }
  });

  it.each(pairs)("%s: have its requests, with the same answers and tokens", (name, log) => {
    const graphs = graphsOf(name, log);
    const requests = (graph: RolloutGraph, thread: string) =>
      Object.values(graph.inference_calls)
        .filter((call) => call.thread_id === thread)
        .map(({ execution, model, response_item_ids: items, usage }) => [
          execution.status,
          model,
          items.length,
          usage?.total_tokens,
        ]);
    const [bundle, imported] = graphs;
    for (const thread of logged(graphs)) {
      expect(requests(imported, thread)).toEqual(requests(bundle, thread));
    }
  });

  it.each(pairs)("%s: have its transcripts", (name, log) => {
    const graphs = graphsOf(name, log);
    const [bundle, imported] = graphs;
    const extra = GIVEN_AND_NEVER_SENT.get(name) ?? 0;
    for (const thread of logged(graphs)) {
      const expected = itemsOf(bundle, thread).filter((item) => !isInstructions(item));
      const items = itemsOf(imported, thread);
      const got = items.slice(0, items.length - extra);
      const others = (all: readonly ConversationItem[]) => all.filter((item) => !isFromAgent(item)).map(seen);
      expect(others(got)).toEqual(others(expected));
      // A bundle knows a message as soon as it is accepted, which may be while a tool still runs.
      const messages = (all: readonly ConversationItem[]) => all.filter(isFromAgent).map(seen).toSorted();
      expect(messages(got)).toEqual(messages(expected));
    }
  });
});

describe.skipIf(CORPUS_MISSING !== null)("a folder of session logs", () => {
  const FAMILY = "codex-rollout/entireio+git-sync";
  const PARENT = "019d7d08-46c9-7f73-affe-4e6ca9852d56";

  it("has a parent and its forked children in one rollout, each with its own work", () => {
    const graph = reduce(FAMILY, PARENT);
    const withLog = Object.values(graph.threads).filter(({ conversation_item_ids: ids }) => ids.length > 0);
    expect(withLog.map(({ agent_path, turn_ids }) => [agent_path, turn_ids.length])).toEqual([
      ["/root", 8],
      ["/root/Banach", 1],
      ["/root/Wegener", 6],
      ["/root/Hilbert", 1],
    ]);
    expect(checkGraph(graph)).toEqual([]);
    expect(graph.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const results = Object.values(graph.interaction_edges).filter(({ kind }) => kind === "agent_result");
    expect(results.filter(({ source }) => source.type === "conversation_item")).toHaveLength(3);
    expect(results.every(({ target }) => target?.type === "conversation_item")).toBe(true);
    // The tokens of the copied history are the parent's.
    const alone = reduce(`${FAMILY}/00/b8437a4e4a/1/full.jsonl`);
    expect(graph.usage.by_thread[PARENT]).toEqual(alone.usage.by_thread[PARENT]);
  });
});
