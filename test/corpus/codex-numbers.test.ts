/** The numbers that people check, against what the lines of a log say themselves: counted here without any of the importer. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { openSource, type TouchedFile, touchedFiles } from "@rollout-trace/cli";
import { reduceRollout, type RolloutGraph } from "@rollout-trace/reducer";
import { CORPUS, CORPUS_MISSING } from "./corpus.ts";

if (CORPUS_MISSING !== null) console.warn(CORPUS_MISSING);

const FOLDERS = ["codex-rollout", "codex-rollout-growth", "codex-logs-old", "codex-bundles"];

const logs =
  CORPUS_MISSING === null
    ? FOLDERS.flatMap((folder) =>
        readdirSync(join(CORPUS, folder), { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".jsonl") && basename(name) !== "trace.jsonl")
          .map((name) => relative(CORPUS, join(CORPUS, folder, name)))
          .toSorted(),
      )
    : [];

interface Usage {
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly total_tokens?: number;
}

interface Payload {
  readonly type?: string;
  readonly id?: string;
  readonly call_id?: string;
  readonly model?: string;
  readonly name?: string;
  readonly output?: unknown;
  readonly success?: boolean;
  readonly changes?: Readonly<Record<string, object>>;
  readonly item?: {
    readonly type: string;
    readonly id: string;
    readonly status?: string;
    readonly changes?: Readonly<Record<string, object>>;
  };
  readonly usage?: Usage;
  readonly info?: { readonly total_token_usage?: Usage; readonly last_token_usage?: Usage } | null;
  readonly thread_settings?: { readonly model?: string };
  readonly forked_from_id?: string;
}

interface Line {
  readonly type?: string;
  readonly payload?: Payload;
}

function linesOf(log: string): readonly Line[] {
  return readFileSync(join(CORPUS, log), "utf8")
    .split("\n")
    .flatMap((text): readonly Line[] => {
      try {
        return [JSON.parse(text) as Line];
      } catch {
        return [];
      }
    });
}

/** A child's file begins with a copy of its parent's: counting that needs the parent's, which is another test's affair. */
const isCopy = (lines: readonly Line[]) =>
  new Set(lines.flatMap(({ type, payload }) => (type === "session_meta" ? [payload?.id] : []))).size > 1;

const own = logs.filter((log) => !isCopy(linesOf(log)));

const graphs = new Map<string, { readonly graph: RolloutGraph; readonly files: readonly TouchedFile[] }>();

function read(log: string) {
  const known = graphs.get(log);
  if (known !== undefined) return known;
  using source = openSource(join(CORPUS, log));
  const graph = reduceRollout(source.rollout);
  const made = { graph, files: touchedFiles(graph, source.rollout.payloads) };
  graphs.set(log, made);
  return made;
}

/** Each count whose total differs from the one before it, for the model that was set last; records outrank counts. */
function tokensByModel(lines: readonly Line[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  const hasRecords = lines.some(({ type }) => type === "token_usage_record");
  let model = lines.find(({ type }) => type === "turn_context")?.payload?.model ?? "unknown";
  let last = "";
  for (const { type, payload } of lines) {
    if (type === "turn_context") model = payload?.model ?? model;
    if (payload?.type === "thread_settings_applied") model = payload.thread_settings?.model ?? model;
    let usage: Usage | undefined;
    if (type === "token_usage_record") usage = payload?.usage;
    if (payload?.type === "token_count" && !hasRecords && payload.info?.total_token_usage) {
      const total = JSON.stringify(payload.info.total_token_usage);
      if (total !== last) usage = payload.info.last_token_usage;
      last = total;
    }
    if (usage !== undefined) sums[model] = (sums[model] ?? 0) + (usage.total_tokens ?? 0);
  }
  return sums;
}

/** What the provider does itself, without a call of the host. */
const NO_CALL = new Set(["web_search_call", "image_generation_call"]);

/** Calls that items ask for, by their ids in order; then those that only the host's accounts tell of. */
function callsIn(lines: readonly Line[]): {
  readonly asked: readonly string[];
  readonly told: readonly string[];
} {
  const asked: string[] = [];
  const told = new Set<string>();
  for (const { type, payload } of lines) {
    const bare = payload ?? {};
    const isItem = type === "response_item";
    const id = bare.call_id;
    if (isItem && bare.type?.endsWith("_call") === true && !NO_CALL.has(bare.type) && id !== undefined)
      asked.push(id);
    if (type !== "event_msg") continue;
    const isAccount = ["exec_command_end", "patch_apply_end", "mcp_tool_call_end"].includes(bare.type ?? "");
    if (isAccount && id !== undefined) told.add(id);
    const itemType = bare.type === "item_completed" ? (bare.item?.type ?? "") : "";
    if (["CommandExecution", "FileChange", "McpToolCall"].includes(itemType)) told.add(bare.item?.id ?? "");
  }
  for (const id of asked) told.delete(id);
  return { asked, told: [...told] };
}

/** Paths in the accounts of patches that succeeded, or in what was returned of those without an account. */
function filesIn(lines: readonly Line[]): readonly string[] {
  const paths = new Set<string>();
  const patches = new Set(
    lines.flatMap(({ payload }) =>
      payload?.type === "custom_tool_call" && payload.name === "apply_patch" ? [payload.call_id] : [],
    ),
  );
  const accounted = new Set<string | undefined>();
  for (const { payload } of lines) {
    const change = payload?.item?.type === "FileChange" ? payload.item : undefined;
    if (payload?.type !== "patch_apply_end" && change === undefined) continue;
    accounted.add(change?.id ?? payload?.call_id);
    if (payload?.success !== true && change?.status !== "completed") continue;
    for (const path of Object.keys(change?.changes ?? payload?.changes ?? {})) paths.add(path);
  }
  for (const { payload } of lines) {
    if (payload?.type !== "custom_tool_call_output") continue;
    if (!patches.has(payload.call_id) || accounted.has(payload.call_id)) continue;
    const text = JSON.stringify(payload.output).replaceAll("\\\\", "\\");
    for (const [, path = ""] of text.matchAll(/\\n[AMD] (.+?)(?=\\n|\\?")/g)) paths.add(path);
  }
  return [...paths].toSorted();
}

describe.skipIf(CORPUS_MISSING !== null)("a session log's numbers", () => {
  it("are counted for nearly all of the corpus", () => {
    expect(own.length).toBeGreaterThan(40);
  });

  it.each(own)("%s: tokens by model are those of its counts or records", (log) => {
    const { graph } = read(log);
    const got = Object.entries(graph.usage.by_model).map(([model, usage]) => [model, usage.total_tokens]);
    expect(Object.fromEntries(got)).toEqual(tokensByModel(linesOf(log)));
  });

  it.each(own)("%s: tool calls are those that its items ask for and its accounts tell of", (log) => {
    const { graph } = read(log);
    const { asked, told } = callsIn(linesOf(log));
    const calls = Object.values(graph.tool_calls);
    const byModel = calls.filter(({ requester }) => requester.type === "model");
    expect(byModel.map(({ model_visible_call_id: id }) => id ?? "").toSorted()).toEqual(asked.toSorted());
    const others = calls.filter(({ requester }) => requester.type !== "model");
    expect(others.map(({ recorded_id: id }) => id).toSorted()).toEqual(told.toSorted());
  });

  it.each(own)("%s: the files touched are those of its patches", (log) => {
    const { files } = read(log);
    expect(files.map(({ path }) => path).toSorted()).toEqual(filesIn(linesOf(log)));
  });

  it("are of many models, calls and files", () => {
    const all = own.map(read);
    expect(new Set(all.flatMap(({ graph }) => Object.keys(graph.usage.by_model))).size).toBeGreaterThan(5);
    expect(all.reduce((sum, { graph }) => sum + Object.keys(graph.tool_calls).length, 0)).toBeGreaterThan(
      1900,
    );
    expect(all.reduce((sum, { files }) => sum + files.length, 0)).toBeGreaterThan(40);
  });
});
