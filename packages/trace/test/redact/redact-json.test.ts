import { describe, expect, it } from "vitest";
import { jsonRedactor } from "@rollout-trace/trace";

const KEY = `sk-${"proj"}-${"Ab1".repeat(16)}`;

describe("a redactor without a store", () => {
  it("takes secrets out by the rules of a store, equal ones alike, and counts them", () => {
    const redactor = jsonRedactor({ names: ["badge"] });
    const [first, second] = [{ note: `use ${KEY}`, badge: "of the house" }, { again: KEY }].map((value) =>
      redactor.document(JSON.stringify(value)),
    );
    const [, digits] = /\[redacted:\w+:([0-9a-f]{8})\]/.exec(second ?? "") ?? [];
    expect(digits).toBeDefined();
    expect(first).toContain(`:${digits}]`);
    expect(`${first}${second}`).not.toMatch(/sk-proj|of the house/);
    expect(Object.values(redactor.counts).reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  it("has digits of its own: what one took out says nothing about what another did", () => {
    const [one, other] = [jsonRedactor(), jsonRedactor()].map((redactor) =>
      redactor.document(JSON.stringify(KEY)),
    );
    expect(one).not.toBe(other);
  });

  it("leaves everything else to the byte", () => {
    const json = '{"b":1.50,"a":["\\u0041",{"__proto__":null}]}';
    expect(jsonRedactor().document(json)).toBe(json);
    expect(() => jsonRedactor({ names: [""] })).toThrow(expect.objectContaining({ code: "invalid_option" }));
  });
});
