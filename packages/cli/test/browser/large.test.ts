/** How long a page of ten thousand turns takes until a person can use it. */
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reduceRollout } from "@rollout-trace/reducer";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LongRollout } from "../../../../test/bench/reduce-source.ts";
import { htmlPieces } from "../../src/export/html/export-html.ts";
import { CHROMIUM, keepScreenshot, launch, open, WITHOUT_CHROMIUM } from "./chromium.ts";

const TURNS = 10_000;
/** From the beginning of the navigation until the page answers. */
const USABLE_MS = 3_000;
/** What others do on the machine at the same time makes a page slower, never faster: the best of some counts. */
const TRIES = 4;
/** The page of two turns takes less than this on a machine that has nothing else to do; where it takes longer, so may others. */
const SMALL_MS = 400;

describe.skipIf(CHROMIUM === null)(`the page of ${TURNS} turns${WITHOUT_CHROMIUM}`, () => {
  let folder: string;
  let file: string;
  let small: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "large-"));
    file = join(folder, "long.html");
    small = join(folder, "small.html");
    for (const [path, turns] of [
      [file, TURNS],
      [small, 2],
    ] as const) {
      const rollout = new LongRollout({ turns, shape: "full", parse: true });
      const graph = reduceRollout(rollout);
      const descriptor = openSync(path, "w");
      for (const piece of htmlPieces({ rollout, graph, source: "long" })) writeSync(descriptor, piece);
      closeSync(descriptor);
    }
    browser = await launch();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    `is usable within ${USABLE_MS} ms, and holds no more in its document than is in sight`,
    { timeout: 120_000 },
    async () => {
      const times: number[] = [];
      let slowness = 1;
      for (let number = 0; number < TRIES; number += 1) {
        const reference = await open(browser, small);
        slowness = Math.max(slowness, (await usableAfter(reference.page)) / SMALL_MS);
        await reference.page.context().close();
        const { page, incidents } = await open(browser, file);
        times.push(await usableAfter(page));
        expect(incidents).toEqual([]);
        // The last turn, from the keyboard: there at once.
        for (const key of ["1", "End", "ArrowUp"]) await page.keyboard.press(key);
        await page.locator(".details .title", { hasText: "model request 10000.2" }).waitFor();
        expect(await page.locator("*").count()).toBeLessThan(2_500);
        if (number === 0) console.log(`screenshot: ${await keepScreenshot(page, "ten-thousand-turns")}`);
        await page.context().close();
        if (Math.min(...times) < USABLE_MS) break;
      }
      const megabytes = (statSync(file).size / 1e6).toFixed(1);
      console.log(
        `${TURNS} turns, ${megabytes} MB: usable after ${times.join(", ")} ms; ` +
          `the machine is ${slowness.toFixed(1)} times as slow as an idle one`,
      );
      expect(Math.min(...times)).toBeLessThan(USABLE_MS * slowness);
    },
  );
});

/** Milliseconds from the beginning of the navigation until the page answers. */
async function usableAfter(page: Page): Promise<number> {
  return Math.round(
    await page.evaluate(() => performance.getEntriesByName("usable")[0]?.startTime ?? Number.NaN),
  );
}
