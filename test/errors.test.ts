import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

it("docs/errors.md lists every error code of the source, and no other", () => {
  const source = fs
    .readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => fs.readFileSync(path.join(root, "src", file), "utf8"))
    .join("\n");
  const used = [...new Set(source.match(/"TSP_ERR_[A-Z_]+"/g))].map((word) => word.slice(1, -1)).sort();
  const listed = [...fs.readFileSync(path.join(root, "docs/errors.md"), "utf8").matchAll(/^\| (TSP_ERR_[A-Z_]+) +\|/gm)].map(
    (match) => match[1],
  );
  expect(listed).toEqual(used);
});
