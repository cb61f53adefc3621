import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ScriptInput } from "../../src/contracts/script.ts";
import type { Person } from "./nanos.ts";

/** Things an operator puts into the home's arrangement by hand. */

/** A skill of one tool, with its name in kebab case, that takes a text; `body` is what it runs, `scopes` what it declares. */
export function addTool(
  me: Person,
  name: string,
  body: string,
  scopes: readonly string[] = [],
): void {
  const skill = name.replaceAll("_", "-");
  const tools = join(me.userHome, ".nano-os", "skills", skill, "tools");
  mkdirSync(tools, { recursive: true });
  writeFileSync(
    join(tools, "..", "SKILL.md"),
    `---\nname: ${skill}\ndescription: By hand.\n---\nx\n`,
  );
  writeFileSync(
    join(tools, `${name}.ts`),
    `import { tool, z } from "nanos/tool";
import * as fs from "node:fs";
void fs;
export default tool({ name: "${name}", description: "By hand.", scopes: ${JSON.stringify(scopes)},
  input: z.object({ text: z.string().default("") }),
  run: async ({ text }, ctx) => { void text; void ctx; ${body} } });
`,
  );
}

/** The oracle, with these skills. */
export function addOracle(
  me: Person,
  skills: readonly string[],
  agents: readonly string[] = [],
): void {
  const lists = `skills: [${skills.join(", ")}]\nagents: [${agents.join(", ")}]`;
  const head = `---\nname: oracle\ndescription: By hand.\n${lists}\n---\n`;
  writeFileSync(join(me.userHome, ".nano-os", "agents", "oracle.md"), `${head}You help.\n`);
}

/** A model that answers from a list, and is in use from now on. */
export async function useScript(me: Person, turns: ScriptInput["turns"]): Promise<void> {
  const folder = join(me.userHome, ".nano-os", "models");
  mkdirSync(folder, { recursive: true });
  // JSON is YAML.
  writeFileSync(join(folder, "by-hand.yaml"), JSON.stringify({ turns }));
  await me.nanos("model", "add", "by-hand", "--adapter", "script", "--file", "models/by-hand.yaml");
  const used = await me.nanos("model", "use", "by-hand");
  if (used.code !== 0) throw new Error(used.err);
}
