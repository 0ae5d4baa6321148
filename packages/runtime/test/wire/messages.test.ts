import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ClientMessage, clientMessageChecks } from "../../src/wire/client-messages.ts";
import { decodeMessage, requestIdOf } from "../../src/wire/decode-message.ts";
import { CAPABILITIES, checkHello, hello, PACKAGE_VERSION } from "../../src/wire/hello.ts";

function decode(json: string): unknown {
  return decodeMessage<ClientMessage>(json, clientMessageChecks);
}

describe("a message", () => {
  it("is taken when it is what its type says, and keys that mean something to JavaScript stay data", () => {
    const json = '{"type":"call_answered","call":1,"answer":{"ok":true,"value":{"__proto__":{"x":1}}}}';
    const decoded = decode(json);
    expect(JSON.stringify(decoded)).toBe(`{"ok":true,"message":${json}}`);
    expect(Object.prototype).not.toHaveProperty("x");
  });

  it.each([
    ["{", "a frame that is not JSON"],
    ["null", "a message without a type"],
    ['{"type":7}', "a message without a type"],
    ['{"type":"__proto__"}', 'an unknown message "__proto__"'],
    ['{"type":"teleport"}', 'an unknown message "teleport"'],
    ['{"type":"abandon"}', 'a malformed message "abandon" ("id: '],
    ['{"type":"open_session","session":-1,"firstCell":1,"firstWait":1,"observed":true}', "session: "],
  ])("%s is refused in words", (json, words) => {
    expect(decode(json)).toMatchObject({ ok: false, problem: expect.stringContaining(words) });
  });

  it("that is refused still names its request where it can", () => {
    expect(decode('{"type":"teleport","id":12}')).toMatchObject({ id: 12 });
    expect(requestIdOf('{"type":"request","id":12,"session":1,"operation":{"ty')).toBe(12);
    expect(requestIdOf('{"id":12,"type":"request"')).toBe(null);
  });
});

describe("a hello", () => {
  const ours = hello("@rollout-trace/runtime");

  it("says the version of the package", () => {
    const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    expect(PACKAGE_VERSION).toBe((JSON.parse(manifest) as { version: string }).version);
  });

  it("of the same protocol that can do more is accepted", () => {
    const theirs = { ...ours, version: "9.9.9", capabilities: [...CAPABILITIES, "telepathy"] };
    expect(() => checkHello(ours, theirs, CAPABILITIES)).not.toThrow();
  });

  it.each([
    [
      "an older protocol",
      { protocol: 0 },
      `@rollout-trace/runtime ${PACKAGE_VERSION} (protocol 1) cannot work with other 0.1.2 (protocol 0): the protocols differ`,
    ],
    [
      "a newer protocol",
      { protocol: 2 },
      `@rollout-trace/runtime ${PACKAGE_VERSION} (protocol 1) cannot work with other 0.1.2 (protocol 2): the protocols differ`,
    ],
    [
      "missing capabilities",
      { capabilities: ["sessions", "ping"] },
      `@rollout-trace/runtime ${PACKAGE_VERSION} (protocol 1) cannot work with other 0.1.2 (protocol 1): it lacks pending, toolsets, stored_values`,
    ],
  ])("of %s is refused with both sides named", (_, more, message) => {
    const theirs = { ...ours, name: "other", version: "0.1.2", ...more };
    expect(() => {
      checkHello(ours, theirs, CAPABILITIES);
    }).toThrow(expect.objectContaining({ code: "protocol", message }));
  });
});
