import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../machine.ts";
import { mask } from "../tidy/mask.ts";
import { readHouse, type Source } from "../tidy/house.ts";
import { codesOf } from "./codes.ts";

/** What is told of codes, from every way in which one is raised; and that the page has all of them. */

function source(text: string, path = "src/a/b.ts"): Source {
  return { ...mask(text), path, text, lines: 1, test: false, imports: [] };
}

function check(text: string, codes: readonly string[], faults: readonly string[] = []): void {
  const found = codesOf([source(text)], new Set(["run.started"]));
  expect(found.codes.map(({ code, says, next }) => `${code}: ${says} -> ${next}`)).toEqual([
    ...codes,
  ]);
  expect(found.faults).toEqual([...faults]);
}

test("a code is read where it is raised, whichever way it is", () => {
  check(`throw new NanosError("a.b", \`It \${x} is.\`, "Do it.");`, ["a.b: It … is. -> Do it."]);
  check(`const f = { code: "a.b", message: "It is.", next: "Do " + "it." };`, [
    "a.b: It is. -> Do it.",
  ]);
  check(`const f = { "a.b": text("It is {host}.", "Do it.") };`, ["a.b: It is …. -> Do it."]);
  check(`agree(ask, ["a.b", "It is.", "Do it."]);`, ["a.b: It is. -> Do it."]);
  check(
    `function no(code: string, says: string) { return new NanosError(\`a.\${code}\`, says, "Do it."); }
     no("b", "It is."); no("c", "It was.");`,
    ["a.b: It is. -> Do it.", "a.c: It was. -> Do it."],
  );
  check(
    `const code = big ? "a.b" : "a.c"; const says = big ? "It is big." : "It is not.";
     throw new NanosError(code, says, "Do it.");`,
    ["a.b: It is big. -> Do it.", "a.c: It is not. -> Do it."],
  );
  // A name means what it does in its own block.
  check(
    `function one() { const says = "It is one."; throw new NanosError("a.b", says, "Do it."); }
     function two() { const says = "It is two."; throw new NanosError("a.c", says, "Do it."); }`,
    ["a.b: It is one. -> Do it.", "a.c: It is two. -> Do it."],
  );
});

test("what is said of a code stands beside it where it is put together, and nowhere else", () => {
  check(`// a.b -> Do it.\nconst f = { code: "a.b", message: "It is." };`, [
    "a.b: It is. -> Do it.",
  ]);
  check(`// a.b: It is. -> Do it.\nfail("a.b", said);`, ["a.b: It is. -> Do it."]);
  const twice = `say("b", "It is."); say("c", "It was.");`;
  check(
    `// a.* -> Do it.\nfunction say(code: string, message: string) { return { code: \`a.\${code}\`, message }; }\n${twice}`,
    ["a.b: It is. -> Do it.", "a.c: It was. -> Do it."],
  );
  check(
    `const f = { code: "a.b", message: "It is." };`,
    ["a.b: It is. -> "],
    ["a.b (a) does not say what to do"],
  );
  check(`fail("a.b", said);`, ["a.b:  -> "], ["a.b (a) does not say what happened and what to do"]);
  check(`// a.b: It is. -> Do it.`, [], ["src/a/b.ts tells of a.b and does not raise it"]);
  check(`append("run.started", "It is."); read("rules.yaml", "x y");`, []);
});

test("every code that stands in the code is on the page, and every one on the page in the code", () => {
  const page = readFileSync(join(ROOT, "docs/reference/errors.md"), "utf8");
  const rows = Array.from(page.matchAll(/^\| `([^`]+)` \| (.+?) \| (.+?) \| \S.* \|$/gmu));
  expect(rows.length).toBe((page.match(/^\| `/gmu) ?? []).length);
  const told = new Set(rows.map(([, code = ""]) => code));
  const sources = readHouse(ROOT).sources.filter(
    ({ path, test: isTest }) => path.startsWith("src/") && !isTest && !path.includes("/testing/"),
  );
  const text = sources.map((one) => one.text).join("\n");
  // Looked for without the syntax, so that what reads the syntax is held against something else.
  const raised = Array.from(
    text.matchAll(/(?:new NanosError\(\s*|\bcode: )"([a-z][a-z_]*\.[a-z][a-z_]*)"/gu),
    ([, code = ""]) => code,
  );
  expect(raised.filter((code) => !told.has(code))).toEqual([]);
  const words = new Set(text.match(/[a-z][a-z_]*(?:\.[a-z_]+)?/gu));
  const gone = [...told].filter((code) => {
    const [family = "", name = ""] = code.split(".");
    return !words.has(code) && !(text.includes(`\`${family}.$`) && text.includes(`"${name}"`));
  });
  expect(gone).toEqual([]);
});
