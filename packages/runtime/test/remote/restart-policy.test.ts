import { describe, expect, it } from "vitest";
import { RestartPolicy } from "../../src/remote/restart-policy.ts";

describe("restarting", () => {
  it("waits longer and longer after the third end in a row that was of no use, up to half a minute", () => {
    let now = 0;
    const policy = new RestartPolicy(() => now);
    expect([policy.ended(false), policy.ended(false), policy.waiting()]).toEqual([null, null, null]);
    expect(policy.ended(false)).toEqual({ consecutive: 3, retryInMs: 250 });
    now = 100;
    expect(policy.waiting()).toEqual({ consecutive: 3, retryInMs: 150 });
    now = 250;
    expect(policy.waiting()).toBe(null);
    expect(policy.ended(false)).toEqual({ consecutive: 4, retryInMs: 500 });
    for (let n = 0; n < 100; n += 1) policy.ended(false);
    expect(policy.waiting()).toEqual({ consecutive: 104, retryInMs: 30_000 });
  });

  it("is at once after a child that was of use", () => {
    const policy = new RestartPolicy(() => 0);
    for (let n = 0; n < 5; n += 1) policy.ended(false);
    policy.ended(true);
    expect(policy.ended(false)).toBe(null);
  });
});
