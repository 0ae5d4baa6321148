import { describe, expect, it } from "vitest";
import { runScript } from "../session/run-script.ts";

/** What one expression printed, or the error that it threw. */
async function outcomes(...expressions: readonly string[]): Promise<readonly string[]> {
  const attempts = expressions.map((expression) => `() => ${expression}`).join(",\n");
  const { texts } = await runScript(`
    for (const attempt of [${attempts}]) {
      try { const value = await attempt(); if (value !== undefined) text("returned " + value) }
      catch (error) { text("threw " + error.message) }
    }
  `);
  return texts;
}

describe("text", () => {
  it("writes primitives as String does and everything else as JSON", async () => {
    const { texts } = await runScript(`
      for (const value of ["a", 1.5, -0, NaN, true, 10n, null, undefined, { a: [1] }, [1, "b"], new Date(0)]) text(value);
      text();
    `);
    expect(texts).toEqual([
      "a",
      "1.5",
      "0",
      "NaN",
      "true",
      "10",
      "null",
      "undefined",
      '{"a":[1]}',
      '[1,"b"]',
      '"1970-01-01T00:00:00.000Z"',
      "undefined",
    ]);
  });

  it("throws for what JSON refuses", async () => {
    expect(
      await outcomes(
        "{ const a = {}; a.a = a; text(a) }",
        "text(() => 1)",
        "text(Symbol('s'))",
        "text({ n: 1n })",
        "text({ get trap() { throw new Error('trapped') } })",
        "text({ toJSON() { throw new Error('toJSON') } })",
        "text({ toJSON() { return undefined } })",
      ),
    ).toEqual([
      expect.stringContaining("threw Converting circular structure to JSON"),
      "threw text: a value of type function cannot be written as JSON",
      "threw text: a value of type symbol cannot be written as JSON",
      "threw Do not know how to serialize a BigInt",
      "threw trapped",
      "threw toJSON",
      "threw text: a value of type object cannot be written as JSON",
    ]);
  });
});

describe("image", () => {
  it("takes data URLs, items and MCP blocks; the second argument wins over the item's detail", async () => {
    const { response } = await runScript(`
      image("data:image/png;base64,AA");
      image("DATA:image/png;base64,AB", "low");
      image({ image_url: "data:,a" });
      image({ image_url: "data:,b", detail: "auto" });
      image({ image_url: "data:,c", detail: "auto" }, "original");
      image({ type: "image", data: "QQ==", mimeType: "image/jpeg" });
      image({ type: "image", data: "QQ==", mimeType: "image/jpeg", _meta: { "example.com/imageDetail": "low" } });
      image({ type: "image", data: "QQ==", mimeType: "image/jpeg", _meta: { detail: "low" } }, "high");
      image({ type: "image", data: "QQ==", mimeType: "image/jpeg", _meta: { detail: "unheard of" } });
    `);
    expect(response.contentItems).toEqual(
      [
        ["data:image/png;base64,AA", "high"],
        ["DATA:image/png;base64,AB", "low"],
        ["data:,a", "high"],
        ["data:,b", "auto"],
        ["data:,c", "original"],
        ["data:image/jpeg;base64,QQ==", "high"],
        ["data:image/jpeg;base64,QQ==", "low"],
        ["data:image/jpeg;base64,QQ==", "high"],
        ["data:image/jpeg;base64,QQ==", "high"],
      ].map(([image_url, detail]) => ({ type: "input_image", image_url, detail })),
    );
  });

  it("throws for remote and empty URLs, other shapes and other details", async () => {
    expect(
      await outcomes(
        "image('https://example.com/a.png')",
        "image('HTTP://example.com/a.png')",
        "image('')",
        "image('file:///etc/passwd')",
        "image({ image_url: 'http://example.com' })",
        "image({ image_url: 7 })",
        "image({ type: 'image', data: '' , mimeType: 'image/png' })",
        "image({ type: 'image', data: 'QQ==' })",
        "image({ type: 'text', text: 'x' })",
        "image(null)",
        "image('data:,', 'huge')",
        "image({ image_url: 'data:,', detail: 3 })",
      ),
    ).toEqual([
      "threw image: remote URLs are not supported, pass a data: URL",
      "threw image: remote URLs are not supported, pass a data: URL",
      "threw image: the URL is empty",
      "threw image: expected a data: URL",
      "threw image: remote URLs are not supported, pass a data: URL",
      "threw image: the URL must be a string",
      "threw image: an image block needs its data as a base64 string",
      "threw image: an image block needs a mimeType",
      expect.stringMatching(/^threw image: expected a data: URL, \{image_url/),
      expect.stringMatching(/^threw image: expected a data: URL, \{image_url/),
      "threw image: detail must be one of auto, low, high, original",
      "threw image: detail must be one of auto, low, high, original",
    ]);
  });
});

describe("tools", () => {
  it("reject other kinds of input in the script, before the host is asked", async () => {
    const { texts, host } = await runScript(`
      const inputs = [1, "s", null, [], new Date(), () => 1, 1n, { toJSON: () => [] }];
      for (const input of inputs) await tools.echo(input).catch((error) => text(error.constructor.name));
      for (const input of [undefined, {}, 1]) await tools.shout(input).catch((error) => text(error.message));
      const cycle = {}; cycle.cycle = cycle;
      await tools.echo(cycle).catch((error) => text(error.message.split("\\n")[0]));
    `);
    expect(texts).toEqual([
      ...Array.from({ length: 8 }, () => "TypeError"),
      ...Array.from({ length: 3 }, () => "this tool takes a string"),
      "Converting circular structure to JSON",
    ]);
    expect(host.calls).toEqual([]);
  });

  it("cannot be replaced or added to", async () => {
    expect(await outcomes("{ tools.echo = 1 }", "{ tools.more = 1 }", "{ ALL_TOOLS.push(1) }")).toEqual([
      expect.stringContaining("threw Cannot assign to read only property"),
      expect.stringContaining("threw Cannot add property more"),
      expect.stringContaining("threw Cannot add property 5"),
    ]);
  });
});

describe("store, load and notify", () => {
  it("refuse what they cannot keep", async () => {
    expect(
      await outcomes(
        "store(1, 1)",
        "store('k', undefined)",
        "store('k', () => 1)",
        "load(Symbol.iterator)",
        "notify('')",
        "notify('  \\n')",
      ),
    ).toEqual([
      "threw store: the key must be a string",
      "threw store: a value of type undefined cannot be stored as JSON",
      "threw store: a value of type function cannot be stored as JSON",
      "threw load: the key must be a string",
      "threw notify: the text is empty",
      "threw notify: the text is empty",
    ]);
  });

  it("give a copy each time", async () => {
    const { texts } = await runScript(`
      const value = { list: [1] };
      store("k", value); value.list.push(2);
      load("k").list.push(3);
      text(load("k"));
    `);
    expect(texts).toEqual(['{"list":[1]}']);
  });
});

describe("timers", () => {
  it("fire in the order of their delays and can be cleared", async () => {
    const { texts } = await runScript(`
      const fired = [];
      await new Promise((resolve) => {
        setTimeout(resolve, 30);
        setTimeout((name) => fired.push(name), 10, "second");
        setTimeout(() => fired.push("first"));
        clearTimeout(setTimeout(() => fired.push("never"), 1));
        clearTimeout(undefined); clearTimeout(99); clearTimeout("x");
      });
      text(fired);
    `);
    expect(texts).toEqual(['["first","second"]']);
  });

  it("never fire early, however long the delay", async () => {
    const { texts } = await runScript(`
      let early = 0;
      for (const delay of [2 ** 31, 2 ** 40, Infinity, 1e300]) setTimeout(() => { early += 1 }, delay);
      await new Promise((resolve) => setTimeout(resolve, 20));
      text(early);
    `);
    expect(texts).toEqual(["0"]);
  });

  it("do not keep a cell alive", async () => {
    const { response } = await runScript("setTimeout(() => text('late'), 5); text('over')");
    expect(response).toEqual({
      type: "result",
      cellId: "1",
      contentItems: [{ type: "input_text", text: "over" }],
    });
  });

  it("fail the cell with what their callback throws", async () => {
    const { response } = await runScript(
      "text('before');\nsetTimeout(() => {\n  throw new TypeError('in timer');\n}, 0);\nawait new Promise(() => {});",
    );
    expect(response.errorText).toBe("TypeError: in timer\n    at exec_main.mjs:3:9");
    expect(response.contentItems).toEqual([{ type: "input_text", text: "before" }]);
  });
});

describe("exit", () => {
  it.each([
    ["at the top level", "text('a'); exit(); text('b')"],
    [
      "inside try",
      "text('a'); try { exit() } catch { text('caught') } finally { text('finally') } text('b')",
    ],
    ["before an endless loop", "text('a'); try { exit() } catch {} for (;;);"],
    ["after an await", "text('a'); await tools.echo({}); try { exit() } catch {} text('b')"],
    [
      "in a floating function",
      "text('a'); (async () => { await null; exit() })(); await new Promise(() => {})",
    ],
    ["in a timer", "text('a'); setTimeout(() => exit(), 0); await new Promise(() => {})"],
    ["in toJSON", "text('a'); try { text({ toJSON() { exit() } }) } catch {} text('b')"],
    [
      "in an image getter",
      "text('a'); try { image({ get image_url() { exit() } }) } catch {} image('data:,')",
    ],
    ["in a tool's input", "text('a'); tools.echo({ toJSON() { exit() } }); text('b')"],
  ])("ends the script successfully %s, and keeps the output so far", async (_, source) => {
    const { response, host } = await runScript(source);
    expect(response).toEqual({
      type: "result",
      cellId: "1",
      contentItems: [{ type: "input_text", text: "a" }],
    });
    expect(host.events.at(-2)).toMatchObject({ type: "cell_ended", status: "completed" });
  });

  it("leaves nothing that a script does afterwards with an effect", async () => {
    const { host, response } = await runScript(`
      try { exit() } catch {}
      const attempts = [
        () => text(1), () => image("data:,"), () => notify("n"), () => tools.echo({}), () => store("k", 1),
        () => setTimeout(() => {}, 0), () => yield_control(), () => exit(),
      ];
      for (const attempt of attempts) try { attempt() } catch {}
    `);
    expect(response.contentItems).toEqual([]);
    expect(host.events.map(({ type }) => type)).toEqual([
      "cell_started",
      "cell_ended",
      "cell_initial_response",
    ]);
  });
});
