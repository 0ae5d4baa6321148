import { openTraceStore } from "@rollout-trace/trace";
import { mkdtempSync, rmSync } from "node:fs";
import Database from "better-sqlite3";
const dir = mkdtempSync("/tmp/growth-");
const path = dir + "/x.db";
const store = openTraceStore({ path, durability: "batch" });
const root = store.startRollout();
const input: unknown[] = [];
const marks = new Map<number, number>();
for (let n = 1; n <= 10000; n++) {
  const turn = root.startTurn();
  input.push({ r: "u", c: `q ${n} ${"w".repeat(60)}` });
  const inf = turn.startInference({
    model: "m",
    provider: "p",
    dialect: "openai_responses",
    request: () => ({ model: "m", n, input, tools: [{ name: "t", d: "x".repeat(300) }] }),
  });
  const item = { r: "a", c: `a ${n} ${"b".repeat(60)}` };
  inf.completed({ response: () => ({ id: n, output_items: [item] }) });
  input.push(item);
  turn.end();
  if ([64, 164, 9900, 10000].includes(n)) {
    store.flush();
    const d = new Database(path, { readonly: true });
    const q = (s: string): number => Number(d.prepare(s).pluck().get());
    marks.set(
      n,
      q("select sum(length(rope)+20) from payloads") +
        q("select sum(length(bytes)+80) from chunks") +
        q("select sum(length(body)+90) from events"),
    );
    console.log(n, marks.get(n), d.pragma("page_count"));
    d.close();
  }
}
const get = (n: number) => marks.get(n) ?? 0;
console.log("per turn", (get(164) - get(64)) / 100, (get(10000) - get(9900)) / 100);
store.close();
rmSync(dir, { recursive: true });
