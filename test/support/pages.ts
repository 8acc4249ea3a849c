/** The pages of docs/ that are made from tables of the source. */
import { toJsonSchema } from "@valibot/to-json-schema";
import { STATUS } from "../../src/api/error-body.js";
import { ROUTES, type Route } from "../../src/api/routes.js";
import { ERROR_CODES, type ErrorKind } from "../../src/error-codes.js";

const WIDTH = 100;

/** docs/errors.md */
export function errorsPage(): string {
  const sections = Object.entries(ERROR_CODES).map(([code, { kinds, meaning, todo }]) => {
    const sentence = `${meaning[0]?.toUpperCase()}${meaning.slice(1)}.`;
    return `### ${code}\n\n${wrap(sentence)}\n${wrap(todo)}\n\n_${[...kinds].map(kindText).join(", ")}_\n`;
  });
  return `# Errors

${wrap(
  "An error is one line on standard error: what failed, naming the word that was wrong, and what to do. The exit code is 2 when the command was used wrongly, and 1 when it failed.",
)}

${wrap(
  "The API answers with an HTTP status and a JSON object: `code`, `kind`, `message` and, mostly, `hint`. To Docker an error has the same text.",
)}

| kind | exit code | HTTP status |
| --- | ---: | ---: |
${Object.entries(STATUS)
  .map(([kind, status]) => `| ${kind} | ${kind === "invalid" ? 2 : 1} | ${status} |`)
  .join("\n")}

${wrap("This page is made from `src/error-codes.ts` by `npm run docs`.")}

## The codes

${sections.join("\n")}`;
}

function kindText(kind: ErrorKind): string {
  return `${kind} (${STATUS[kind]})`;
}

/** docs/api.md */
export function apiPage(): string {
  const sections = Object.values<Route>(ROUTES).map((route) => {
    const parts = (["query", "body", "answer"] as const).flatMap((part) => {
      const schema = route[part];
      return schema === undefined ? [] : [`${PART[part]} ${fieldsOf(toJsonSchema(schema) as JsonSchema)}`];
    });
    if (route.streams === true) parts.push("Answer: goes on until either side ends it.\n");
    return `## ${route.method} ${route.path}\n\n${wrap(route.summary)}\n\n${parts.join("\n")}`;
  });
  return `# The API

${wrap(
  "Each instance of tsproxy answers HTTP with JSON on a unix socket, `/run/tsproxy/PID.sock`. `tsproxy stats --json` and its like print what it answers. Errors have a status and a body as [errors.md](errors.md) says.",
)}

    curl --unix-socket /run/tsproxy/4711.sock http://tsproxy/v1/stats

${wrap("This page is made from `src/api/routes.ts` by `npm run docs`.")}

${sections.join("\n")}`;
}

const PART = { query: "Query:", body: "Body:", answer: "Answer:" };

interface JsonSchema {
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema | JsonSchema[];
  prefixItems?: JsonSchema[];
  enum?: string[];
}

/** The type in words, and its fields as a list. */
function fieldsOf(schema: JsonSchema, indent = ""): string {
  const items = Array.isArray(schema.items) ? undefined : schema.items;
  const object = schema.properties === undefined ? items : schema;
  const fields = Object.entries(object?.properties ?? {}).map(([name, field]) => {
    const optional = object?.required?.includes(name) ? "" : ", optional";
    const head = `${indent}- \`${name}\` (${typeOf(field)}${optional})${field.description === undefined ? "" : `: ${field.description}`}`;
    const nested = fieldsOf(field, `${indent}  `).split("\n").slice(2).join("\n");
    return `${wrap(head, `${indent}  `)}\n${nested}`;
  });
  return `${typeOf(schema)}\n\n${fields.join("")}`;
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(" or ");
  if (schema.type !== "array") return schema.type ?? "any";
  const items = schema.prefixItems ?? schema.items;
  return Array.isArray(items) ? `[${items.map(typeOf).join(", ")}]` : `array of ${items === undefined ? "any" : typeOf(items)}s`;
}

/** Lines of at most WIDTH columns; those after the first are indented. */
/** Prose in lines of at most 100 columns; `indent` before all but the first. */
export function wrap(text: string, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.trimEnd().split(/(?<=\S) +/)) {
    if (line !== "" && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
