/** What each command prints of one small store: on a narrow terminal, on a wide one with colours, and without a terminal. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordSession } from "./recorded-session.ts";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";
import { smallStore } from "./small-store.ts";

const GOLDEN = resolve(import.meta.dirname, "../../../../fixtures/cli");

let folder: string;
let before: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "golden-"));
  smallStore(join(folder, "session.db"));
  smallStore(join(folder, "other.db"), { answer: "雨 ☔ in 東京." });
  smallBundle(folder, "それは晴れです 👩‍👩‍👧‍👦 \u001b[31mred\u202e ");
  await recordSession(join(folder, "cells.db"));
  writeFileSync(join(folder, "notes.txt"), "no trace");
  writeFileSync(join(folder, "no-tools.json"), "[]");
  const models = { "model-1": { input: 2, cached: 0.2, output: 8 } };
  writeFileSync(join(folder, "prices.json"), JSON.stringify({ currency: "USD", models }));
  mkdirSync(join(folder, "empty"));
  before = process.cwd();
  process.chdir(folder);
}, 60_000);
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const TERMINALS = [
  ["narrow", { columns: 40, isColoured: false }],
  ["wide", { columns: 120, isColoured: true }],
  ["none", { columns: null, isColoured: false }],
] as const;

const COMMANDS = [
  ["show", 0, ["show", "session.db", "--rollout", "weather"]],
  ["explain", 0, ["explain", "session.db", "cell 1", "--rollout", "weather"]],
  ["why", 0, ["why", "session.db", "request-3", "--rollout", "weather"]],
  ["diff", 1, ["diff", "session.db", "other.db", "--rollout", "weather", "--ignore", "times,ids"]],
  ["list", 0, ["list", "session.db"]],
  ["tail", 0, ["tail", "session.db", "--rollout", "weather"]],
  ["reduce", 0, ["reduce", "session.db", "--rollout", "aborted"]],
  ["show-bundle", 0, ["show", "bundle"]],
  ["show-costs", 0, ["show", "session.db", "--rollout", "weather", "--prices", "prices.json", "--turn", "1"]],
  ["prune", 0, ["prune", "session.db", "--older-than", "2025-07-01", "--dry-run"]],
  ["replay", 0, ["replay", "cells.db", "call_races"]],
  ["replay-tampered", 1, ["replay", "cells.db", "call_read", "--tools", "no-tools.json"]],
  ["fixture", 0, ["fixture", "session.db", "--rollout", "weather", "-o", "cut"]],
  ["import", 0, ["import", "session.db", "bundle", "--store", "new.db"]],
  ["compact", 0, ["compact", "copy.db"]],
  ["export-mermaid", 0, ["export", "session.db", "--rollout", "weather", "--mermaid"]],
  ["export-ndjson", 0, ["export", "bundle", "--ndjson", "--payload-refs"]],
  ["export-otlp", 0, ["export", "bundle", "--otlp", "--content"]],
  ["export-bundle", 0, ["export", "session.db", "--rollout", "weather", "--bundle", "bundle-copy"]],
] as const;

/** What programs read is not cut, on a terminal either. */
const UNCUT: ReadonlySet<string> = new Set(["reduce", "export-mermaid", "export-ndjson", "export-otlp"]);

/** Digests, ids and sizes that each recording has its own of. */
const OWN: readonly (readonly [RegExp, string])[] = [
  [/"trace_id": ?"[^"]*"/g, '"trace_id":"…"'],
  [/[\d.]+ kB → [\d.]+\skB/g, "… kB → … kB"],
];

/** Command lines that end with a message. */
const ERRORS = [
  "shwo session.db",
  "show",
  "show session.db --colour",
  "show session.db",
  "show session.db --rollout monday",
  "show session.db --rollout weather --turn 7",
  "show session.db --rollout weather --thread /root/nobody",
  "show session.db --rollout weather --depth 0",
  "show session.db --rollout weather --prices notes.txt",
  "show notes.txt",
  "show none.db",
  "show empty",
  "show session.db --from tape",
  "explain session.db call_exe --rollout weather",
  "explain session.db turn 1 --rollout weather",
  "why session.db nothing --rollout weather",
  "replay session.db cell 1 --rollout weather",
  "replay session.db nested-1 --rollout weather",
  "fixture session.db --rollout weather -o notes.txt/cut",
  "fixture session.db --rollout weather -o .",
  "reduce session.db --rollout weather -o none/graph.json",
  "list bundle",
  "list session.db --since soon",
  "list session.db --status lost",
  "tail bundle",
  "prune session.db",
  "prune session.db --older-than 2999-01-01",
  "compact notes.txt",
  "diff session.db other.db --rollout weather --ignore colours",
  "completion tcsh",
  "import none.db --store new.db",
  "import session.db --store session.db",
  "export session.db --rollout weather",
  "export session.db --rollout weather --html --otlp",
] as const;

describe.each(TERMINALS)("on a terminal that is %s", (terminal, { columns, isColoured }) => {
  it.each(COMMANDS)("%s prints what its golden file holds", async (name, code, args) => {
    for (const made of ["new.db", "bundle-copy"]) rmSync(made, { recursive: true, force: true });
    cpSync("session.db", "copy.db");
    const ran = await run(args, columns, isColoured);
    expect(ran.code).toBe(code);
    const printed = name === "export-bundle" ? ran.err : ran.out;
    const out = OWN.reduce((text, [own, shown]) => text.replaceAll(own, shown), printed);
    await expect(out).toMatchFileSnapshot(join(GOLDEN, `${name}.${terminal}.txt`));
    const widest = Math.max(...ran.out.split("\n").map((line) => stringWidth(line)));
    expect(UNCUT.has(name) ? 0 : widest).toBeLessThanOrEqual(columns ?? Number.POSITIVE_INFINITY);
  });

  it.each(["bash", "zsh", "fish"])(
    "completion prints the script for %s as it is everywhere",
    async (shell) => {
      const { code, out, err } = await run(["completion", shell], columns, isColoured);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      await expect(out).toMatchFileSnapshot(join(GOLDEN, `completion.${shell}.txt`));
    },
  );
});

describe("what is wrong", () => {
  it("is said by each command as its golden file holds it", async () => {
    let text = "";
    for (const line of ERRORS) {
      const { code, out, err } = await run(line.split(" "));
      text += `$ rollout-trace ${line}\n${out}${err}exit code ${code}\n\n`;
      expect({ line, isFine: code === 0 }).toEqual({ line, isFine: false });
    }
    await expect(text).toMatchFileSnapshot(join(GOLDEN, "errors.none.txt"));
  });
});

describe("verify", () => {
  it.each(TERMINALS)(
    "prints its golden file on a terminal that is %s, but for the digest",
    async (terminal, options) => {
      // Every recording has a trace id of its own, and the graph holds it.
      const ran = await run(["verify", "session.db"], options.columns, options.isColoured);
      expect(ran.code).toBe(0);
      const out = ran.out.replaceAll(/digest\s[0-9a-f\s]{64,}\n(?! *[0-9a-f]{8})/g, "digest …\n");
      await expect(out).toMatchFileSnapshot(join(GOLDEN, `verify.${terminal}.txt`));
    },
  );
});
