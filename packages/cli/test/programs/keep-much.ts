/** `keep-much.ts [stopped]`: makes much that stays, as a reduction does, and prints the bytes that new objects had at most. */
import { getHeapSpaceStatistics } from "node:v8";
import { stopYoungGrowth } from "../../src/young-generation.ts";

const kept: object[] = [];
let most = 0;
for (let step = 0; step < 300; step += 1) {
  for (let made = 0; made < 10_000; made += 1) kept.push({ step, made });
  if (process.argv[2] === "stopped") stopYoungGrowth();
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
  most = Math.max(most, space?.space_size ?? 0);
}
process.stdout.write(JSON.stringify({ most, kept: kept.length }));
