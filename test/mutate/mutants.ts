/**
 * The mutants of a source file: each is the file with one small mistake, of the kinds that are made in code that reads headers and keeps
 * tables: another operator (of bits too), a number off by one, a condition that always or never holds, a statement left out.
 */
import { parseAst } from "rolldown/parseAst";

export interface Mutant {
  /** Path from the project's folder. */
  file: string;
  line: number;
  /** What stands there, and what the mutant has instead, each on one line. */
  from: string;
  to: string;
  /** The whole file. */
  text: string;
}

interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

const OPERATORS: Record<string, string> = {
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "&": "|",
  "|": "&",
  "^": "|",
  "<<": ">>>",
  ">>": "<<",
  ">>>": "<<",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
  "&&": "||",
  "||": "&&",
  "??": "&&",
  "+=": "-=",
  "-=": "+=",
  "|=": "&=",
  "&=": "|=",
  "++": "--",
  "--": "++",
};

/** By so much a constant is off: of an offset by which halves or words are read, one more is the same. */
const WORD = 4;

function isConstant({ type, id }: Node): boolean {
  return type === "VariableDeclarator" && /^[A-Z][A-Z0-9_]*$/.test(String((id as Node).name));
}

export function mutantsOf(file: string, source: string): Mutant[] {
  const found: Mutant[] = [];
  const add = (start: number, end: number, to: string): void => {
    found.push({
      file,
      line: source.slice(0, start).split("\n").length,
      from: flat(source.slice(start, end)),
      to: flat(to),
      text: source.slice(0, start) + to + source.slice(end),
    });
  };
  const text = (node: Node): string => source.slice(node.start, node.end);

  /** The operator between two operands, or beside one. */
  const operator = (node: Node, from: number, to: number): void => {
    const other = OPERATORS[node.operator as string];
    const at = source.indexOf(node.operator as string, from);
    if (other === undefined || at === -1 || at >= to) return;
    if (text(node).includes('"') && (node.operator === "+" || node.operator === "??")) return; // texts for people
    found.push({
      file,
      line: source.slice(0, at).split("\n").length,
      from: flat(text(node)),
      to: flat(source.slice(node.start, at) + other + source.slice(at + (node.operator as string).length, node.end)),
      text: source.slice(0, at) + other + source.slice(at + (node.operator as string).length),
    });
  };

  const visit = (node: Node, inConstant: boolean): void => {
    if (node.type.startsWith("TS") && !["TSNonNullExpression", "TSAsExpression", "TSSatisfiesExpression"].includes(node.type)) return;
    if (node.type === "ImportDeclaration") return;
    const left = node.left as Node | undefined;
    const right = node.right as Node | undefined;
    switch (node.type) {
      case "BinaryExpression":
      case "LogicalExpression":
      case "AssignmentExpression":
        operator(node, left!.end, right!.start);
        break;
      case "UpdateExpression":
        operator(node, node.start, node.end);
        break;
      case "UnaryExpression":
        if (["!", "-", "~"].includes(node.operator as string)) add(node.start, node.end, `(${text(node.argument as Node)})`);
        break;
      case "Literal":
        if (typeof node.value === "number") add(node.start, node.end, String(node.value + (inConstant ? WORD : 1)));
        else if (typeof node.value === "boolean") add(node.start, node.end, String(!node.value));
        break;
      case "IfStatement":
      case "ConditionalExpression": {
        const test = node.test as Node;
        for (const value of ["true", "false"]) add(test.start, test.end, value);
        break;
      }
      case "ExpressionStatement": {
        const expression = node.expression as Node;
        if (["CallExpression", "AssignmentExpression", "AwaitExpression"].includes(expression.type)) add(node.start, node.end, ";");
        break;
      }
      case "ContinueStatement":
      case "BreakStatement":
        add(node.start, node.end, ";");
    }
    for (const [name, child] of Object.entries(node)) {
      if (name === "key" && node.computed !== true) continue; // of a property: its name
      for (const each of Array.isArray(child) ? child : [child])
        if (typeof each === "object" && each !== null && typeof (each as Node).type === "string")
          visit(each as Node, inConstant || isConstant(node));
    }
  };
  visit(parseAst(source, { lang: "ts" }) as unknown as Node, false);
  return found.filter(({ from, to }) => from !== to);
}

function flat(text: string): string {
  return text.replace(/\s+/g, " ");
}
