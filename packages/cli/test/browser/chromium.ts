/** The browser of the machine, without a window, and what a page did in it. */
import { accessSync, constants, mkdirSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { run } from "../commands/run.ts";

/** The program, or null where there is none. `CHROMIUM` names another. */
export const CHROMIUM: string | null = find();

/** Why tests are skipped, as a part of their name; empty where they are not. */
export const WITHOUT_CHROMIUM: string =
  CHROMIUM === null ? " (skipped: no chromium on PATH; Debian has it as `apt-get install chromium`)" : "";

function find(): string | null {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const paths = [
    process.env["CHROMIUM"] ?? "",
    ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
  ];
  return paths.find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== "";
  } catch {
    return false;
  }
}

export async function launch(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error("no chromium");
  // Root may not use the browser's own sandbox; the pages of these tests are made here.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return await chromium.launch({ executablePath: CHROMIUM, args });
}

/** Runs the command and throws where it has anything to say. */
export async function exported(args: readonly string[]): Promise<void> {
  const { code, out, err } = await run(args);
  if (code !== 0 || out !== "" || err !== "") throw new Error(`export ended with ${code}: ${out}${err}`);
}

export interface Opened {
  readonly page: Page;
  /** Requests besides the page itself, dialogs, messages of the console, uncaught errors, downloads and windows. */
  readonly incidents: readonly string[];
}

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  /** With its `#`. */
  readonly hash?: string;
}

/** Opens a page from disk and waits until it answers. */
export async function open(
  browser: Browser,
  file: string,
  { width = 1400, height = 900, scheme = "light", hash = "" }: OpenOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const incidents: string[] = [];
  const page = await context.newPage();
  const address = `file://${file}`;
  context.on("request", (request) => {
    if (request.url().split("#")[0] !== address) incidents.push(`request ${request.url()}`);
  });
  context.on("page", (other) => {
    if (other !== page) incidents.push(`window ${other.url()}`);
  });
  page.on("console", (message) => incidents.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => incidents.push(`error ${error.message}`));
  page.on("download", (download) => incidents.push(`download ${download.url()}`));
  page.on("dialog", (dialog) => {
    incidents.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(address + hash);
  await page.waitForSelector('#app[data-state="usable"]');
  return { page, incidents };
}

/** Keeps a picture for people, in a folder that is not checked in. Gives its path. */
export async function keepScreenshot(page: Page, name: string): Promise<string> {
  const folder = resolve(import.meta.dirname, "../../../../.rollout-trace/screenshots");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  return path;
}
