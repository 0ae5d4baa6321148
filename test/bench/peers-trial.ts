/**
 * `peers-trial.ts ROUNDS CALLS`: the same scripts in each way to run them that is installed, in turns. Prints for each its
 * milliseconds, `NAME.exec` for a script that says one word and `NAME.call` for one call of a script that makes CALLS of them,
 * and for both, as `NAME.execRatio` and so on, the median over the rounds of our own time divided by its own; ours is the
 * provider that is as far away: in process for what runs in this process, the process boundary for another program.
 */
import { median } from "./bench.ts";
import { settle, timed } from "./figures.ts";
import { codexHostPeer } from "./peers/codex-host-peer.ts";
import { codexFolder } from "./peers/install-peers.ts";
import { vmPeer, workerPeer } from "./peers/node-peers.ts";
import { inProcessPeer, processPeer } from "./peers/own-peers.ts";
import { quickJsPeer, utcpPeer } from "./peers/package-peers.ts";
import type { Peer } from "./peers/peer.ts";

/** For the compiler, and for pools to fill. */
const WARM_ROUNDS = 5;

const [rounds = 0, calls = 0] = process.argv.slice(2).map(Number);
const folder = codexFolder();
const near = [await inProcessPeer(), vmPeer(), workerPeer(), await quickJsPeer(), await utcpPeer()];
const far = [await processPeer(), ...(folder === null ? [] : [await codexHostPeer(folder)])];
const figures: Record<string, number> = {};
for (const group of [near, far]) {
  await compare(group, "exec", 1, (peer) => peer.trivial());
  await compare(group, "call", calls, (peer) => peer.calls(calls));
}
process.stdout.write(JSON.stringify(figures));
for (const peer of [...near, ...far]) await peer.close();
process.exit();

async function compare(
  group: readonly Peer[],
  what: string,
  times: number,
  run: (peer: Peer) => Promise<void>,
): Promise<void> {
  const taken = new Map<Peer, number[]>(group.map((peer) => [peer, []]));
  for (let round = 0; round < WARM_ROUNDS + rounds; round += 1) {
    const turn = round % group.length;
    for (const peer of [...group.slice(turn), ...group.slice(0, turn)]) {
      await settle();
      const ms = await timed(() => run(peer));
      if (round >= WARM_ROUNDS) taken.get(peer)?.push(ms / times);
    }
  }
  const [own = []] = taken.values();
  for (const [peer, ms] of taken) {
    figures[`${peer.name}.${what}`] = median(ms);
    figures[`${peer.name}.${what}Ratio`] = median(own.map((mine, index) => mine / (ms[index] ?? Number.NaN)));
  }
}
