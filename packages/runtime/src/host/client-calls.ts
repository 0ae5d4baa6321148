/** Calls to the client that wait for an answer: nested tool calls and notifications. */
import type { JsonValue } from "@rollout-trace/protocol";
import type { Cancellation } from "../cell/cancellation.ts";
import type { CellDelegate } from "../cell/cell-host.ts";
import type { CallAnswer } from "../wire/client-messages.ts";
import type { HostMessage } from "../wire/host-messages.ts";

interface OpenCall {
  readonly session: number;
  readonly cellId: string;
  readonly answer: PromiseWithResolvers<JsonValue>;
}

/** Returns why the message could not be sent, or null. `inputJson` is the input of an invocation, whose text is taken as it is. */
export type Send = (message: HostMessage, inputJson?: string) => string | null;

export class ClientCalls {
  readonly #send: Send;
  /** Filled by each call, emptied by its answer or by the end of its cell. */
  readonly #open = new Map<number, OpenCall>();
  #next = 1;

  constructor(send: Send) {
    this.#send = send;
  }

  delegateOf(session: number): CellDelegate {
    return {
      invokeTool: ({ head: invocation, inputJson }, cancellation) =>
        this.#ask(session, invocation.cellId, cancellation, (call) =>
          this.#send({ type: "invoke_tool", call, session, invocation }, inputJson),
        ),
      notify: async (notification, cancellation) => {
        await this.#ask(session, notification.cellId, cancellation, (call) =>
          this.#send({ type: "notify", call, session, notification }),
        );
      },
      cellClosed: (cellId) => {
        for (const [call, open] of this.#open) {
          if (open.session === session && open.cellId === cellId) this.#open.delete(call);
        }
        this.#send({ type: "cell_closed", session, cellId });
      },
    };
  }

  answered(call: number, answer: CallAnswer): void {
    const open = this.#open.get(call);
    this.#open.delete(call);
    if (answer.ok) open?.answer.resolve(answer.value);
    else open?.answer.reject(new Error(answer.error));
  }

  #ask(
    session: number,
    cellId: string,
    cancellation: Cancellation,
    send: (call: number) => string | null,
  ): Promise<JsonValue> {
    const call = this.#next;
    this.#next += 1;
    const answer = Promise.withResolvers<JsonValue>();
    this.#open.set(call, { session, cellId, answer });
    cancellation.onCancel(() => {
      if (this.#open.has(call)) this.#send({ type: "cancel_call", call, session });
    });
    const refused = send(call);
    if (refused !== null) this.answered(call, { ok: false, error: refused });
    return answer.promise;
  }
}
