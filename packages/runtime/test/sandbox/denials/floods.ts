/** Scripts that ask more of their host than it can do. */
import { LIMIT_CASES } from "../../limits/limit-cases.ts";
import { cve, type Denial, issue } from "../technique.ts";

const THROTTLING = "https://cwe.mitre.org/data/definitions/770.html";

/** The scripts of the limit tests, which play them again and again; here they meet the process boundary. */
function limitCase(name: string): Pick<Denial, "script" | "limits" | "ends"> {
  const found = LIMIT_CASES.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no limit case ${name}`);
  return {
    script: found.source,
    limits: found.limits,
    ends: new RegExp(found.errorText.replaceAll(/[().]/g, "\\$&")),
  };
}

export const FLOOD_DENIALS: readonly Denial[] = [
  {
    name: "printing without end",
    tries: "output comes faster than the host can take it",
    sources: [issue("laverdet/isolated-vm", 169)],
    ...limitCase("output"),
  },
  {
    name: "printing nothing without end",
    tries: "messages that cost no bytes of output",
    sources: [issue("laverdet/isolated-vm", 169)],
    ...limitCase("output of empty texts"),
  },
  {
    name: "notifying without end",
    tries: "each notification is delivered by itself",
    sources: [THROTTLING],
    script: "for (;;) notify('n');",
    limits: { outputBytes: 2 ** 20 },
    ends: /outputBytes/,
  },
  {
    name: "yielding without end",
    tries: "each yield ends an observation",
    sources: [THROTTLING],
    script: "for (;;) yield_control();",
    limits: { outputBytes: 2 ** 20 },
    ends: /outputBytes/,
  },
  {
    name: "setting timers without end",
    tries: "each is a timer of the host",
    sources: ["https://github.com/kubestellar/console/pull/2954", THROTTLING],
    ...limitCase("timers"),
  },
  {
    name: "setting and clearing timers without end",
    tries: "never has many at once, and the host does all the work",
    sources: [THROTTLING],
    script: "for (;;) clearTimeout(setTimeout(() => {}, 1000));",
    ends: /CPU time/,
  },
  {
    name: "calling tools without end",
    tries: "calls pile up at the host, unanswered",
    sources: [THROTTLING],
    ...limitCase("pending calls"),
  },
  {
    name: "calling tools with huge inputs",
    tries: "what piles up is large",
    sources: [THROTTLING],
    ...limitCase("input of pending calls"),
  },
  {
    name: "calling a tool again with each answer",
    tries: "never has many calls at once, and never ends",
    sources: [THROTTLING],
    script: "for (;;) await Promise.all(Array.from({ length: 100 }, () => tools.echo({})));",
    ends: /CPU time/,
  },
  {
    name: "an input larger than a frame",
    tries: "what the boundary cannot carry breaks the connection, and with it every other cell",
    sources: [THROTTLING],
    script:
      "try { await tools.echo({ large: 'x'.repeat(20e6) }); text('answered') } catch (error) { text('refused') }",
    limits: { heapBytes: 256 * 2 ** 20 },
    ends: null,
  },
  {
    name: "rejections that nobody handles",
    tries: "an unhandled rejection ends a host's process",
    sources: [cve("2026-44001"), issue("laverdet/isolated-vm", 314), issue("patriksimek/vm2", 170)],
    script: `for (let n = 0; n < 500; n += 1) { Promise.reject(new Error("floating")); tools.fail({ text: "x" }); new Promise(() => { throw null }) }
      setTimeout(() => { Promise.reject(1) }, 0);
      for (let n = 0; n < 5; n += 1) await tools.echo({});
      await new Promise((resolve) => setTimeout(resolve, 5)); text("alive");`,
    ends: null,
  },
  {
    name: "finalizers that flood",
    tries: "work that the collector causes, with nobody to wait for it",
    sources: [THROTTLING],
    script: `const registry = new FinalizationRegistry(() => { for (;;) text("finalized") });
      for (let n = 0; n < 1e5; n += 1) registry.register({}, n);
      for (let n = 0; n < 20; n += 1) { new Array(1e5).fill(n); await tools.echo({}) }
      text("alive");`,
    ends: /outputBytes|CPU time|^$/,
    limits: { outputBytes: 2 ** 20, heapBytes: 64 * 2 ** 20 },
    sparesLoop: true,
  },
  {
    name: "going on after the end",
    tries: "catches the exception that exit() leaves by, and floods on",
    sources: [THROTTLING],
    script:
      "try { exit() } catch {} try { for (let n = 0; n < 1e5; n += 1) { try { text('late') } catch {} } } catch {}",
    ends: null,
  },
];
