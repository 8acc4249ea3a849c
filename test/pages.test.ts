/** `npm run docs` writes these pages anew. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { ERROR_CODES } from "../src/error-codes.js";
import { summary } from "./scorecard/all.js";
import { scorecardPage } from "./scorecard/page.js";
import { apiPage, errorsPage } from "./support/pages.js";

const root = fileURLToPath(new URL("..", import.meta.url));

it.each([
  ["docs/errors.md", errorsPage],
  ["docs/api.md", apiPage],
  ["docs/scorecard.md", scorecardPage],
])("%s is what `npm run docs` makes of the source", async (file, make) => {
  await expect(make()).toMatchFileSnapshot(path.join(root, file));
});

it("the README says how many requirements of the RFCs are met", () => {
  const readme = fs.readFileSync(path.join(root, "README.md"), "utf8").replaceAll("\n", " ");
  expect(/RFC 4787 \d.*? of \d+(?=\.)/.exec(readme)?.[0]).toBe(summary());
});

it.each(["ufw.rules", "firewalld.nft"])("docs/docker.md shows the command that test/fixtures/firewall/%s comes from", (file) => {
  const made = fs.readFileSync(path.join(root, "test/fixtures/firewall", file), "utf8");
  const command = /^# +(?:ufw enable; )?((?:ufw|firewall-cmd) .*)$/m.exec(made)?.[1];
  expect(fs.readFileSync(path.join(root, "docs/docker.md"), "utf8")).toContain(`\n# ${command}\n`);
});

it("every error code of the table is thrown somewhere", () => {
  const source = fs
    .readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "error-codes.ts")
    .map((file) => fs.readFileSync(path.join(root, "src", file), "utf8"))
    .join("\n");
  expect(Object.keys(ERROR_CODES).filter((code) => !source.includes(`"${code}"`))).toEqual([]);
});

it("the table of error codes is in order", () => {
  expect(Object.keys(ERROR_CODES)).toEqual(Object.keys(ERROR_CODES).sort());
});
