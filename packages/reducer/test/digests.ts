/** A program: prints the digest of the graph of one made-up rollout for each seed in its arguments. */
import { graphDigest, reduceRollout } from "@rollout-trace/reducer";
import { playRollout, randomSteps } from "@rollout-trace/reducer/testing";

for (const seed of process.argv.slice(2)) {
  console.log(graphDigest(reduceRollout(playRollout(randomSteps(Number(seed), 150)).source())));
}
