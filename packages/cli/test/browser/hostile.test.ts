/** Nothing inside a recording may do anything to whoever opens its page. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, exported, keepScreenshot, launch, open, WITHOUT_CHROMIUM } from "./chromium.ts";
import { ATTACKS, hostileStore } from "./hostile-store.ts";

describe.skipIf(CHROMIUM === null)(`the page of a hostile recording${WITHOUT_CHROMIUM}`, () => {
  let folder: string;
  let file: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "hostile-"));
    file = join(folder, "page.html");
    const store = hostileStore(join(folder, "session.db"));
    await exported(["export", store, "--html", "-o", file]);
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("runs nothing, asks for nothing, opens nothing, and leaves nothing on the console, wherever a person goes in it", async () => {
    const { page, incidents } = await open(browser, file);
    const nodes = await walk(page);
    expect(nodes).toBeGreaterThanOrEqual(LEAST_WALK);
    await everyTab(page);
    await keepScreenshot(page, "hostile");
    expect(incidents).toEqual([]);
    const harm = await page.evaluate(() => ({
      hacked: (globalThis as { hacked?: unknown }).hacked ?? null,
      polluted: (Object.prototype as { polluted?: unknown }).polluted ?? null,
      foreign: document.querySelectorAll(
        "img,svg,iframe,link,base,form,object,embed,video,audio,[onerror],[onload],[style*=url]",
      ).length,
      scripts: document.querySelectorAll("script:not([type])").length,
      refresh: document.querySelectorAll("meta[http-equiv=refresh]").length,
      addresses: [...document.querySelectorAll("a")].filter((link) => !link.href.startsWith("file:")).length,
      title: document.title.includes("<script>"),
    }));
    // The title is text: it may say anything.
    expect(harm).toEqual({
      hacked: null,
      polluted: null,
      foreign: 0,
      scripts: 1,
      refresh: 0,
      addresses: 0,
      title: true,
    });
    await page.context().close();
  }, 240_000);

  it("shows every attack as the text it is, whole or with how much is missing", async () => {
    const { page, incidents } = await open(browser, file);
    const shown: string[] = [];
    for (const node of await userMessages(page)) {
      shown.push(await messageOf(page, node));
    }
    expect(shown.slice(0, -1)).toEqual(ATTACKS.slice(0, -1).map(visible));
    expect(shown.at(-1)).toBe(
      `${"x".repeat(32_000)}968\u2009000 more characters are in the recording and not in this page`,
    );
    expect(incidents).toEqual([]);
    await page.context().close();
  }, 120_000);

  it("has nothing recorded in its markup, and is refused anything but itself by its policy", async () => {
    const html = readFileSync(file, "utf8");
    const outside = html.replaceAll(
      /<script type="application\/octet-stream" id="[a-z0-9-]+">[A-Za-z0-9+/=]*<\/script>/g,
      "",
    );
    expect(outside).not.toMatch(/hacked|127\.0\.0\.1|polluted/);
    const { page } = await open(browser, file);
    const refused = await page.evaluate(async () => {
      const tried = async (act: () => unknown): Promise<string> => {
        try {
          await act();
          return "allowed";
        } catch {
          return "refused";
        }
      };
      const markup = await tried(() => (document.createElement("p").innerHTML = "<b>"));
      const code = await tried(
        () => (document.createElement("script").textContent = "globalThis.hacked = 1"),
      );
      const network = await tried(() => fetch("http://127.0.0.1:9/"));
      return { markup, code, network };
    });
    expect(refused).toEqual({ markup: "refused", code: "refused", network: "refused" });
    await page.context().close();
  });
});

/** What the page makes of text that nobody would see. */
function visible(text: string): string {
  const unseen =
    // oxlint-disable-next-line no-control-regex -- the characters that are to be seen
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/gu;
  return text.replaceAll(unseen, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code === 0x1b) return "␛";
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex.padStart(4, "0")}}`;
  });
}

/** Milliseconds of going from object to object, after the least number of them: a machine may be busy. */
const WALK_MS = 3_000;
const LEAST_WALK = 60;

/**
 * Chooses objects of the page, each with all that can be opened of it: all of them where there is time, otherwise some of every
 * attack and of every kind. Gives how many were chosen.
 */
async function walk(page: Page): Promise<number> {
  const count = (await labels(page)).label.length;
  return await page.evaluate(
    async ({ size, least, milliseconds }) => {
      const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
      const until = performance.now() + milliseconds;
      let chosen = 0;
      // A step that divides nothing here, so that any beginning of the walk is spread over all of it.
      for (let place = 0; place < size; place += 1) {
        if (chosen >= least && performance.now() > until) break;
        const before = document.querySelector(".details .head");
        history.replaceState(null, "", `#node/${(place * 101) % size}`);
        window.dispatchEvent(new HashChangeEvent("hashchange"));
        while (document.querySelector(".details .head") === before) await settled();
        for (const event of document.querySelectorAll<HTMLDetailsElement>(".details details"))
          event.open = true;
        await settled();
        chosen += 1;
      }
      return chosen;
    },
    { size: count, least: LEAST_WALK, milliseconds: WALK_MS },
  );
}

/** What the page calls its objects, and the agents they are of. */
async function labels(
  page: Page,
): Promise<{ readonly label: readonly string[]; readonly agent: readonly number[] }> {
  return await page.evaluate(async () => {
    const packed = document.getElementById("index")?.textContent ?? "";
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const { nodes } = (await new Response(stream).json()) as { nodes: { label: string[]; agent: number[] } };
    return { label: nodes.label, agent: nodes.agent };
  });
}

async function everyTab(page: Page): Promise<void> {
  for (const key of ["1", "2"]) {
    await page.keyboard.press(key);
    for (const move of ["End", "PageUp", "PageUp", "Home", "PageDown"]) await page.keyboard.press(move);
  }
  await page.keyboard.press("/");
  await page.keyboard.type("hacked");
  await page.locator(".search-state", { hasText: /found$/ }).waitFor({ timeout: 60_000 });
  await page.keyboard.press("Enter");
  await page.keyboard.press("PageDown");
  const box = await page.locator(".timeline-canvas").boundingBox();
  for (let y = 30; y < 200; y += 8) await page.mouse.move((box?.x ?? 0) + 400, (box?.y ?? 0) + y);
}

/** The numbers of the users' messages, one for each attack. */
async function userMessages(page: Page): Promise<readonly number[]> {
  const { label, agent } = await labels(page);
  const found = label.flatMap((name, node) => (name === "user message" && agent[node] === 0 ? [node] : []));
  // Each turn has a second one, in the request that failed.
  return found.filter((_node, index) => index % 2 === 0);
}

/** Chooses an object and gives its first text, and what the page says of the rest of it. */
async function messageOf(page: Page, node: number): Promise<string> {
  return await page.evaluate(async (wanted) => {
    const before = document.querySelector(".details .head");
    history.replaceState(null, "", `#node/${wanted}`);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
    while (document.querySelector(".details .head") === before)
      await new Promise((done) => setTimeout(done, 1));
    document.querySelector<HTMLElement>(".details .text-view .more")?.click();
    const view = document.querySelector(".details .text-view");
    return `${view?.querySelector("pre")?.textContent}${view?.querySelector(".cut")?.textContent ?? ""}`;
  }, node);
}
