import { describe, expect, it } from "vitest";
import { runScript } from "../session/run-script.ts";

const LANGUAGE = [
  "AggregateError",
  "Array",
  "ArrayBuffer",
  "AsyncDisposableStack",
  "BigInt",
  "BigInt64Array",
  "BigUint64Array",
  "Boolean",
  "DataView",
  "Date",
  "DisposableStack",
  "Error",
  "EvalError",
  "FinalizationRegistry",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "Function",
  "Infinity",
  "Int16Array",
  "Int32Array",
  "Int8Array",
  "Intl",
  "Iterator",
  "JSON",
  "Map",
  "Math",
  "NaN",
  "Number",
  "Object",
  "Promise",
  "Proxy",
  "RangeError",
  "ReferenceError",
  "Reflect",
  "RegExp",
  "Set",
  "String",
  "SuppressedError",
  "Symbol",
  "SyntaxError",
  "TypeError",
  "URIError",
  "Uint16Array",
  "Uint32Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "WeakMap",
  "WeakRef",
  "WeakSet",
  "decodeURI",
  "decodeURIComponent",
  "encodeURI",
  "encodeURIComponent",
  "escape",
  "eval",
  "globalThis",
  "isFinite",
  "isNaN",
  "parseFloat",
  "parseInt",
  "undefined",
  "unescape",
];
const HELPERS = [
  "ALL_TOOLS",
  "clearTimeout",
  "exit",
  "image",
  "load",
  "notify",
  "setTimeout",
  "store",
  "text",
  "tools",
  "yield_control",
];

describe("what a script sees", () => {
  it("is the language and the helpers, and nothing else", async () => {
    const { texts } = await runScript(`
      text(Reflect.ownKeys(globalThis).map(String).sort());
    `);
    expect(JSON.parse(texts[0] ?? "")).toEqual([...LANGUAGE, ...HELPERS].toSorted());
  });

  it("does not bring back what was taken away, by any way of making code", async () => {
    const { texts } = await runScript(`
      const names = ["console", "Atomics", "SharedArrayBuffer", "WebAssembly", "process", "require", "__rt"];
      const ways = [
        (name) => typeof globalThis[name],
        (name) => (0, eval)("typeof " + name),
        (name) => new Function("return typeof " + name)(),
        (name) => Object.getPrototypeOf(async () => {}).constructor("return typeof " + name)(),
        (name) => text.constructor("return typeof " + name)(),
      ];
      for (const way of ways) text(await Promise.all(names.map(way)));
    `);
    expect(new Set(texts.flatMap((line) => JSON.parse(line)))).toEqual(new Set(["undefined"]));
  });

  it("reaches no object of the host from any object it can reach", async () => {
    const { texts } = await runScript(`
      const seen = new Set();
      const suspicious = [];
      const visit = (value, path) => {
        if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
        seen.add(value);
        const tag = Object.prototype.toString.call(value);
        if (/Reference|ExternalCopy|Isolate|Context|Module|Callback/.test(tag)) suspicious.push(path + " " + tag);
        for (const key of ["applySync", "applyIgnored", "derefInto", "copySync"]) {
          if (key in value) suspicious.push(path + "." + key);
        }
        visit(Object.getPrototypeOf(value), path + ".__proto__");
        for (const key of Reflect.ownKeys(value)) {
          const descriptor = Object.getOwnPropertyDescriptor(value, key);
          for (const part of ["value", "get", "set"]) visit(descriptor[part], path + "." + String(key));
        }
      };
      visit(globalThis, "globalThis");
      Error.prepareStackTrace = (_, sites) => sites;
      Error.stackTraceLimit = 100;
      const spy = () => {
        for (const site of new Error().stack) {
          visit(site.getThis(), "this of " + site);
          visit(site.getFunction(), "function of " + site);
        }
        return {};
      };
      const trap = { toJSON: spy, get image_url() { spy(); return "data:,"; }, get detail() { spy(); } };
      text(trap); image(trap); store("k", trap); await tools.echo(trap);
      await new Promise((resolve) => setTimeout(() => { spy(); resolve(); }, 0));
      Object.prototype.then = function (resolve) { spy(); delete Object.prototype.then; resolve(this); };
      await tools.echo({});
      Promise.prototype.then = function () { spy(); };
      tools.echo({});
      text(seen.size > 500);
      text(suspicious);
    `);
    expect(texts.slice(-2)).toEqual(["true", "[]"]);
  });

  it("shows a script no stack of the host in the errors it catches", async () => {
    const { texts } = await runScript(`
      const attempts = [
        () => text({ toJSON() { throw new Error("mine") } }),
        () => image("http://example.com/a.png"),
        () => tools.fail({ text: "no" }),
        () => tools.echo(1),
        () => setTimeout(1),
        () => text(1n ** 1_000_000_000n),
        () => { const deep = () => deep(); deep(); },
      ];
      for (const attempt of attempts) {
        try { await attempt() } catch (error) { text(error.stack) }
      }
    `);
    expect(texts).toHaveLength(7);
    for (const stack of texts) expect(stack).not.toMatch(/\/|file:|node:|isolated-vm/);
  });

  it("has buffers that are the language's in everything but resizing", async () => {
    const { texts } = await runScript(`
      class Own extends ArrayBuffer {}
      const own = new Own(8);
      text([own.byteLength, own.resizable, own.slice(2).byteLength, own.slice(1) instanceof Own, own.constructor === Own]);
      text([new Uint8Array(4).buffer.constructor === ArrayBuffer, ArrayBuffer.isView(new DataView(own)), ArrayBuffer.length, ArrayBuffer.name]);
      for (const make of [
        () => new ArrayBuffer(1, { maxByteLength: 8 }), () => new Own(1, { maxByteLength: 8 }),
        () => new (new Uint8Array(1).buffer.constructor)(1, { maxByteLength: 8 }), () => ArrayBuffer(1),
      ]) {
        try { text(make().resizable) } catch (error) { text(error.name) }
      }
    `);
    expect(texts).toEqual([
      "[8,false,6,true,true]",
      '[true,true,1,"ArrayBuffer"]',
      "RangeError",
      "RangeError",
      "RangeError",
      "TypeError",
    ]);
  });

  it("lists the enabled tools, in their order", async () => {
    const { texts } = await runScript(
      "text(ALL_TOOLS); text(Object.keys(tools)); text(typeof tools.absent)",
      {
        enabledTools: [
          { name: "a-b", toolName: { name: "one" }, description: "first", kind: "function" },
          { name: "a.b", toolName: { name: "two", namespace: "n" }, description: "second", kind: "freeform" },
          { name: "__proto__", toolName: { name: "three" }, description: "third", kind: "function" },
        ],
      },
    );
    expect(texts.map((line, index) => (index < 2 ? JSON.parse(line) : line))).toEqual([
      [
        { name: "a_b", description: "first" },
        { name: "a_b_2", description: "second" },
        { name: "__proto__", description: "third" },
      ],
      ["a_b", "a_b_2", "__proto__"],
      "undefined",
    ]);
  });

  it("calls the tool that a name was made unique for", async () => {
    const { host } = await runScript("await tools.a_b({}); await tools.a_b_2('x'); await tools.__proto__()", {
      enabledTools: [
        { name: "a-b", toolName: { name: "one" }, description: "", kind: "function" },
        { name: "a.b", toolName: { name: "two", namespace: "n" }, description: "", kind: "freeform" },
        { name: "__proto__", toolName: { name: "three" }, description: "", kind: "function" },
      ],
    });
    expect(host.calls.map(({ toolName }) => toolName)).toEqual([
      { name: "one" },
      { name: "two", namespace: "n" },
      { name: "three" },
    ]);
  });
});
