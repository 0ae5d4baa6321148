/**
 * A program: `leaky-loop.ts NAME` runs a denial in a `node:vm` context of its own process, with the time limit that `node:vm` has,
 * and prints a dot every 50 ms for as long as its loop turns: whoever started it sees whether the host is harmed.
 */
import vm from "node:vm";
import { DENIALS } from "./denials/denials.ts";

const TIMEOUT_MS = 300;

const [name] = process.argv.slice(2);
const denial = DENIALS.find((candidate) => candidate.name === name);
if (denial === undefined) throw new Error(`no denial ${name}`);

const kept: unknown[] = [];
const keep = (value: unknown): void => {
  kept.push(typeof value === "object" ? JSON.stringify(value) : value);
};
const context = vm.createContext({
  text: keep,
  notify: keep,
  store: keep,
  yield_control: keep,
  setTimeout,
  clearTimeout,
  tools: {
    echo: async (input: unknown) => input,
    hold: async (input: unknown) => {
      keep(input);
      return await new Promise(() => {});
    },
  },
});
const dots = setInterval(() => process.stdout.write("."), 50);
process.stdout.write(".", () => {
  const source = `(async () => { "use strict"; ${denial.script} })()`;
  const run = vm.runInContext(source, context, { timeout: TIMEOUT_MS }) as Promise<unknown>;
  void run.finally(() => {
    clearInterval(dots);
  });
});
