/** What only a real process shows: streams, signals, terminals, exit codes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTraceStore } from "@rollout-trace/trace";
import { COMMAND, Running, shell } from "./cli-process.ts";
import { smallBundle } from "./small-bundle.ts";

let folder: string;
let bundle: string;
let store: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "process-"));
  bundle = smallBundle(folder, "それは晴れです 👩‍👩‍👧‍👦 ".repeat(40));
  store = join(folder, "s.db");
  const trace = openTraceStore({ path: store, durability: "batch" });
  const root = trace.startRollout({ rolloutId: "r" });
  for (let number = 0; number < 400; number += 1) root.startTurn().end();
  root.endRollout();
  trace.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Commands that fill a page, with their arguments. */
const PAGES: readonly (readonly [string, (source: string) => string])[] = [
  ["show", (source) => `show ${source}`],
  ["verify", (source) => `verify ${source}`],
  ["explain", (source) => `explain ${source} turn 1`],
  ["why", (source) => `why ${source} /root`],
];

describe("the output", () => {
  it("may be closed early: `| head` is no failure and no message", () => {
    const line = `${COMMAND} reduce ${store} | head -n 1; echo "code \${PIPESTATUS[0]}"`;
    expect(shell(line)).toEqual({ code: 0, signal: null, out: "{\ncode 0\n", err: "" });
  });

  it("file on a full disk is a message and exit code 3", () => {
    expect(
      shell(`cd /dev && ${COMMAND} reduce ${store} -o ${join(folder, "none", "graph.json")}`),
    ).toMatchObject({
      code: 3,
      err: expect.stringMatching(/graph\.json.*ENOENT/),
    });
  });
});

describe("a command", () => {
  /** Names of the folders and packages of what a command line loads. */
  function loadedBy(args: string): readonly string[] {
    const watch = `
      import { registerHooks } from "node:module";
      const urls = [];
      registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
      process.on("exit", () => process.stderr.write(urls.join("\\n")));`;
    const hook = `data:text/javascript,${encodeURIComponent(watch)}`;
    const { code, err } = shell(
      COMMAND.replace(" ", ` --import '${hook.replaceAll("'", "%27")}' `) + ` ${args}`,
    );
    expect(code).toBe(0);
    const names = err.matchAll(/packages\/(\w+\/src\/\w+)|node_modules\/((?:@[\w-]+\/)?[\w-]+)/g);
    return [...new Set([...names].map(([, folderName, packageName]) => folderName ?? packageName ?? ""))];
  }

  it("that looks at a store loads no readers of other formats, no recorder and no isolates", () => {
    const shown = loadedBy(`show ${store}`);
    expect(shown).toEqual(
      expect.arrayContaining(["trace/src/store", "reducer/src/handlers", "better-sqlite3"]),
    );
    const unwanted =
      /^(?:runtime|trace\/src\/(?:recorder|redact|import|opentelemetry)|cli\/src\/(?:export|replay|otlp))/;
    const packages = ["@opentelemetry/api", "isolated-vm", "uuid", "string-width"];
    const forNothing = (loaded: readonly string[]): readonly string[] =>
      loaded.filter((name) => unwanted.test(name) || packages.includes(name));
    expect(forNothing(shown)).toEqual([]);
    const listed = loadedBy(`list ${store}`);
    expect(forNothing(listed)).toEqual([]);
    expect(listed).not.toContain("reducer/src/handlers");
  });
});

describe("Ctrl-C", () => {
  it("while reading leaves the old result as it was, and no other file", async () => {
    const long = join(folder, "long.db");
    const trace = openTraceStore({ path: long });
    trace.startRollout({ rolloutId: "long" });
    trace.close();
    const database = new DatabaseSync(long);
    database.exec(`
      PRAGMA synchronous = OFF;
      WITH RECURSIVE numbers (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
      INSERT INTO events SELECT rollout, n, time_unix_us, thread_id, NULL, 'turn_started',
        json_object('type', 'turn_started', 'turn_id', 'turn-' || n, 'thread_id', thread_id)
        FROM events, numbers WHERE seq = 2;`);
    database.close();
    const target = mkdtempSync(join(folder, "target-"));
    const result = join(target, "graph.json");
    writeFileSync(result, "old");
    const reduce = Running.cli(["reduce", long, "-o", result]);
    await reduce.opened(long);
    reduce.signal("SIGINT");
    const { code, signal, out } = await reduce.exited;
    expect({ code, signal, out }).toEqual({ code: null, signal: "SIGINT", out: "" });
    expect(readFileSync(result, "utf8")).toBe("old");
    expect(readdirSync(target)).toEqual(["graph.json"]);
  });
});

describe("a terminal", () => {
  /** Runs a line on a pseudo-terminal with a number of columns; stdout and stderr are the same there. */
  function onTerminal(columns: number, args: string, env: NodeJS.ProcessEnv = {}): readonly string[] {
    const inner = `stty cols ${columns} rows 24; ${COMMAND} ${args}`;
    const { out, code } = shell(`script -qec "${inner}" /dev/null < /dev/null`, env);
    expect(code).toBe(0);
    return out.replaceAll("\r\n", "\n").trimEnd().split("\n");
  }

  it.each(PAGES)("of 40 columns is not overrun by %s, whatever is in the recording", (_name, args) => {
    const lines = onTerminal(40, args(bundle));
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => stringWidth(line) > 40)).toEqual([]);
  });

  it.each([0, 7])("of %i columns, which nobody can mean, is written to as one of 80", (columns) => {
    const lines = onTerminal(columns, `show ${bundle}`);
    expect(lines).toEqual(onTerminal(80, `show ${bundle}`));
  });

  it.each(["", "export", "list", "explain"])("of 40 columns is not overrun by the help of '%s'", (name) => {
    const lines = onTerminal(40, `${name} --help`);
    expect(lines.filter((line) => stringWidth(line) > 40)).toEqual([]);
    const unbroken = shell(`${COMMAND} ${name} --help`).out;
    const words = (text: string): readonly string[] => text.trim().split(/\s+/);
    expect(words(lines.join("\n"))).toEqual(words(unbroken));
  });

  it("that is dumb gets no colours, unless FORCE_COLOR says otherwise", () => {
    expect(onTerminal(120, `show ${bundle}`, { TERM: "dumb" }).join("\n")).not.toContain("\u001b");
    const forced = onTerminal(120, `show ${bundle}`, { TERM: "dumb", FORCE_COLOR: "1" });
    expect(forced.join("\n")).toContain("\u001b[");
  });

  it("has colours, unless NO_COLOR says otherwise; a pipe has none", () => {
    expect(onTerminal(120, `show ${bundle}`, { TERM: "xterm" }).join("\n")).toContain("\u001b[");
    expect(onTerminal(120, `show ${bundle}`, { NO_COLOR: "1" }).join("\n")).not.toContain("\u001b[");
    expect(shell(`${COMMAND} show ${bundle}`, { FORCE_COLOR: "1" }).out).toContain("\u001b[");
  });
});
