import { join } from "node:path";
import type { Project, ProjectKind, Use } from "../../contracts/project.ts";
import { readPlain } from "../../home/files.ts";
import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { agentOf } from "../frame.ts";
import { unknownAgent } from "../start.ts";
import type { World } from "../world.ts";
import { folderFor } from "./ground.ts";

/**
 * What a folder's code is built and tested with, told from its files alone: the same files, the same
 * answer, and nothing of them is run. No word of theirs becomes part of a command: only names from
 * this table do.
 */

type Found = Project["found"][number];

interface Kind {
  readonly kind: ProjectKind;
  /** The first that is there counts. */
  readonly files: readonly string[];
  readonly commands: Readonly<Record<Use, readonly string[]>>;
  /** What a name in the file runs, null where it is not there; absent where the commands are the tool's own. */
  readonly script?: (text: string, name: string) => string | null;
}

const KINDS: readonly Kind[] = [
  {
    kind: "cargo",
    files: ["Cargo.toml"],
    commands: {
      build: ["cargo", "build"],
      test: ["cargo", "test"],
      lint: ["cargo", "clippy"],
      format: ["cargo", "fmt"],
    },
  },
  {
    kind: "go",
    files: ["go.mod"],
    commands: {
      build: ["go", "build", "./..."],
      test: ["go", "test", "./..."],
      lint: ["go", "vet", "./..."],
      format: ["go", "fmt", "./..."],
    },
  },
  {
    kind: "python",
    files: ["pyproject.toml", "setup.py"],
    commands: {
      build: ["python3", "-m", "build"],
      test: ["python3", "-m", "pytest"],
      lint: ["python3", "-m", "ruff", "check", "."],
      format: ["python3", "-m", "ruff", "format", "."],
    },
  },
  {
    kind: "npm",
    files: ["package.json"],
    commands: {
      build: ["npm", "run", "build"],
      test: ["npm", "run", "test"],
      lint: ["npm", "run", "lint"],
      format: ["npm", "run", "format"],
    },
    script: npmScript,
  },
  {
    kind: "make",
    files: ["GNUmakefile", "makefile", "Makefile"],
    commands: {
      build: ["make", "build"],
      test: ["make", "test"],
      lint: ["make", "lint"],
      format: ["make", "format"],
    },
    script: makeRule,
  },
];

/** What sends something out or destroys it, also as part of a word: one refused too many does no harm. */
const REFUSED =
  /publish|deploy|push|drop|delete|destroy|\brm\s+(?:-\S+\s+){0,9}-(?:\w*[rf]|-recursive|-force)/iu;

/**
 * The project in a folder of the workspace that this agent may read.
 *
 * @throws NanosError `agent.unknown`, `tree.outside`, `home.too_large`, `home.unreadable`.
 */
export async function projectFor(world: World, name: string, path: string): Promise<Project> {
  const facts = await world.facts();
  const agent = agentOf(facts, name);
  if (!agent) throw unknownAgent(name, facts);
  const folder = folderFor(facts, agent.manifest, path);
  const read = (file: string): string | null =>
    readPlain(join(folder, file), LIMITS.manifestBytes)?.toString("utf8") ?? null;
  return { folder, found: foundIn(read) };
}

/** By what its files hold; null for one that is not there. */
export function foundIn(read: (file: string) => string | null): readonly Found[] {
  return KINDS.flatMap((kind) => {
    for (const file of kind.files) {
      const text = read(file);
      if (text !== null) return [{ kind: kind.kind, file, ...commandsOf(kind, text) }];
    }
    return [];
  });
}

function commandsOf({ commands, script }: Kind, text: string): Pick<Found, "commands" | "refused"> {
  const proposed: Found["commands"][number][] = [];
  const refused: Found["refused"][number][] = [];
  for (const use of USES) {
    const argv = commands[use];
    const runs = script ? script(text, use) : "";
    if (runs === null) continue;
    const word = REFUSED.exec(`${argv.join(" ")}\n${runs}`)?.[0];
    if (word === undefined) proposed.push({ use, argv });
    else refused.push({ use, word });
  }
  return { commands: proposed, refused };
}

const USES: readonly Use[] = ["build", "test", "lint", "format"];

/** A script with those npm runs before and after it. */
function npmScript(text: string, name: string): string | null {
  const scripts = scriptsIn(text);
  const bodyOf = (one: string): string | null => {
    const body = Object.hasOwn(scripts, one) ? scripts[one] : null;
    return typeof body === "string" ? body : null;
  };
  if (bodyOf(name) === null) return null;
  return [`pre${name}`, name, `post${name}`].map(bodyOf).join("\n");
}

function scriptsIn(text: string): Readonly<Record<string, Json>> {
  try {
    const file = JSON.parse(text) as Json;
    return isObject(file) && isObject(file["scripts"]) ? file["scripts"] : {};
  } catch {
    return {};
  }
}

/** The rules of a target: what each needs, and its recipe. */
function makeRule(text: string, name: string): string | null {
  const rules: string[] = [];
  let isIn = false;
  for (const line of text.replaceAll(/\\\r?\n/gu, " ").split("\n")) {
    const isRecipe = /^\t|^\s*(?:#|$)/u.test(line);
    if (!isRecipe) isIn = TARGETS.exec(line)?.[1]?.trim().split(/\s+/u).includes(name) ?? false;
    if (isIn) rules.push(line);
  }
  return rules.length === 0 ? null : rules.join("\n");
}

/** The start of a rule, which no setting of a variable is. */
const TARGETS = /^([^\s:=#][^:=#]*):(?!:{0,2}=)/u;
