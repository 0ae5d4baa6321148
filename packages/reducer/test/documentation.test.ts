import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { DIAGNOSTIC_CODES, FINDING_CODES, type RolloutGraph, severityOf } from "@rollout-trace/reducer";

const ROOT = resolve(import.meta.dirname, "../../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const REDUCTION = read("docs/reduction.md");
const GRAPH = read("docs/graph.md");

describe("the documentation of the reduction", () => {
  it("has every code with its severity", () => {
    const missing = DIAGNOSTIC_CODES.filter(
      (code) => !REDUCTION.includes(`| \`${code}\` | ${severityOf(code)} |`),
    );
    expect([...missing, ...FINDING_CODES.filter((code) => !REDUCTION.includes(`| \`${code}\` |`))]).toEqual(
      [],
    );
  });

  it("names for each rule a test that there is", () => {
    const tests = globSync(["packages/reducer/test/*.test.ts", "test/**/*.test.ts"], { cwd: ROOT })
      .map(read)
      .join("\n");
    const table = REDUCTION.slice(REDUCTION.indexOf("## Which test holds which rule"));
    const names = [...table.matchAll(/^\| [^|]+ \| ([^|]+) \|$/gm)]
      .map((match) => match[1] ?? "")
      .filter((name) => name !== "test" && name !== "---");
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !tests.includes(`"${name}"`))).toEqual([]);
  });
});

/** Where the page begins to tell of the objects of each collection; what all objects have is told of once. */
const PLACES: { readonly [Name in keyof RolloutGraph]?: string } = {
  threads: "## Thread",
  turns: "## Turn",
  conversation_items: "## Conversation item",
  inference_calls: "## Inference call",
  tool_calls: "## Tool call",
  code_cells: "## Code cell",
  terminal_sessions: "**Session**",
  terminal_operations: "**Operation**",
  compactions: "**Compaction**",
  compaction_requests: "**Request**",
  interaction_edges: "## Interaction edge",
  spans: "## Span",
  payloads: "| `payloads` |",
  diagnostics: "| `diagnostics` |",
  findings: "| `findings` |",
};
const EVERY_OBJECT = "## Every object";
const ROLLOUT = "## The rollout";

/** What the page says from a line that begins so: to the next heading, a paragraph of several or one row of a table. */
function partOf(page: string, start: string): string {
  const from = page.indexOf(`\n${start}`);
  if (from < 0) return "";
  const rest = page.slice(from + 1);
  const end = rest.slice(1).search(start.startsWith("|") ? /\n/ : /\n(?:## |\*\*)/);
  return end < 0 ? rest : rest.slice(0, end + 1);
}

function names(text: string, field: string): boolean {
  return new RegExp(`\`[^\`\\n]*\\b${field}\\b[^\`\\n]*\``).test(text);
}

/** The fields of the rollout and of the objects of each collection, as `collection.field`, that graphs have. */
function fieldsOf(graphs: readonly RolloutGraph[]): ReadonlySet<string> {
  const fields = new Set<string>();
  for (const graph of graphs) {
    for (const [name, value] of Object.entries(graph) as [keyof RolloutGraph, unknown][]) {
      fields.add(name);
      if (PLACES[name] === undefined) continue;
      for (const entry of Object.values(value as object) as object[]) {
        for (const field of Object.keys(entry)) fields.add(`${name}.${field}`);
      }
    }
  }
  return fields;
}

function undocumented(page: string, fields: ReadonlySet<string>): readonly string[] {
  const ofAll = partOf(page, EVERY_OBJECT);
  return [...fields].filter((each) => {
    const [name, field] = each.split(".") as [keyof RolloutGraph, string | undefined];
    if (field === undefined) return !names(partOf(page, ROLLOUT), name);
    const isOfAll = field === "evidence" || field === "provenance";
    return !names(isOfAll ? ofAll : partOf(page, PLACES[name] ?? ""), field);
  });
}

describe("the documentation of the graph", () => {
  const graphs = globSync("fixtures/reducer/*.json", { cwd: ROOT }).map(
    (file) => (JSON.parse(read(file)) as { graph: RolloutGraph }).graph,
  );
  const fields = fieldsOf(graphs);

  it("has every field that an object has, where it tells of that object", () => {
    expect(fields.size).toBeGreaterThan(180);
    expect(undocumented(GRAPH, fields)).toEqual([]);
  });

  it("is found to lack a field that it has for other objects only, and a whole part", () => {
    const threads = partOf(GRAPH, "## Thread");
    const poorer = GRAPH.replace(threads, threads.replaceAll("`turn_ids`", "").replaceAll("`execution`", ""));
    expect(undocumented(poorer, fields)).toEqual(["threads.execution", "threads.turn_ids"]);
    const operation = partOf(GRAPH, "**Operation**");
    const without = undocumented(GRAPH.replace(operation, ""), fields);
    expect(without).toContain("terminal_operations.execution");
    expect(without.every((each) => each.startsWith("terminal_operations."))).toBe(true);
  });
});
