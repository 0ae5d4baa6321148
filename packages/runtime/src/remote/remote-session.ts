/** The session that a host holds when its cells run in another process: requests in, results out. */
import type {
  CodeModeSession,
  ExecuteRequest,
  PendingOutcome,
  RuntimeResponse,
  StartedCell,
  TerminateRequest,
  WaitMode,
  WaitOutcome,
  WaitRequest,
  WaitToPendingOutcome,
  WaitToPendingRequest,
} from "@rollout-trace/protocol";
import { CodeModeError } from "../errors.ts";
import type { Operation } from "../wire/client-messages.ts";
import type { Check } from "../wire/check.ts";
import { responseCheck } from "../wire/events.ts";
import { pendingOutcomeCheck, waitOutcomeCheck, waitToPendingOutcomeCheck } from "../wire/results.ts";
import type { Connection } from "./connection.ts";
import type { SessionLink } from "./session-link.ts";

/** Cells of sessions that were dropped without `shutdown` are stopped when the collector notices. */
const dropped = new FinalizationRegistry<SessionLink>((link) => {
  link.shutdown().catch(() => {});
});

export class RemoteSession implements CodeModeSession, AsyncDisposable {
  readonly #link: SessionLink;

  constructor(link: SessionLink) {
    this.#link = link;
    dropped.register(this, link, this);
  }

  async execute(request: ExecuteRequest): Promise<StartedCell> {
    const { connection, operation } = this.#newCell("execute", request);
    const started = Promise.withResolvers<string>();
    const { answer } = this.#link.request(connection, operation, responseCheck, started);
    // What kept the cell from being admitted is thrown here.
    return { cellId: await started.promise, initialResponse: answer };
  }

  async executeToPending(request: ExecuteRequest): Promise<PendingOutcome> {
    const { connection, operation } = this.#newCell("execute_to_pending", request);
    return await this.#link.request(connection, operation, pendingOutcomeCheck).answer;
  }

  async wait({ cellId, yieldTimeMs, toolCallId, signal }: WaitRequest): Promise<WaitOutcome> {
    if (this.#link.isShutDown) return await this.#afterShutdown(cellId, toolCallId, "yield");
    const operation: Operation = {
      type: "wait",
      cellId,
      yieldTimeMs,
      toolCallId,
      abandoned: signal?.aborted,
    };
    return await this.#observe(operation, waitOutcomeCheck, signal);
  }

  async waitToPending({ cellId, toolCallId, signal }: WaitToPendingRequest): Promise<WaitToPendingOutcome> {
    if (this.#link.isShutDown) return await this.#afterShutdown(cellId, toolCallId, "pending");
    const operation: Operation = { type: "wait_to_pending", cellId, toolCallId, abandoned: signal?.aborted };
    return await this.#observe(operation, waitToPendingOutcomeCheck, signal);
  }

  async terminate({ cellId, toolCallId, cause }: TerminateRequest): Promise<WaitOutcome> {
    if (this.#link.isShutDown) return await this.#afterShutdown(cellId);
    const connection = this.#link.connectionFor(cellId);
    const operation: Operation = { type: "terminate", cellId, toolCallId, cause };
    return await this.#link.request(connection, operation, waitOutcomeCheck).answer;
  }

  async shutdown(): Promise<void> {
    dropped.unregister(this);
    await this.#link.shutdown();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #newCell(
    type: "execute" | "execute_to_pending",
    request: ExecuteRequest,
  ): { connection: Connection; operation: Operation } {
    if (this.#link.isShutDown) {
      throw new CodeModeError("shutting_down", "this session is shut down and runs nothing more");
    }
    const { toolCallId, source, enabledTools, yieldTimeMs, limits } = request;
    const connection = this.#link.forNewCells();
    const toolset = connection.toolsets.idOf(enabledTools);
    return { connection, operation: { type, toolCallId, source, toolset, yieldTimeMs, limits } };
  }

  /** Leaving asks the child to let go; what it had answered by then counts, so that no output is lost. */
  async #observe<Value>(
    operation: Extract<Operation, { readonly cellId: string }>,
    check: Check<Value>,
    signal: AbortSignal | undefined,
  ): Promise<Value> {
    const connection = this.#link.connectionFor(operation.cellId);
    const { id, answer } = this.#link.request(connection, operation, check);
    const leave = (): void => {
      connection.send({ type: "abandon", id });
    };
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** No cell is left, and no child is started to be told so. */
  async #afterShutdown(
    cellId: string,
    toolCallId: string | null = null,
    mode?: WaitMode,
  ): Promise<{ type: "missing"; response: RuntimeResponse }> {
    await this.#link.shutdown();
    const errorText = `exec cell ${cellId} not found`;
    const response: RuntimeResponse = { type: "result", cellId, contentItems: [], errorText };
    if (mode !== undefined) {
      const waitId = this.#link.ledger.takeWaitId();
      const { observer } = this.#link;
      observer.emit({ type: "wait_started", waitId, cellId, toolCallId, mode });
      observer.emit({ type: "wait_ended", waitId, cellId, outcome: "missing", response });
    }
    return { type: "missing", response };
  }
}
