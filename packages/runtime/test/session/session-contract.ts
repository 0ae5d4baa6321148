/** What every provider of code mode promises, whatever it runs cells in. Uses nothing but the public interface. */
import type { CodeModeSessionProvider } from "@rollout-trace/protocol";
import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { ContractContext } from "./contract/context.ts";
import { describeEnding } from "./contract/ending.ts";
import { describeObserving } from "./contract/observing.ts";
import { describeRunning } from "./contract/running.ts";

/** Aborted calls must be given up within a second or so by what `makeProvider` makes. */
export function describeSessionContract(
  name: string,
  makeProvider: () => CodeModeSessionProvider | Promise<CodeModeSessionProvider>,
): void {
  describe(`session contract: ${name}`, () => {
    const context = new ContractContext();

    beforeAll(async () => {
      context.provider = await makeProvider();
    });
    beforeEach(async () => {
      await context.renew();
      return async () => {
        await context.session.shutdown();
      };
    });
    afterAll(async () => {
      await context.provider.close();
    });

    describeRunning(context);
    describeObserving(context);
    describeEnding(context);
  });
}
