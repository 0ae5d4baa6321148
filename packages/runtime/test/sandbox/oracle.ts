/**
 * Notices a breach, whatever a script says of itself: what left the sandbox is searched for what it must not contain, and the
 * process is looked over for changes.
 */
import { existsSync } from "node:fs";
import { BREACH, MARKER_VARIABLE, SECRET_VARIABLE, TAINT } from "./kit.ts";

/** Everything that a script made leave the sandbox: output, tool inputs, notifications, its error. */
export type Leavings = readonly string[];

/** A host's own file or module in a message. `node:fs` alone is what a script asks for. */
const HOST_PATH = /file:\/\/|node:internal|isolated-vm|node_modules|packages\/runtime/;
const INTRINSICS: ReadonlyMap<string, object> = new Map([
  ["Object.prototype", Object.prototype],
  ["Array.prototype", Array.prototype],
  ["Function.prototype", Function.prototype],
  ["Promise.prototype", Promise.prototype],
  ["Promise", Promise],
  ["Error.prototype", Error.prototype],
  ["Error", Error],
  ["Map.prototype", Map.prototype],
  ["String.prototype", String.prototype],
  ["JSON", JSON],
  ["Reflect", Reflect],
]);

export class Oracle {
  readonly #host: ReadonlyMap<string, object>;
  readonly #before: ReadonlyMap<string, string>;

  /** Takes down how things are. `host` are objects that the sandbox was built from. */
  constructor(host: Readonly<Record<string, object>> = {}) {
    this.#host = new Map([...INTRINSICS, ...Object.entries(host)]);
    this.#before = new Map([...this.#host].map(([name, object]) => [name, shape(object)]));
  }

  /** What was breached, in words; empty when nothing was. */
  breaches(leavings: Leavings): readonly string[] {
    const found: string[] = [];
    const text = leavings.join("\n");
    for (const line of text.split("\n")) if (line.includes(BREACH)) found.push(line);
    const secret = process.env[SECRET_VARIABLE];
    if (secret !== undefined && text.includes(secret)) found.push("a secret of the host left the sandbox");
    const path = HOST_PATH.exec(text);
    if (path !== null) found.push(`a path of the host left the sandbox: ${around(text, path.index)}`);
    const marker = process.env[MARKER_VARIABLE];
    if (marker !== undefined && existsSync(marker)) found.push("a file was written");
    if (TAINT in {}) found.push("Object.prototype was polluted");
    for (const [name, object] of this.#host) {
      if (shape(object) !== this.#before.get(name)) found.push(`${name} was changed`);
    }
    return found;
  }
}

/** The keys, and which function or value each holds, as far as that can be told without asking it. */
function shape(object: object): string {
  const parts = Reflect.ownKeys(object).map((key) => {
    const descriptor: object = Object.getOwnPropertyDescriptor(object, key) ?? {};
    const held = Object.entries(descriptor).map(
      ([part, value]) => `${part}=${typeof value}${identity(value)}`,
    );
    return `${String(key)}:${held.join()}`;
  });
  return `${identity(Object.getPrototypeOf(object))} ${parts.join(" ")}`;
}

const identities = new WeakMap<object, number>();
let known = 0;

function identity(value: unknown): string {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return "";
  let number = identities.get(value);
  if (number === undefined) {
    known += 1;
    number = known;
    identities.set(value, number);
  }
  return `#${number}`;
}

function around(text: string, index: number): string {
  return JSON.stringify(text.slice(Math.max(0, index - 40), index + 60));
}
