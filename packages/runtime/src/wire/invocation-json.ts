/** The document of an invocation whose input is the text that came out of the isolate, which nobody has looked into. */
import type { HostMessage } from "./host-messages.ts";

type InvokeTool = Extract<HostMessage, { readonly type: "invoke_tool" }>;

/**
 * The input comes first: of two keys with one name the last counts, and a text that closes more than it opens leaves no document. So
 * whatever the text is, the type, the call and the session are those of `message`.
 */
export function invocationJson({ invocation, ...rest }: InvokeTool, inputJson: string): string {
  return `{"invocation":{"input":${inputJson},${membersOf(invocation)},${membersOf(rest)}`;
}

/** The text of an object that is not empty, without what opens it. */
function membersOf(object: object): string {
  return JSON.stringify(object).slice(1);
}
