/** A host for tests: answers nested calls when told to, and keeps what happened. */
import type {
  CellNotification,
  CodeModeEvent,
  CodeModeObserver,
  CodeModeSessionDelegate,
  JsonValue,
  NestedToolCall,
  ToolDefinition,
} from "@rollout-trace/protocol";

export const TOOLS: readonly ToolDefinition[] = [
  tool("echo", "Returns its input."),
  tool("fail", "Rejects with the text of its input."),
  tool("hold", "Is answered when the test says so; gives up when it is aborted."),
  tool("stubborn", "Is answered when the test says so; ignores that it is aborted."),
  { ...tool("shout", "Takes a string."), kind: "freeform" },
];

function tool(name: string, description: string): ToolDefinition {
  return { name, toolName: { name }, description, kind: "function" };
}

export class RecordingHost implements CodeModeSessionDelegate, CodeModeObserver {
  readonly calls: NestedToolCall[] = [];
  readonly aborted: string[] = [];
  readonly notifications: CellNotification[] = [];
  readonly closed: string[] = [];
  readonly events: CodeModeEvent[] = [];
  /** When set, notifications take until it resolves. */
  notificationGate: Promise<void> | null = null;
  readonly #held = new Map<string, PromiseWithResolvers<JsonValue>>();
  readonly #watchers = new Set<() => void>();

  observe(event: CodeModeEvent): void {
    this.events.push(event);
    this.#changed();
  }

  async invokeTool(call: NestedToolCall, signal: AbortSignal): Promise<JsonValue> {
    const id = `${call.cellId}/${call.runtimeToolCallId}`;
    this.calls.push(call);
    signal.addEventListener("abort", () => {
      this.aborted.push(id);
      this.#changed();
    });
    switch (call.toolName.name) {
      case "fail":
        throw new Error(String((call.input as { text: string }).text));
      case "hold":
      case "stubborn": {
        const held = Promise.withResolvers<JsonValue>();
        this.#held.set(id, held);
        if (call.toolName.name === "hold") {
          signal.addEventListener("abort", () => {
            held.reject(signal.reason);
          });
        }
        this.#changed();
        return await held.promise;
      }
      default:
        return call.input ?? null;
    }
  }

  async notify(notification: CellNotification): Promise<void> {
    this.notifications.push(notification);
    this.#changed();
    await this.notificationGate;
  }

  cellClosed(cellId: string): void {
    this.closed.push(cellId);
    this.#changed();
  }

  /** Answers a held call, such as `1/tool-2`. */
  answer(id: string, value: JsonValue): void {
    this.#held.get(id)?.resolve(value);
  }

  /** Resolves when a call such as `1/tool-2` is being held. */
  async holding(id: string): Promise<void> {
    await this.until(() => this.#held.has(id));
  }

  /** Resolves when `condition` holds; it is looked at whenever something happened. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  eventsOf(cellId: string): CodeModeEvent[] {
    return this.events.filter((event) =>
      event.type === "nested_call_started" ? event.call.cellId === cellId : event.cellId === cellId,
    );
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** Lets everything that is already under way in this process happen. */
export async function settleLoop(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
