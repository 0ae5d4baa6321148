/**
 * What every escape script has at hand: `climb(value)` tries to get from a value to the host's `process`, `breach(what)` says
 * that something was reached, and `keepForeign(caught, error)` keeps the errors that another realm made, and a few others. Whoever
 * gets to `process` leaves as many traces as can be left, for the oracle to find.
 */

/** Begins the lines that say so. Put together in the script, so that its source does not contain it. */
export const BREACH = "sandbox-breach:";
/** The property that a breach leaves on `Object.prototype`. */
export const TAINT = "sandboxBreached";
/** The environment variables of the process under attack. */
export const SECRET_VARIABLE = "SANDBOX_SECRET";
export const MARKER_VARIABLE = "SANDBOX_MARKER";

const KIT = `
const breach = ((say) => (what) => { say(["sandbox", "breach:"].join("-") + " " + what); })(text);
const plunder = (process, make) => {
  breach("process");
  const { ${SECRET_VARIABLE}: secret, ${MARKER_VARIABLE}: marker } = process.env;
  breach("environment " + secret);
  process.getBuiltinModule("node:fs").writeFileSync(marker, "breached");
  make("Object.prototype.${TAINT} = true")();
};
const climb = ((plundered) => (value) => {
  for (let object = value, steps = 0; object !== null && object !== undefined && steps < 8; steps += 1) {
    for (const make of [object, object.constructor, object.constructor?.constructor]) {
      if (typeof make !== "function" || make === exit || plundered.length > 0) continue;
      try {
        const process = make("return process")();
        const found = typeof process?.then === "function" ? null : process;
        if (typeof found?.pid === "number") { plundered.push(found); plunder(found, make); }
        else if (found === null) process.then((late) => { if (late?.pid) plunder(late, Function); }, () => {});
      } catch {}
    }
    object = Object.getPrototypeOf(Object(object));
  }
})([]);
const keepForeign = ((own) => (caught, error) => {
  if (caught.length < 20 || (!own.includes(error?.constructor) && caught.length < 200)) caught.push(error);
})([RangeError, TypeError, Error]);
`;

/** The kit takes one line, so that lines in errors are one more than those of the script. */
export function withKit(script: string): string {
  return `${KIT.replaceAll("\n", " ")}\n${script}`;
}
