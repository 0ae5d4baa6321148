import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUILT_IN_RULES } from "@rollout-trace/trace";
import { processorTimeRatio } from "../../../../test/support/processor-time.ts";
import { SecretRedactor } from "../../src/redact/redactor.ts";
import { temporaryPath } from "../support.ts";
import { seededRandom, seededSecrets } from "./secrets.ts";

function redactor(options = {}): SecretRedactor {
  return new SecretRedactor(temporaryPath(), options);
}

/** What is left of a value. */
function redacted(value: unknown, options = {}): unknown {
  return JSON.parse(redactor(options).value(JSON.stringify(value), []));
}

const placeholder = (rule: string): unknown =>
  expect.stringMatching(new RegExp(`^\\[redacted:${rule}:[0-9a-f]{8}\\]$`));

describe("a seeded secret", () => {
  it("exists for every built-in rule", () => {
    expect(new Set(seededSecrets(1).map(({ rule }) => rule))).toEqual(new Set(BUILT_IN_RULES));
  });

  const surroundings: Record<string, (text: string) => unknown> = {
    alone: (text) => text,
    "in prose": (text) => `Here it is: ${text} and so on`,
    "after a line break and a tab": (text) => `line\n\t${text}\nline`,
    "after a colour code": (text) => `\u001b[31m${text}\u001b[0m`,
    "in an object in an array": (text) => [{ a: [text] }],
    "in a key": (text) => ({ [text]: 1 }),
    "in JSON in a string": (text) => ({ arguments: JSON.stringify({ cmd: ["x", `\n${text}`] }) }),
    "in JSON in JSON in a string": (text) => JSON.stringify({ a: JSON.stringify({ b: `"\\${text}` }) }),
  };
  it.each(Object.entries(surroundings))("is gone, and what is left is JSON: %s", (_name, wrap) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const left = seededSecrets(seed).flatMap(({ rule, text, secret }) => {
        const subject = redactor();
        const output = subject.value(JSON.stringify(wrap(text)), []);
        JSON.parse(output);
        const isGone = !output.includes(secret) && !output.includes(JSON.stringify(secret).slice(1, -1));
        return isGone && subject.counts[rule] === 1 ? [] : [{ seed, rule, output, counts: subject.counts }];
      });
      expect(left).toEqual([]);
    }
  });

  it("leaves everything around it as it was", () => {
    for (const { rule, text, secret } of seededSecrets(3).filter(({ rule }) => rule !== "private_key")) {
      const [before = "", after = ""] = text.split(secret);
      const [cut, kept] = /theme|AccountKey=/.test(text) ? ["", ""] : [before, after];
      const left = String(redacted(`( ${text}" )`));
      expect([
        rule,
        left.startsWith(`( ${cut}[redacted:`) || cut === "",
        left.endsWith(`]${kept}" )`) || kept === "",
      ]).toEqual([rule, true, true]);
    }
  });
});

describe("a field whose name says that it is secret", () => {
  it.each([
    "password",
    "db_password",
    "dbPassword",
    "PASSWD",
    "client_secret",
    "clientSecret",
    "api_key",
    "x-api-key",
    "apiKey",
    "access_token",
    "refreshToken",
    "Authorization",
    "set-cookie",
    "Cookie",
    "private_key",
    "aws_secret_access_key",
    "SecretAccessKey",
    "connectionString",
    "passphrase",
  ])("%s: loses its value, whatever that is", (name) => {
    const values = [
      "x",
      'a"b',
      "a\\",
      "correct horse battery staple",
      'ends with \\"',
      "\n",
      '{"a":"b"}',
      "é😀\u2028",
    ];
    for (const value of values) {
      expect(redacted({ before: 1, [name]: value, after: "kept" })).toEqual({
        before: 1,
        [name]: placeholder("named"),
        after: "kept",
      });
      const nested = redacted({ arguments: JSON.stringify({ [name]: value, after: "kept" }) }) as {
        arguments: string;
      };
      expect(JSON.parse(nested.arguments)).toEqual({ [name]: placeholder("named"), after: "kept" });
      const twice = redacted([
        JSON.stringify(JSON.stringify({ [name]: value, after: "kept" }, null, 2)),
      ]) as string[];
      expect(JSON.parse(JSON.parse(twice[0] ?? "") as string)).toEqual({
        [name]: placeholder("named"),
        after: "kept",
      });
    }
  });

  it("loses all strings of an array, and the value beside a name", () => {
    expect(
      redacted({ "set-cookie": ["a=1", "b=2"], headers: [{ name: "X-Api-Key", value: "abc" }] }),
    ).toEqual({
      "set-cookie": [placeholder("named"), placeholder("named")],
      headers: [{ name: "X-Api-Key", value: placeholder("named") }],
    });
    expect(redacted({ command: ["login", "--password", "hunter2"] })).toEqual({
      command: ["login", "--password", placeholder("named")],
    });
  });

  it("keeps a number, which may be long, and with it the document around it", () => {
    const fields = { access_token: 123456789, password: -12345678.5e10, SECRET: 2 ** 53, cookie: 1e300 };
    const document = { ...fields, text: "kept", arguments: JSON.stringify({ inner: fields }) };
    expect(redacted(document)).toEqual(document);
  });

  it("is left alone when it only talks about secrets", () => {
    const harmless = {
      max_tokens: 4096,
      usage: { total_tokens: 5, tokens: ["a", "b"], prompt_token: "The" },
      next_page_token: "cursor",
      password_hash_algorithm: "argon2",
      tokenizer: "o200k",
      password: "",
      tool: {
        parameters: {
          type: "object",
          properties: { password: { type: "string", description: "the password" } },
        },
        required: ["user", "password", "token"],
      },
      source:
        "const token = await getToken(); if (password === other) login(config.password, { token: session.token });",
      type: "let token: string; process.env.API_KEY; token = process.env.TOKEN;",
      prose:
        "Basic authentication and bearer authentication need a token: see below. The task-force-of-twenty-people.",
      environment: "PWD=/home/user/project1\nOLDPWD=/home/user2",
      style: "sk-loading-indicator-wrapper",
      url: "https://example.com:8080/a@b",
      placeholder: "password: <your-password>, api_key=${API_KEY}",
    };
    expect(redacted(harmless)).toEqual(harmless);
  });
});

describe("a placeholder", () => {
  it("is equal for equal secrets of a store, wherever they stand, across openings, and for no other store", () => {
    const path = temporaryPath();
    const digits = (text: string): readonly string[] =>
      [...text.matchAll(/\[redacted:[a-z_]+:([0-9a-f]{8})\]/g)].map((match) => match[1] ?? "");
    const secret = `a"\\b${"7x".repeat(10)}`;
    const texts = [
      { password: secret },
      JSON.stringify({ token: secret }),
      [JSON.stringify(JSON.stringify({ pwd: secret }))],
    ];
    const found = texts.flatMap((value) =>
      digits(new SecretRedactor(path, {}).value(JSON.stringify(value), [])),
    );
    expect(found).toHaveLength(3);
    expect(new Set(found).size).toBe(1);
    expect(digits(redactor().value(JSON.stringify(texts[0]), []))).not.toEqual(found.slice(0, 1));
  });

  it("is not a secret itself", () => {
    const subject = redactor();
    const once = subject.value(
      JSON.stringify(seededSecrets(5).map(({ text }) => ({ text, password: text }))),
      [],
    );
    expect(subject.value(once, [])).toBe(once);
  });
});

describe("any JSON text", () => {
  const fragment = fc.constantFrom(
    ...seededSecrets(9).map(({ text }) => text.slice(0, 40)),
    "password",
    "token",
    "api_key",
    ":",
    "=",
    '"',
    "'",
    "\\",
    '\\"',
    "[",
    "]",
    "{",
    ",",
    " ",
    "\n",
    "--",
    "Bearer ",
    "Basic ",
    "://",
    "@",
    "eyJ",
    "-----BEGIN PRIVATE KEY-----",
    "value",
    "…",
  );
  const text = fc
    .array(fc.oneof(fragment, fc.string({ maxLength: 5 })), { maxLength: 24 })
    .map((parts) => parts.join(""));
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      text.map((inner) => JSON.stringify({ password: inner, inner })),
      text.map((inner) => JSON.stringify([JSON.stringify(inner)])),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(text, tie("value"), { maxKeys: 4 }),
    ),
  })).value;

  it("stays JSON of the same shape", () => {
    const subject = redactor();
    const shape = (part: unknown): unknown =>
      Array.isArray(part)
        ? part.map(shape)
        : typeof part === "object" && part !== null
          ? Object.values(part).map(shape)
          : typeof part;
    fc.assert(
      fc.property(value, (input) => {
        const once = subject.value(JSON.stringify(input), []);
        expect(shape(JSON.parse(once))).toEqual(shape(input));
      }),
      { numRuns: 2000 },
    );
  });

  const units = [
    "eyJ",
    "eyJa.eyJ",
    "\\neyJ",
    "sk-",
    "sk-a",
    "xoxb-",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ",
    "Bearer ",
    "Basic a",
    "://a:",
    "://",
    "password",
    'password:"',
    "password='",
    "password=",
    "--password ",
    '"password":["',
    "token,",
    "\\\\",
    '\\"',
    "[31m",
    "%41",
    "gh",
    "AKIA",
    "a.",
    "8Q~",
    "aaa8Q~",
    "sig=",
    "Cookie: ",
    "Cookie: a=",
    "authorization: ",
    "\\".repeat(63) + '"',
    " ".repeat(15) + ":",
  ];
  const redacting = (text: string) => {
    const hostile = JSON.stringify(text);
    const subject = redactor();
    return () => subject.value(hostile, []);
  };

  // Ten times as much: n² would take a hundred times as long.
  const bound = 30;

  it.each(units)("takes linear time when it repeats %s", (unit) => {
    const [small, large] = [50_000, 500_000].map((size) => redacting(unit.repeat(size / unit.length)));
    if (small === undefined || large === undefined) throw new Error("no texts");
    expect(processorTimeRatio({ small, large, bound })).toBeLessThan(bound);
  });

  it("takes linear time when it is 10 MB of everything that secrets are made of", () => {
    const random = seededRandom(4);
    let text = "";
    while (text.length < 10_000_000) text += units[Math.floor(random() * units.length)];
    const [small, large] = [redacting(text.slice(0, 1_000_000)), redacting(text)];
    expect(processorTimeRatio({ small, large, bound })).toBeLessThan(bound);
  }, 120_000);
});

it("holds on to no text because of the secrets that were in it", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const subject = redactor();
  const heapAfter = (texts: number): number => {
    for (let number = 0; number < texts; number += 1) {
      const token = `ghp_${String(number).padStart(36, "0")}`;
      subject.value(JSON.stringify(`${"x".repeat(1_000_000)} ${token}`), []);
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heapAfter(1);
  expect(heapAfter(60) - before).toBeLessThan(20_000_000);
});
