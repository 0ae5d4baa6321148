/** A session as its client uses it: operations in, plain results out. */
import type {
  PendingOutcome,
  RuntimeResponse,
  ToolDefinition,
  WaitOutcome,
  WaitToPendingOutcome,
} from "@rollout-trace/protocol";
import { CodeModeError } from "../errors.ts";
import { resolveYieldTime } from "../session/requests.ts";
import { InProcessSession } from "../session/session.ts";
import type { SessionCore } from "../session/session-core.ts";
import { pendingOutcome } from "../session/waiters.ts";
import type { Operation } from "../wire/client-messages.ts";

export type OperationValue = RuntimeResponse | PendingOutcome | WaitOutcome | WaitToPendingOutcome | null;

export class HostedSession {
  readonly #core: SessionCore;
  readonly #session: InProcessSession;
  readonly #tools: ReadonlyMap<number, readonly ToolDefinition[]>;
  /** By the request's id, for requests that may be abandoned. */
  readonly #waits = new Map<number, AbortController>();

  constructor(core: SessionCore, tools: ReadonlyMap<number, readonly ToolDefinition[]>) {
    this.#core = core;
    this.#session = new InProcessSession(core);
    this.#tools = tools;
  }

  /** What a cell completed elsewhere stored. */
  store(key: string, json: string): void {
    this.#core.adopt(new Map([[key, json]]));
  }

  abandon(id: number): void {
    this.#waits.get(id)?.abort();
  }

  async run(id: number, operation: Operation, admitted: (cellId: string) => void): Promise<OperationValue> {
    switch (operation.type) {
      case "execute": {
        const deadlineMs = resolveYieldTime(operation.yieldTimeMs);
        const started = this.#core.execute(this.#request(operation), { type: "yield", deadlineMs });
        admitted(started.cellId);
        return (await started.answer).response;
      }
      case "execute_to_pending": {
        const started = this.#core.execute(this.#request(operation), { type: "pending" });
        admitted(started.cellId);
        return pendingOutcome(await started.answer);
      }
      case "wait":
      case "wait_to_pending":
        return await this.#observe(id, operation);
      case "terminate":
        return await this.#session.terminate(operation);
      case "shutdown":
        await this.#session.shutdown();
        return null;
    }
  }

  async #observe(
    id: number,
    operation: Extract<Operation, { type: "wait" | "wait_to_pending" }>,
  ): Promise<WaitOutcome | WaitToPendingOutcome> {
    const abort = new AbortController();
    if (operation.abandoned === true) abort.abort();
    this.#waits.set(id, abort);
    try {
      const request = { ...operation, signal: abort.signal };
      if (operation.type === "wait") return await this.#session.wait(request);
      return await this.#session.waitToPending(request);
    } finally {
      this.#waits.delete(id);
    }
  }

  #request(operation: Extract<Operation, { type: "execute" | "execute_to_pending" }>) {
    const { toolCallId, source, toolset, yieldTimeMs, limits } = operation;
    const enabledTools = this.#tools.get(toolset);
    if (enabledTools === undefined) throw new CodeModeError("protocol", `there is no toolset ${toolset}`);
    return { toolCallId, source, enabledTools, yieldTimeMs, limits };
  }
}
