/**
 * Prints the tree of `type-node.ts` as TypeScript that compiles.
 *
 * An object is on one line while it fits and nothing in it has a comment. Types that are used more than once get a name
 * and a declaration of their own, in the order in which they are met.
 */
import { comment, propertyKey } from "./literal-text.ts";
import { alternatives, type ObjectMember, type ReferenceTarget, type TypeNode } from "./type-node.ts";

export interface PrintOptions {
  /** Gives a type its name, which must not be taken anywhere in the same text. */
  readonly nameFor: (hint: string) => string;
  readonly comments: boolean;
  /** What the lines of the type, after its first, are indented by. */
  readonly indent: string;
}

export interface PrintedType {
  readonly type: string;
  /** `type Name = …;`, without indentation. */
  readonly declarations: readonly string[];
}

/** Longest object on one line, in UTF-16 units. */
const MAX_LINE_CHARACTERS = 100;

/** Longest comment of a property, in UTF-16 units; servers put whole manuals there. */
const MAX_COMMENT_CHARACTERS = 1_000;

/** The compiler refuses to multiply out an intersection with more than 100 000 alternatives; nobody reads 500. */
const MAX_ALTERNATIVES = 500;

const INDENT = "  ";

/** How tightly a text binds: what stands inside something tighter needs parentheses. */
type Binding = "union" | "intersection" | "whole";

interface Printed {
  readonly text: string;
  readonly binding: Binding;
}

interface Printing {
  readonly options: PrintOptions;
  readonly names: Map<ReferenceTarget, string>;
  /** Targets that have a name and are still to be declared: filled by `printReference`, emptied by `printType`. */
  readonly undeclared: ReferenceTarget[];
  readonly alternatives: Map<ReferenceTarget, number>;
}

export function printType(root: ReferenceTarget, options: PrintOptions): PrintedType {
  const printing: Printing = { options, names: new Map(), undeclared: [], alternatives: new Map() };
  const type = printReference(printing, root, options.indent).text;
  const declarations: string[] = [];
  for (let target = printing.undeclared.shift(); target !== undefined; target = printing.undeclared.shift()) {
    const name = printing.names.get(target) ?? "";
    declarations.push(`type ${name} = ${print(printing, target.node, "").text};`);
  }
  return { type, declarations };
}

function print(printing: Printing, node: TypeNode, indent: string): Printed {
  switch (node.kind) {
    case "text":
      return whole(node.text);
    case "array":
      return whole(`${within(print(printing, node.item, indent), "whole")}[]`);
    case "tuple":
      return printTuple(printing, node, indent);
    case "object":
      return printObject(printing, node, indent);
    case "union":
      return printUnion(printing, node.members, indent);
    case "intersection":
      return printIntersection(printing, node.members, indent);
    case "reference":
      return printReference(printing, node.target, indent);
  }
}

function whole(text: string): Printed {
  return { text, binding: "whole" };
}

function within(printed: Printed, binding: "intersection" | "whole"): string {
  const fits = printed.binding === "whole" || printed.binding === binding;
  return fits ? printed.text : `(${printed.text})`;
}

function printReference(printing: Printing, target: ReferenceTarget, indent: string): Printed {
  if (target.uses < 2) return print(printing, target.node, indent);
  let name = printing.names.get(target);
  if (name === undefined) {
    name = printing.options.nameFor(target.hint);
    printing.names.set(target, name);
    printing.undeclared.push(target);
  }
  return whole(name);
}

function printTuple(printing: Printing, node: TypeNode & { kind: "tuple" }, indent: string): Printed {
  const items = node.items.map(({ type, optional }) => {
    const printed = print(printing, type, indent);
    return optional ? `${within(printed, "whole")}?` : printed.text;
  });
  if (node.rest !== null) items.push(`...${within(print(printing, node.rest, indent), "whole")}[]`);
  return whole(`[${items.join(", ")}]`);
}

function printUnion(printing: Printing, members: readonly TypeNode[], indent: string): Printed {
  const distinct = new Map<string, Printed>();
  for (const member of members) {
    const printed = print(printing, member, indent);
    if (printed.text === "unknown") return printed;
    distinct.set(printed.text, printed);
  }
  return join(distinct, "union", " | ");
}

function printIntersection(printing: Printing, members: readonly TypeNode[], indent: string): Printed {
  const count = members.reduce((product, member) => product * alternatives(member, printing.alternatives), 1);
  if (count > MAX_ALTERNATIVES) return whole("unknown");
  const distinct = new Map<string, Printed>();
  for (const member of members) {
    const printed = print(printing, member, indent);
    if (printed.text !== "unknown") {
      distinct.set(printed.text, { ...printed, text: within(printed, "intersection") });
    }
  }
  if (distinct.size === 0) return whole("unknown");
  return join(distinct, "intersection", " & ");
}

function join(parts: ReadonlyMap<string, Printed>, binding: Binding, operator: string): Printed {
  const [first, ...others] = parts.values();
  if (first !== undefined && others.length === 0) return first;
  return { text: [...parts.values()].map((part) => part.text).join(operator), binding };
}

function printObject(printing: Printing, node: TypeNode & { kind: "object" }, indent: string): Printed {
  const inner = indent + INDENT;
  const lines = node.members.map((member) => printMember(printing, member, inner));
  if (node.index !== null) {
    lines.push({ comment: "", text: `[key: string]: ${print(printing, node.index, inner).text}` });
  }
  if (lines.length === 0) return whole("{}");
  const inline = `{ ${lines.map((line) => line.text).join("; ")} }`;
  const fits = inline.length <= MAX_LINE_CHARACTERS && !inline.includes("\n");
  if (fits && lines.every((line) => line.comment === "")) return whole(inline);
  const body = lines.map((line) => `${line.comment}${inner}${line.text};\n`).join("");
  return whole(`{\n${body}${indent}}`);
}

interface MemberLine {
  readonly comment: string;
  readonly text: string;
}

function printMember(printing: Printing, member: ObjectMember, indent: string): MemberLine {
  const { key, type, optional, description } = member;
  return {
    comment:
      printing.options.comments && description !== null
        ? comment(description, indent, MAX_COMMENT_CHARACTERS)
        : "",
    text: `${propertyKey(key)}${optional ? "?" : ""}: ${print(printing, type, indent).text}`,
  };
}
