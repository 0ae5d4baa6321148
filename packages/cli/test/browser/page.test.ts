/** The page of a small rollout, in a real browser, as a person uses it. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { smallStore } from "../commands/small-store.ts";
import { CHROMIUM, exported, keepScreenshot, launch, open, WITHOUT_CHROMIUM } from "./chromium.ts";

/** The command as it is published; there once the packages are built. */
const BUILT = resolve(import.meta.dirname, "../../dist/main.js");

const NOWHERE = { x: 0, y: 0, width: 0 };

describe.skipIf(CHROMIUM === null)(`the page of a rollout${WITHOUT_CHROMIUM}`, () => {
  let folder: string;
  let file: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "page-"));
    const store = smallStore(join(folder, "session.db"));
    file = join(folder, "session.html");
    await exported(["export", store, "--rollout", "weather", "--html", "-o", file]);
    browser = await launch();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const text = async (page: Page, selector: string): Promise<string> =>
    await page.locator(selector).innerText();
  const title = async (page: Page, wanted: string): Promise<void> =>
    await page.locator(".details .title", { hasText: wanted }).waitFor();

  it("opens from disk without a request, an error or a word on the console, and shows the whole rollout", async () => {
    const { page, incidents } = await open(browser, file);
    expect(await page.title()).toBe("weather · rollout-trace");
    expect(await text(page, ".facts-line")).toContain("2 agents");
    const outline = (await text(page, ".panel:not([hidden])")).replaceAll(/\s*\n\s*/g, " ");
    for (const shown of [
      "/root",
      "turn 1",
      "How is the weather in 東京?",
      "model request 1.1",
      "cell 1",
      "weather.look_up tool-1",
      "/root/check",
      "agent result → /root",
    ]) {
      expect(outline).toContain(shown);
    }
    await keepScreenshot(page, "small-light");
    expect(incidents).toEqual([]);
    await page.context().close();
  });

  it("shows a cell with its script, what the model saw, its calls and the events behind it", async () => {
    const { page, incidents } = await open(browser, file, {
      hash: "#code_cell/cell%3Athread-1%3Acall_exec",
      scheme: "dark",
    });
    await title(page, "cell 1");
    await page.locator(".record .text").first().waitFor();
    const details = await text(page, ".details");
    expect(details).toContain('const { degrees } = await tools.look_up({ city: "東京" });\ntext(degrees);');
    expect(details).toContain("weather.look_up tool-1");
    expect(details).toMatch(/is in 2 requests, first model request 1\.2, last model request 1\.3/);
    expect(details).toMatch(/seq 7\s+code_cell_started/);
    expect(details).toContain('runtime_cell_id: "1"');
    await keepScreenshot(page, "small-dark");
    expect(incidents).toEqual([]);
    await page.context().close();
  });

  it("shows what a request showed to the model, and what was new in it", async () => {
    const { page } = await open(browser, file, { hash: "#inference_call/request-4" });
    await title(page, "model request 1.3");
    expect(await text(page, ".details")).toContain("WHAT THE MODEL SAW: 6 ITEMS, 2 OF THEM NEW");
    expect(await page.locator(".inset .item.kept").count()).toBe(4);
    expect(await text(page, ".answer")).toContain("晴れ ☀️ in 東京: 21 °C.");
    await page.context().close();
  });

  it.each(["#tool_call/nested-1", "#nested-1", "#seq/8"])(
    "opens at what the address %s names",
    async (hash) => {
      const { page } = await open(browser, file, { hash });
      await title(page, hash === "#seq/8" ? "event seq 8" : "weather.look_up tool-1");
      await page.locator(".record .text").first().waitFor();
      expect(await text(page, ".details")).toMatch(/seq 8\s+tool_call_started/);
      await page.context().close();
    },
  );

  it("is used with the keyboard alone", async () => {
    const { page, incidents } = await open(browser, file);
    await page.keyboard.press("1");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await title(page, "model request 1.1");
    expect(new URL(page.url()).hash).toBe("#inference_call/request-1");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("details");
    await page.keyboard.press("2");
    await page.keyboard.press("Home");
    await title(page, "user message");
    await page.keyboard.press("t");
    await page.keyboard.press("ArrowRight");
    await title(page, "/root");
    await page.keyboard.press("/");
    await page.keyboard.type("degrees");
    await page.locator(".hit mark").first().waitFor();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await title(page, "exec call");
    await page.keyboard.press("?");
    expect(await page.locator("dialog").isVisible()).toBe(true);
    await page.keyboard.press("Escape");
    // Moving along a list or a lane made no history, choosing did.
    await page.evaluate(() => history.back());
    await title(page, "/root");
    expect(incidents).toEqual([]);
    await page.context().close();
  });

  it("goes from bar to bar in the timeline, and chooses what is clicked", async () => {
    const { page } = await open(browser, file, { hash: "#inference_call/request-1" });
    await page.keyboard.press("t");
    await page.keyboard.press("ArrowRight");
    await title(page, "model request 1.2");
    await page.keyboard.press("ArrowUp");
    await title(page, "turn 1");
    const box = await page.locator(".timeline-canvas").boundingBox();
    // Below the axis, in the agent's own lane.
    await page.mouse.click((box?.x ?? 0) + 700, (box?.y ?? 0) + 36);
    await title(page, "/root");
    expect(new URL(page.url()).hash).toBe("#thread/thread-1");
    await page.context().close();
  });

  it("goes to where one points in the overview, with as much in sight as before", async () => {
    const { page } = await open(browser, file);
    /** How much is in sight, and from when on, once that is drawn. */
    const shown = async (): Promise<readonly string[]> => {
      await page.evaluate(
        async () =>
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null)))),
      );
      return (await text(page, ".range")).split(" from ");
    };
    await page.keyboard.press("t");
    for (let times = 0; times < 4; times += 1) await page.keyboard.press("+");
    const [width, middle] = await shown();
    const { x, y, width: pixels } = (await page.locator(".timeline-overview").boundingBox()) ?? NOWHERE;
    await page.mouse.move(x + pixels - 60, y + 10);
    await page.mouse.down();
    const [widthAtEnd, end] = await shown();
    await page.mouse.move(x + pixels / 3, y + 10);
    const [widthBefore, before] = await shown();
    await page.mouse.up();
    expect([widthAtEnd, widthBefore]).toEqual([width, width]);
    expect(new Set([middle, end, before]).size).toBe(3);
    await page.context().close();
  });

  it("finds words in names, texts and events", async () => {
    const { page } = await open(browser, file);
    await page.keyboard.press("/");
    await page.keyboard.type("晴れ");
    await page.locator(".search-state", { hasText: /found$/ }).waitFor();
    const found = await text(page, ".search-results");
    expect(found).toContain("assistant message");
    expect(found).toMatch(/event\s+seq \d+/);
    await page.context().close();
  });

  it("has room on a narrow screen: nothing is wider than it", async () => {
    const { page } = await open(browser, file, { width: 390, height: 844, hash: "#nested-1" });
    await page.locator(".record .text").first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await keepScreenshot(page, "small-narrow");
    await page.context().close();
  });

  it.skipIf(!existsSync(BUILT))(
    "is as good when the built command makes it (skipped without a build)",
    async () => {
      const built = join(folder, "built.html");
      execFileSync(process.execPath, [
        BUILT,
        "export",
        join(folder, "session.db"),
        "--rollout",
        "weather",
        "--html",
        "-o",
        built,
      ]);
      const { page, incidents } = await open(browser, built, { hash: "#nested-1" });
      await title(page, "weather.look_up tool-1");
      expect(incidents).toEqual([]);
      await page.context().close();
    },
  );

  it("changes between light and dark", async () => {
    const { page } = await open(browser, file);
    const paper = async (): Promise<string> =>
      await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await paper();
    await page.getByRole("button", { name: "Light or dark" }).click();
    const after = await paper();
    await page.getByRole("button", { name: "Light or dark" }).click();
    expect([before, after, await paper()]).toEqual([
      "rgb(255, 255, 255)",
      "rgb(21, 23, 26)",
      "rgb(255, 255, 255)",
    ]);
    await page.context().close();
  });
});
