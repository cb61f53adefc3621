import { homedir, hostname } from "node:os";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lintSource } from "@secretlint/core";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import { run } from "../machine.ts";

/**
 * What is given away is what git keeps, so that is what is looked at: whoever follows the README
 * and has a home, keys and traces lying about afterwards has given nothing of it away.
 */

/** Paths git must ignore, as a person's own things lie there. */
const OWN = [".env", ".nano-os/journal.db", "dist/nanos", "node_modules/x/y.js", "x.log"];
/** State of a home, wherever it lies; frozen journals of released formats are what tests read. */
const STATE = /(?:^|\/)(?:\.env|\.nano-os\/.*|[^/]*\.(?:db|db-wal|sqlite3?|pem|key))$/u;
const FROZEN = /^src\/(?:journal|missions)\/fixtures\/v?\d+(?:\.\d+)*\/journal\.db$/u;
/** Where a made-up secret may stand: what finds secrets must be shown some. */
const MADE_UP = /(?:\.test\.ts|\.fixtures\.ts|\/testing\/[^/]+\.ts)$/u;

/** Homes that our own examples name. */
const EXAMPLES = ["/home/ada", "/home/me"];

/** @returns one sentence for each thing that must not be given away; none when there is none. */
export async function boundary(
  root: string,
  own = ownNames(homedir(), hostname()),
): Promise<readonly string[]> {
  const files = (await git(root, "ls-files", "-z")).split("\0").filter(Boolean);
  const state = files.filter((file) => STATE.test(file) && !FROZEN.test(file));
  const ignored = await git(root, "check-ignore", "--no-index", ...OWN);
  const open = OWN.filter((path) => !ignored.split("\n").includes(path));
  return [
    ...state.map((file) => `${file}: state of a home, not of the project`),
    ...open.map((path) => `.gitignore: git would keep ${path}`),
    ...files.flatMap((file) => placesIn(root, file, own)),
  ];
}

/** @returns one line for each text that looks like a secret, without the text itself. */
export async function secrets(root: string): Promise<readonly string[]> {
  const files = (await git(root, "ls-files", "-z")).split("\0").filter(Boolean);
  const found: string[] = [];
  for (const file of files.filter((one) => !MADE_UP.test(one))) {
    const bytes = readFileSync(join(root, file));
    if (bytes.includes(0)) continue;
    const source = { content: bytes.toString("utf8"), filePath: file, ext: "" } as const;
    const { messages } = await lintSource({
      source: { ...source, contentType: "text" },
      options: { config: CONFIG, noPhysicFilePath: true },
    });
    found.push(...messages.map((one) => `${file}:${one.loc.start.line}: ${one.messageId}`));
  }
  return found;
}

const CONFIG = {
  rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", rule: creator }],
};

/** Files that name this machine: its host in full, or the home of who works on it. */
function placesIn(root: string, file: string, own: readonly string[]): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return own.filter((name) => text.includes(name)).map((name) => `${file}: names ${name}`);
}

/** Of a person's home and host the ones that say who they are: `/root` and `box` do not. */
export function ownNames(home: string, host: string): readonly string[] {
  return [
    ...(/^\/(?:home|Users)\/./u.test(home) && !EXAMPLES.includes(home) ? [home] : []),
    ...(host.includes(".") ? [host] : []),
  ];
}

async function git(root: string, ...args: string[]): Promise<string> {
  const ran = await run(["git", ...args], { cwd: root });
  if (ran.code > 1) throw new Error(`git ${args[0] ?? ""} failed: ${ran.text}`);
  return ran.stdout;
}
