/** Scripts that use memory without end, or more of the stack than there is. */
import { cve, type Denial, issue } from "../technique.ts";

const BILLION_LAUGHS = "https://cwe.mitre.org/data/definitions/770.html";
const RECURSION = "https://cwe.mitre.org/data/definitions/674.html";

const MEMORY = /memory limit/;

export const MEMORY_DENIALS: readonly Denial[] = [
  {
    name: "objects without end",
    tries: "the heap fills with small things",
    sources: [issue("laverdet/isolated-vm", 499)],
    script: "const all = []; for (;;) all.push({ n: all.length });",
    ends: MEMORY,
  },
  {
    name: "arrays in a loop that the optimiser unrolls",
    tries: "the loop that allocates loses its check for interruptions",
    sources: [issue("laverdet/isolated-vm", 198)],
    script: "const all = []; for (;;) all.push(new Array(1000).fill(1));",
    ends: MEMORY,
  },
  {
    name: "strings without end",
    tries: "long strings, joined and split",
    sources: [issue("justjake/quickjs-emscripten", 255)],
    script:
      "const all = []; for (;;) all.push(JSON.stringify([all.length]).repeat(1000).split('').join('-'));",
    ends: MEMORY,
  },
  {
    name: "symbols without end",
    tries: "the registry of symbols is the engine's, not the script's",
    sources: [BILLION_LAUGHS],
    script: "for (let n = 0; ; n += 1) Symbol.for('x'.repeat(1000) + n);",
    ends: MEMORY,
  },
  {
    name: "promises that double",
    tries: "each reaction makes two more",
    sources: [issue("patriksimek/vm2", 35)],
    script:
      "const spread = () => { Promise.resolve().then(spread); Promise.resolve().then(spread) }; spread(); await new Promise(() => {});",
    ends: MEMORY,
  },
  {
    name: "async recursion",
    tries: "each level leaves a promise and a frame on the heap",
    sources: [RECURSION],
    script: "const deeper = async () => { await null; await deeper() }; await deeper();",
    ends: MEMORY,
  },
  {
    name: "stored values without end",
    tries: "what is stored is kept for the session",
    sources: [BILLION_LAUGHS],
    script: "for (let n = 0; ; n += 1) store('key' + n, 'x'.repeat(100_000));",
    ends: MEMORY,
  },
  {
    name: "one huge buffer",
    tries: "asks for a gigabyte outside of the heap",
    sources: [issue("laverdet/isolated-vm", 527)],
    script: "new Uint8Array(2 ** 30);",
    ends: /RangeError: Array buffer allocation failed/,
  },
  {
    name: "many buffers",
    tries: "asks for memory outside of the heap until there is none",
    sources: [issue("laverdet/isolated-vm", 41), issue("laverdet/isolated-vm", 527)],
    script: "const all = []; for (;;) all.push(new Uint8Array(2 ** 20).fill(1));",
    ends: /RangeError: Array buffer allocation failed|memory limit/,
  },
  {
    name: "buffers that are resized",
    tries: "V8 commits their pages without asking the isolate's allocator",
    sources: ["https://github.com/tc39/proposal-resizablearraybuffer/pull/26"],
    script: `const all = [];
      for (;;) { const grown = new ArrayBuffer(0, { maxByteLength: 2 ** 28 }); grown.resize(2 ** 26); new Uint8Array(grown).fill(1); all.push(grown) }`,
    ends: /RangeError: Resizable buffers are not supported/,
  },
  {
    name: "buffers that are transferred to larger ones",
    tries: "grows a buffer past what it was made with",
    sources: ["https://github.com/tc39/proposal-resizablearraybuffer/pull/26"],
    script:
      "const all = []; for (;;) { const grown = new ArrayBuffer(1).transfer(2e7); new Uint8Array(grown).fill(1); all.push(grown) }",
    ends: /RangeError: Array buffer allocation failed|memory limit/,
  },
  {
    name: "one huge string",
    tries: "lengths that the engine refuses, by every method that multiplies",
    sources: [issue("sebastienros/jint", 2486), issue("googlearchive/caja", 1857)],
    script: `const multiply = [() => "x".repeat(2 ** 30), () => "x".padEnd(2 ** 30), () => new Array(2 ** 30).join("x"), () => "x".repeat(2 ** 28).concat("x".repeat(2 ** 29))];
      for (const attempt of multiply) try { attempt(); text("made") } catch (error) { text(error.name) }`,
    ends: null,
  },
  {
    name: "a huge array as a string",
    tries: "one concatenation of a billion elements",
    sources: [issue("justjake/quickjs-emscripten", 219)],
    script: "new Array(1e9) + '';",
    ends: /RangeError: Invalid string length/,
  },
  {
    name: "text that doubles",
    tries: "a small value of shared parts that is huge when it is written out",
    sources: [BILLION_LAUGHS],
    script: "let laughs = ['ha']; for (let n = 0; n < 22; n += 1) laughs = [laughs, laughs]; text(laughs);",
    ends: /memory limit|output limit|RangeError/,
    sparesLoop: true,
  },
  {
    name: "JSON that is very deep",
    tries: "parsing and writing that recurse run out of stack",
    sources: [RECURSION, cve("2025-59466")],
    script: `const deep = JSON.parse("[".repeat(50_000) + "]".repeat(50_000));
      for (const use of [() => text(deep), () => notify(deep), () => store("k", deep), () => tools.echo({ deep }), () => image(deep)]) {
        try { await use() } catch (error) { text(error.name) }
      }`,
    ends: null,
  },
  {
    name: "a value just shallow enough to be sent",
    tries: "the script can still write what the host can no longer read or answer with",
    sources: [RECURSION, cve("2025-59466")],
    script: `for (let depth = 1000; depth < 100_000; depth *= 1.3) {
        let value = {};
        for (let n = 0; n < depth; n += 1) value = { value };
        try { await tools.echo(value) } catch (error) { text(error.message); break }
      }
      text("alive");`,
    ends: null,
  },
  {
    name: "a toJSON that goes on and on",
    tries: "writing a value makes another value to write",
    sources: [RECURSION],
    script: "const endless = { toJSON() { return { endless } } }; text(endless);",
    ends: /RangeError: Maximum call stack size exceeded/,
  },
  {
    name: "a chain of proxies",
    tries: "one lookup recurses inside of the engine",
    sources: [RECURSION],
    script:
      "let chain = {}; for (let n = 0; n < 100_000; n += 1) chain = new Proxy(chain, {}); try { chain.x } catch (error) { text(error.name) }",
    ends: null,
  },
  {
    name: "very many arguments",
    tries: "each argument takes a place on the stack",
    sources: [RECURSION],
    script: "try { Math.max(...new Uint8Array(3e6)) } catch (error) { text(error.name) }",
    ends: null,
  },
  {
    name: "an error with a huge stack and message",
    tries: "the host formats, keeps and sends it",
    sources: [BILLION_LAUGHS],
    script:
      "Error.stackTraceLimit = Infinity; const dig = (n) => { if (n === 0) throw new Error('x'.repeat(5e6)); dig(n - 1) }; dig(5000);",
    ends: /^Error: xxxx/,
  },
  {
    name: "growing a map without end",
    tries: "the table doubles in one step, and V8 gives up on the isolate where it does not fit",
    sources: [issue("laverdet/isolated-vm", 499)],
    script: "const map = new Map(); for (let n = 0; ; n += 1) map.set(n, n);",
    ends: null,
    onlyBehindBoundary: true,
  },
  {
    name: "an object with very many keys",
    tries: "as above, with a dictionary",
    sources: [issue("laverdet/isolated-vm", 457)],
    script: "const object = {}; for (let n = 0; ; n += 1) object['a' + n] = 'x' + n;",
    ends: null,
    onlyBehindBoundary: true,
  },
  {
    name: "an array that V8 calls invalid",
    tries: "a size past V8's own bound is a fatal error of the process",
    sources: [issue("nodejs/node", 48546), issue("laverdet/isolated-vm", 107)],
    script: "'.'.repeat(5e8).split('');",
    ends: null,
    onlyBehindBoundary: true,
  },
  {
    name: "an array-like of a billion",
    tries: "filled element by element inside of one call",
    sources: [issue("nodejs/node", 60710)],
    script: "Array.from({ length: 1e9 });",
    ends: null,
    onlyBehindBoundary: true,
  },
  {
    name: "formatters without end",
    tries: "the data behind Intl is not on the heap, and no limit of the isolate counts it",
    sources: [issue("denoland/rusty_v8", 682), issue("nodejs/node", 31914)],
    script:
      "const all = []; for (;;) all.push(new Intl.DateTimeFormat('ar-EG'), new Intl.NumberFormat('de'), new Intl.Collator('ja'));",
    limits: { heapBytes: 16 * 1024 * 1024 },
    ends: null,
    onlyBehindBoundary: true,
  },
];
