/** Diagrams as the real Mermaid reads and draws them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../commands/run.ts";
import { smallStore } from "../commands/small-store.ts";
import { CHROMIUM, launch, WITHOUT_CHROMIUM } from "./chromium.ts";
import { ATTACKS, hostileStore } from "./hostile-store.ts";

const MERMAID = resolve(
  import.meta.dirname,
  "../../../../node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js",
);

describe.skipIf(CHROMIUM === null)(`a sequence diagram${WITHOUT_CHROMIUM}`, () => {
  let folder: string;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mermaid-"));
    const empty = join(folder, "empty.html");
    writeFileSync(empty, "<!doctype html><meta charset=utf-8><body>");
    browser = await launch();
    page = await browser.newPage();
    await page.goto(`file://${empty}`);
    await page.addScriptTag({ content: readFileSync(MERMAID, "utf8") });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The words of the picture, in order. */
  async function draw(text: string): Promise<readonly string[]> {
    return await page.evaluate(async (source) => {
      interface Mermaid {
        initialize(options: object): void;
        render(id: string, text: string): Promise<{ svg: string }>;
      }
      const { mermaid } = globalThis as unknown as { mermaid: Mermaid };
      mermaid.initialize({ startOnLoad: false });
      const { svg } = await mermaid.render("picture", source);
      const picture = new DOMParser().parseFromString(svg, "text/html");
      return [...picture.querySelectorAll("text")].map((words) => words.textContent ?? "");
    }, text);
  }

  it("shows the user, the agents and the tools, and what went between them", async () => {
    const store = smallStore(join(folder, "small.db"));
    const { code, out, err } = await run(["export", store, "--rollout", "weather", "--mermaid"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const words = (await draw(out)).join("\n");
    for (const shown of [
      "user",
      "/root",
      "/root/check",
      "tools",
      "turn 1: How is the weather in 東京?",
      'cell 1: const { degrees } = await tools.look_up({ city: "東京" });',
      "spawn agent: Check the reading 👩‍🔬.",
      "agent result: It is right.",
    ]) {
      expect(words).toContain(shown);
    }
  });

  it(
    "shows hostile words as words, and lets none of them be anything else",
    { timeout: 60_000 },
    async () => {
      const store = hostileStore(join(folder, "hostile.db"), ATTACKS.slice(0, -1));
      const { code, out, err } = await run(["export", store, "--mermaid"]);
      expect(code).toBe(1);
      expect(err).toMatch(/left out: /);
      const words = (await draw(out)).join("\n");
      for (const attack of ATTACKS.filter((text) => /^[ -~]{1,40}$/.test(text)))
        expect(words).toContain(attack);
      expect(await page.evaluate(() => (globalThis as { hacked?: unknown }).hacked ?? null)).toBeNull();
      // oxlint-disable-next-line no-control-regex -- what must not be in a diagram
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e<]/);
    },
  );
});
