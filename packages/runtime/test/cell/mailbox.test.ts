import { describe, expect, it } from "vitest";
import { Mailbox } from "../../src/cell/mailbox.ts";

describe("a mailbox", () => {
  it("takes control messages before data, and never two messages at once", () => {
    const taken: string[] = [];
    let depth = 0;
    const mailbox = new Mailbox<string, string>((message) => {
      depth += 1;
      taken.push(`${message} at depth ${depth}`);
      if (message === "first") {
        for (let flood = 1; flood <= 3; flood += 1) mailbox.data(`data ${flood}`);
        mailbox.control("control");
      }
      depth -= 1;
    });
    mailbox.data("first");
    expect(taken).toEqual([
      "first at depth 1",
      "control at depth 1",
      "data 1 at depth 1",
      "data 2 at depth 1",
      "data 3 at depth 1",
    ]);
  });

  it("goes on after a message whose handling failed", () => {
    const taken: string[] = [];
    const mailbox = new Mailbox<string, string>((message) => {
      if (message === "bad") throw new Error("cannot handle");
      taken.push(message);
    });
    expect(() => mailbox.data("bad")).toThrow("cannot handle");
    mailbox.data("good");
    expect(taken).toEqual(["good"]);
  });
});
