/** Knowledge of the host, or of another cell, that is not the script's. */
import { cve, type Escape, issue } from "../technique.ts";

const WRONG_SPHERE = "https://cwe.mitre.org/data/definitions/668.html";

export const LEAKS: readonly Escape[] = [
  {
    name: "paths in the stacks of errors",
    tries: "prints the stack of every error that it can provoke",
    sources: ["https://github.com/tc39/proposal-shadowrealm/pull/381"],
    scripts: [
      `Error.stackTraceLimit = 200;
      const provoked = [() => tools.fail({ text: "no" }), () => image("ftp:"), () => setTimeout(1), () => store(1), () => load({}),
        () => notify(" "), () => text(() => {}), () => tools.echo("no"), () => tools.echo({ toJSON() { throw new Error("own") } }),
        () => import("x"), () => JSON.parse("{"), () => new ArrayBuffer(1e12), () => (0, eval)("]"), () => null.x];
      for (const provoke of provoked) try { await provoke() } catch (error) { text(String(error.stack) + error.message) }`,
    ],
  },
  {
    name: "paths in the error that ends a cell",
    tries: "lets the host report an error itself, with causes and aggregates",
    sources: ["https://github.com/tc39/proposal-shadowrealm/pull/381"],
    scripts: [
      `const error = await tools.fail({ text: "no" }).catch((caught) => caught);
      throw new AggregateError([error], error.stack, { cause: error });`,
      `setTimeout(() => { throw new Error("late", { cause: new Error("inner") }) }, 0); await new Promise(() => {});`,
      `Error.stackTraceLimit = 200; image("http://x/");`,
    ],
  },
  {
    name: "file names in structured frames",
    tries: "asks each frame for its script's name, while helpers and timers call back",
    sources: [cve("2021-23555"), issue("patriksimek/vm2", 515)],
    scripts: [
      `Error.stackTraceLimit = 200;
      Error.prepareStackTrace = (_, sites) => sites.map((site) => [site.getFileName?.(), site.getScriptNameOrSourceURL?.(), String(site)]).join();
      const spy = () => { const names = new Error().stack; queue.push(names); return {} };
      const queue = [];
      for (const use of [() => text({ toJSON: spy }), () => store("k", { toJSON: spy }), () => tools.echo({ toJSON: spy }), () => image({ get image_url() { spy(); return "data:," } })]) await use();
      await new Promise((resolve) => setTimeout(() => { spy(); resolve() }, 0));
      Error.prepareStackTrace = undefined;
      for (const names of queue) text(String(names));`,
    ],
  },
  {
    name: "secrets in the source text of functions",
    tries: "prints the source of every function that it can reach",
    sources: [WRONG_SPHERE],
    scripts: [
      `for (const given of [text, image, notify, store, load, setTimeout, clearTimeout, yield_control, exit, tools.echo, ...Object.values(tools)]) {
        text(String(given).slice(0, 20000)); climb(given);
      }`,
    ],
  },
  {
    name: "a clock finer than a millisecond",
    tries: "times something short with every clock there is",
    sources: ["https://doi.org/10.1007/978-3-319-70972-7_13", issue("denoland/deploy_feedback", 53)],
    scripts: [
      `const clocks = [() => Date.now(), () => +new Date(), () => new Intl.DateTimeFormat("en", { fractionalSecondDigits: 3 }).formatToParts().length,
        () => globalThis.performance?.now()];
      for (const clock of clocks) {
        for (let reading = 0; reading < 1000; reading += 1) {
          const time = clock();
          if (time !== undefined && !Number.isInteger(time)) { breach("clock " + clock); break }
        }
      }`,
    ],
  },
  {
    name: "the stored values of another session",
    tries: "asks for keys that it did not store",
    sources: [WRONG_SPHERE],
    scripts: [
      `for (const key of ["secret", "__proto__", "constructor", "toString", "hasOwnProperty"]) { const value = load(key); if (value !== undefined) { breach("stored " + key); text(value); climb(value) } }`,
    ],
  },
  {
    name: "what an earlier cell left behind",
    tries: "one cell changes the language and leaves notes for the next",
    sources: [WRONG_SPHERE],
    scripts: [
      `globalThis.note = 1; Object.prototype.note = 1; JSON.stringify = null; Array.prototype.map = null; Promise.prototype.note = 1; text("left");`,
      `if (typeof note !== "undefined" || "note" in {} || !JSON.stringify || ![].map || Promise.prototype.note) breach("notes of an earlier cell");`,
    ],
  },
];
