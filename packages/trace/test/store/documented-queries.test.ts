import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { BUILT_IN_RULES, STORE_FINDING_CODES } from "@rollout-trace/trace";
import { temporaryPath } from "../support.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const PAGE = readFileSync(join(ROOT, "docs/store.md"), "utf8");
const QUERIES = [...PAGE.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

function fixture(): string {
  const path = temporaryPath();
  copyFileSync(join(ROOT, "fixtures/stores/v1.db"), path);
  return path;
}

/** By the plain `sqlite3` program where there is one, which knows nothing of this package; otherwise by Node's own SQLite. */
function rowsOf(path: string, sql: string): readonly unknown[] {
  const { status, stdout, stderr, error } = spawnSync("sqlite3", ["-json", path, sql], { encoding: "utf8" });
  if (error !== undefined) {
    using database = new DatabaseSync(path);
    return database.prepare(sql).all();
  }
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout === "" ? "[]" : stdout) as readonly unknown[];
}

describe("the page about the store", () => {
  it.each(QUERIES)("has a query that gives rows: %s", (sql) => {
    expect(rowsOf(fixture(), sql).length).toBeGreaterThan(0);
  });

  it("has a query for every view, and a word about every table", () => {
    const database = new Database(fixture(), { readonly: true });
    const names = (type: string): readonly string[] =>
      database
        .prepare<[string], string>(
          "SELECT name FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_%'",
        )
        .pluck()
        .all(type);
    const views = names("view");
    expect(views.length).toBeGreaterThan(3);
    expect(views.filter((view) => !QUERIES.some((sql) => sql.includes(view)))).toEqual([]);
    expect(names("table").filter((table) => !PAGE.includes(`\`${table}\``))).toEqual([]);
    database.close();
  });

  it("names every rule of redaction and every finding of verification", () => {
    const missing = [...BUILT_IN_RULES, ...STORE_FINDING_CODES].filter(
      (name) => !PAGE.includes(`\`${name}\``),
    );
    expect(missing).toEqual([]);
  });
});
