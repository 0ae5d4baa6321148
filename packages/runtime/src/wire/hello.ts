/** Who speaks which protocol: the first frame of each side, and what one may ask of the other. */
import { CodeModeError } from "../errors.ts";
import { type Fields, list, natural, text } from "./check.ts";

/** Raised whenever a message changes its meaning; both sides must have the same. */
export const PROTOCOL_VERSION = 1;

/** What this host can do and this client relies on. A capability that only one side knows is no reason to refuse. */
export const CAPABILITIES = [
  /** Several sessions over one connection. */
  "sessions",
  /** `execute_to_pending` and `wait_to_pending`. */
  "pending",
  /** Tools are declared once and then named. */
  "toolsets",
  /** The host reports values stored by completed cells, and takes them over from another host. */
  "stored_values",
  /** `ping` is answered with `pong`. */
  "ping",
] as const;

export interface Hello {
  readonly type: "hello";
  readonly protocol: number;
  readonly name: string;
  readonly version: string;
  readonly capabilities: readonly string[];
}

export const helloFields: Fields<Omit<Hello, "type">> = {
  protocol: natural,
  name: text,
  version: text,
  capabilities: list(text),
};

/** The version of the package that both sides of this file belong to. */
export const PACKAGE_VERSION = "0.0.0";

export function hello(name: string): Hello {
  return {
    type: "hello",
    protocol: PROTOCOL_VERSION,
    name,
    version: PACKAGE_VERSION,
    capabilities: CAPABILITIES,
  };
}

export function describePeer({ name, version, protocol }: Hello): string {
  return `${name} ${version} (protocol ${protocol})`;
}

/** Throws `protocol`, naming both sides, unless `theirs` speaks our protocol and can do what is `required` of it. */
export function checkHello(ours: Hello, theirs: Hello, required: readonly string[]): void {
  const both = `${describePeer(ours)} cannot work with ${describePeer(theirs)}`;
  if (theirs.protocol !== ours.protocol) throw new CodeModeError("protocol", `${both}: the protocols differ`);
  const missing = required.filter((capability) => !theirs.capabilities.includes(capability));
  if (missing.length === 0) return;
  throw new CodeModeError("protocol", `${both}: it lacks ${missing.join(", ")}`);
}
