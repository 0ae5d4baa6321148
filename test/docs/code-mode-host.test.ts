import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { clientMessageChecks } from "../../packages/runtime/src/wire/client-messages.ts";
import { CAPABILITIES } from "../../packages/runtime/src/wire/hello.ts";
import { hostMessageChecks } from "../../packages/runtime/src/wire/host-messages.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const page = readFileSync(resolve(ROOT, "docs/code-mode-host.md"), "utf8");

describe("docs/code-mode-host.md", () => {
  it("names tests that there are for what the boundary stops", () => {
    const tests = globSync(["packages/runtime/test/**/*.ts", "test/crash/*.ts"], { cwd: ROOT })
      .map((file) => readFileSync(resolve(ROOT, file), "utf8"))
      .join("\n");
    const table = page.slice(page.indexOf("| measure |"), page.indexOf("## What it costs"));
    const names = [...table.matchAll(/ \*([^*]+)\* /g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => name === undefined || !tests.includes(name))).toEqual([]);
  });

  it("has every message of both sides, and every capability", () => {
    const known = [...clientMessageChecks.keys(), ...hostMessageChecks.keys(), ...CAPABILITIES];
    expect(known.filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
  });
});
