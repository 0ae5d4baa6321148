/** What Node itself offers: a fresh context, which is no sandbox, and a fresh worker thread, which is none either. */
import { createContext, Script } from "node:vm";
import { Worker } from "node:worker_threads";
import { check, echo, type Peer, sumOf } from "./peer.ts";

const callsSource = (count: number): string =>
  `(async () => { let sum = 0; for (let n = 0; n < ${count}; n += 1) sum += (await echo({ n })).n; return sum; })()`;

export function vmPeer(): Peer {
  const name = "node:vm";
  const run = async (source: string): Promise<unknown> =>
    await new Script(source).runInContext(createContext({ echo }));
  return {
    name,
    trivial: async () => check(name, await run('"ok"'), "ok"),
    calls: async (count) => check(name, await run(callsSource(count)), sumOf(count)),
    close: () => {},
  };
}

const WORKER_SOURCE = `
  const { parentPort, workerData } = require("node:worker_threads");
  const open = new Map();
  let ids = 0;
  const echo = (input) => new Promise((resolve) => { ids += 1; open.set(ids, resolve); parentPort.postMessage({ id: ids, input }); });
  parentPort.on("message", ({ id, value }) => { open.get(id)(value); open.delete(id); });
  (async () => { parentPort.postMessage({ result: await (0, eval)("(echo) => " + workerData)(echo) }); parentPort.close(); })();
`;

export function workerPeer(): Peer {
  const name = "worker thread";
  const run = async (source: string): Promise<unknown> =>
    await new Promise((resolve, reject) => {
      const worker = new Worker(WORKER_SOURCE, { eval: true, workerData: source });
      worker.on("error", reject);
      worker.on("message", (message: { id?: number; input?: unknown; result?: unknown }) => {
        const { id } = message;
        if (id === undefined) resolve(message.result);
        else void echo(message.input).then((value) => worker.postMessage({ id, value }));
      });
    });
  return {
    name,
    trivial: async () => check(name, await run('"ok"'), "ok"),
    calls: async (count) => check(name, await run(callsSource(count)), sumOf(count)),
    close: () => {},
  };
}
