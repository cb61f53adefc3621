import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inTempFolder, ROOT } from "../scripts/machine.ts";
import { MENU } from "../src/cli/commands.ts";
import { about, explain } from "../src/cli/grammar.ts";
import { check } from "../src/nanos.ts";

/** What the pages written by hand say is held against what is there. */

const PAGES = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "AGENTS.md"],
  ...["docs", "deploy"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => `${folder}/${name}`),
  ),
];
const text = (page: string): string => readFileSync(join(ROOT, page), "utf8");

/** Command lines of a page: those that stand alone, without what is beside them or behind a pipe, and those in a sentence. */
function commandsIn(page: string): readonly string[] {
  const alone = Array.from(
    text(page).matchAll(/^(?: {4}|# {5})(nanos [^\n]*)$/gmu),
    ([, line = ""]) => line.split(/ {2,}/u, 1)[0] ?? "",
  );
  const said = Array.from(text(page).matchAll(/`(nanos [^`]+)`/gu), ([, line = ""]) => line);
  return [...alone, ...said].map((line) =>
    (line.split(/ [|<>] /u, 1)[0] ?? "").replaceAll(/\s+/gu, " ").trim(),
  );
}

/** A line as words; what stands for a word (`…`, `[...]`) is left out. */
function wordsOf(line: string): readonly string[] {
  const [, ...words] = line.match(/"[^"]*"|'[^']*'|\S+/gu) ?? [];
  return words
    .map((word) => word.replaceAll(/^["']|["']$/gu, ""))
    .filter((word) => !/^(?:…|\.\.\.|\[.*\]|\\)$/u.test(word));
}

test("every command line of a page is one nanos takes", async () => {
  const refused: string[] = [];
  for (const page of PAGES) {
    for (const line of commandsIn(page)) {
      const words = wordsOf(line);
      const read = await explain(words, MENU, { about, version: "0" });
      // In a sentence a command may be named without what it is done to.
      const isNamed = read.kind === "say" && /missing required argument/u.test(read.err);
      if (read.kind === "say" && read.code !== 0 && !isNamed) {
        refused.push(`${page}: ${line}: ${read.err.split("\n", 1)[0] ?? ""}`);
      }
    }
  }
  expect(refused).toEqual([]);
});

test("every page a page names is there", () => {
  const missing: string[] = [];
  for (const page of PAGES.filter((name) => name.endsWith(".md"))) {
    for (const [, target = ""] of text(page).matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/gu)) {
      if (!existsSync(join(ROOT, dirname(page), target))) missing.push(`${page}: ${target}`);
    }
  }
  expect(missing).toEqual([]);
});

test("every page is named where pages are looked for", () => {
  const index = text("docs/README.md");
  const pages = PAGES.filter((page) => page.startsWith("docs/") && page.endsWith(".md"));
  expect(
    pages.filter((page) => !/README/u.test(page) && !index.includes(`(${page.slice(5)})`)),
  ).toEqual([]);
});

test("every example that names its file holds as that file", () =>
  inTempFolder("docs", async (folder) => {
    const examples = PAGES.flatMap((page) =>
      Array.from(text(page).matchAll(/^```yaml\n# (\S+\.yaml)\n([\s\S]*?)^```/gmu)).map(
        ([, file = "", body = ""]) => ({ page, file, body }),
      ),
    );
    expect(examples.map(({ file }) => file)).toEqual(
      expect.arrayContaining(["rules.yaml", "routes.yaml", "cases.yaml"]),
    );
    for (const [i, { page, file, body }] of examples.entries()) {
      const path = join(folder, String(i), file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, body);
      const report = await check(path);
      expect({ page, file, problems: report.problems }).toEqual({ page, file, problems: [] });
    }
  }));

test("whatever somebody looks for in the documents has its page, its place there, and a way to it", () => {
  const wanted: readonly (readonly [about: string, page: string, heading: string])[] = [
    ["how it is meant to be run", "CONTRIBUTING.md", "## Five principles"],
    ["architecture", "ARCHITECTURE.md", "## The life of an action"],
    ["threat model", "docs/threat-model.md", "## Promises"],
    ["routing and tools", "docs/rules-and-routes.md", "## Routes"],
    ["readiness, and what to do for it", "docs/deployment.md", "## Before anybody depends on it"],
    ["deployment", "docs/deployment.md", "## In a container"],
    ["who decides about security", "SECURITY.md", "## Who decides"],
    ["a release for others", "docs/deployment.md", "## A release"],
    ["a page for who has one minute", "README.md", "## One minute"],
    ["safe calculator", "docs/safe-calculator.md", "# "],
    ["how to contribute", "CONTRIBUTING.md", "## Three kinds of change"],
    ["what to do when something fails", "docs/reference/errors.md", "# Troubleshooting"],
  ];
  const index = text("docs/README.md");
  for (const [about, page, heading] of wanted) {
    const lines = text(page).split("\n");
    const from = lines.findIndex((line) => line.startsWith(heading));
    const to = lines.findIndex((line, at) => at > from && line.startsWith("## "));
    const says = lines.slice(from + 1, to === -1 ? undefined : to).join("");
    const link = page.startsWith("docs/") ? page.slice(5) : `../${page}`;
    expect({ about, isThere: from >= 0, says: says.length > 80 }).toEqual({
      ...{ about, isThere: true, says: true },
    });
    expect({ about, isLinked: index.includes(`(${link}`) }).toEqual({ about, isLinked: true });
  }
  for (const folder of ["../starters", "journeys"]) expect(index).toContain(`(${folder})`);
});
