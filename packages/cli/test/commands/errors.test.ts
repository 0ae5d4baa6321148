/** A source that cannot be read, or a place that cannot be written to: one line says what was wrong, where, and what to do. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMAND, shell } from "./cli-process.ts";
import { run } from "./run.ts";
import { smallStore } from "./small-store.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "errors-"));
  smallStore(join(folder, "session.db"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function messageOf(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(args);
  expect({ code, out }).toEqual({ code: 3, out: "" });
  return err.replaceAll(folder, "");
}

describe("the message about", () => {
  it("a file that is not there names it once, and says to check the path", async () => {
    expect(await messageOf("show", join(folder, "none.db"))).toBe(
      "rollout-trace: /none.db: ENOENT: no such file or directory; check the path\n",
    );
  });

  it("a database of something else says what is wanted", async () => {
    const path = join(folder, "other.db");
    const database = new DatabaseSync(path);
    database.exec("CREATE TABLE notes (text)");
    database.close();
    expect(await messageOf("show", path)).toMatch(
      /^rollout-trace: \/other\.db is not a trace store; it is an SQLite file of another program: name one/,
    );
  });

  it("a store that was cut off says how to save what is left", async () => {
    const path = join(folder, "cut.db");
    copyFileSync(join(folder, "session.db"), path);
    truncateSync(path, Math.floor(readFileSync(path).length / 3));
    expect(await messageOf("show", path, "--rollout", "weather")).toMatch(
      /^rollout-trace: .*\/cut\.db.*malformed; use a copy of the file, or save what is left with `\.recover`/,
    );
  });

  it("a pipe says to save it in a file", () => {
    expect(shell(`echo '{}' | ${COMMAND} show /dev/stdin`)).toMatchObject({
      code: 3,
      out: "",
      err: expect.stringMatching(
        /^rollout-trace: \/dev\/stdin: ESPIPE: .*save what comes out of it in a file/,
      ),
    });
  });

  it("a place for a result that is not there names the place that was asked for", async () => {
    const path = join(folder, "nowhere", "graph.json");
    expect(await messageOf("reduce", join(folder, "session.db"), "--rollout", "weather", "-o", path)).toBe(
      "rollout-trace: /nowhere/graph.json: ENOENT: no such file or directory; check the path\n",
    );
  });
});
