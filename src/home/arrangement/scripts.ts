import type { SkillHead } from "../../contracts/skill.ts";
import { type TreeFile, utf8 } from "../files.ts";

/** The programs that run a script, by how its name ends. */
const PROGRAMS: Readonly<Record<string, string>> = {
  sh: "sh",
  bash: "bash",
  py: "python3",
  js: "node",
  mjs: "node",
  cjs: "node",
  ts: "bun",
  rb: "ruby",
  pl: "perl",
};

/**
 * What of a skill can be run, by path in it, with the program that runs each. Where the skill lists
 * the tools it wants, that is a request: it is granted nothing by it, and where it does not ask to
 * run programs it runs none.
 */
export function scriptsOf(
  head: SkillHead,
  files: readonly TreeFile[],
): Readonly<Record<string, string>> {
  const asked = toolsAsked(head);
  if (asked.length > 0 && !asked.some((tool) => /^Bash\b/u.test(tool))) return {};
  const found = files.flatMap((file) => {
    if (!file.path.startsWith("scripts/")) return [];
    const program = programOf(file);
    return program === null ? [] : [[file.path, program]];
  });
  return Object.fromEntries(found) as Record<string, string>;
}

/** The tools in its `allowed-tools`: `Bash(git:*) Read`, or a list. */
export function toolsAsked({ "allowed-tools": asked = "" }: SkillHead): readonly string[] {
  const text = typeof asked === "string" ? asked : asked.join(" ");
  return text.match(/[^\s,(]+(?:\([^)]*\))?/gu) ?? [];
}

/** The program a script is run by; null for a file that is none. */
function programOf({ path, content }: TreeFile): string | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const known = PROGRAMS[name.slice(name.lastIndexOf(".") + 1)];
  if (name.includes(".")) return known ?? null;
  const first = utf8(content.subarray(0, LINE))?.split("\n", 1)[0] ?? "";
  return (
    /^#!\s*(?:\/usr\/bin\/env\s+|\/(?:usr\/)?bin\/)([\w.-]{1,32})\s*$/u.exec(first)?.[1] ?? null
  );
}

/** Longest first line looked at, in bytes. */
const LINE = 256;
