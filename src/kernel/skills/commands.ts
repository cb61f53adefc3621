import { NanosError } from "../../std/error.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import type { Command as Named, SkillCommand } from "../../contracts/skill.ts";
import type { Facts } from "../world.ts";

/**
 * What skills bring as commands: `/NAME words` stands for a prompt of the skill's. The operator said
 * the name and the words; the prompt is the skill's, and counts for nothing the operator said.
 */

/** Every command of these skills, by the shortest name that means it alone. */
export function commandsOf(skills: readonly Bringing[]): readonly SkillCommand[] {
  return skills.flatMap(({ name: skill, commands = {} }) =>
    Object.entries(commands).map(([name, { description }]) => {
      const others = skills.filter((one) => one.name !== skill && hasCommand(one, name));
      if (others.length === 0) return { name, skill, description };
      const also = others.map((one) => one.name).join(", ");
      return {
        name: `${skill}:${name}`,
        skill,
        description,
        clash: `${also} has /${name} as well`,
      };
    }),
  );
}

interface Bringing {
  readonly name: string;
  readonly commands?: Readonly<Record<string, Named>>;
}

function hasCommand({ commands = {} }: Bringing, name: string): boolean {
  return Object.hasOwn(commands, name);
}

/** A request as it was meant: the prompt of a command, and what was typed. */
export interface Meant {
  readonly text: string;
  /** Set for a command alone. */
  readonly command?: { readonly skill: string; readonly name: string; readonly typed: string };
  /** Set for a prompt of a server, whose words are asked for when the run begins. */
  readonly prompt?: { readonly tool: string; readonly args: JsonObject };
}

/**
 * A typed request, with the prompt a command in it stands for.
 *
 * @throws NanosError `command.ambiguous` for a name that several skills have.
 */
export function meantBy(typed: string, { skills, tools }: Pick<Facts, "skills" | "tools">): Meant {
  const [, first, rest = ""] = TYPED.exec(typed) ?? [];
  if (first === undefined) return { text: typed };
  const [skill, own] = first.includes(":") ? first.split(":", 2) : [null, first];
  const name = own ?? "";
  const found = skills.filter(
    (one) => (skill === null || one.name === skill) && hasCommand(one, name),
  );
  const [only, other] = found;
  if (only === undefined) {
    const prompt = tools.find((one) => one.prompt !== undefined && one.prompt === first);
    if (!prompt) return { text: typed };
    const { name: tool, input } = prompt.manifest;
    return { text: typed, prompt: { tool, args: argsFrom(rest.trim(), input) } };
  }
  if (other !== undefined) {
    const names = found.map((one) => `/${one.name}:${name}`).join(" or ");
    throw new NanosError("command.ambiguous", `Several skills have /${name}.`, `Say ${names}.`);
  }
  const prompt = only.commands?.[name]?.prompt ?? "";
  return { text: filled(prompt, rest.trim()), command: { skill: only.name, name, typed } };
}

/** Words for the arguments in their order; the last takes all that is left. */
function argsFrom(words: string, input: Json): JsonObject {
  const properties = isObject(input) ? input["properties"] : null;
  const names = isObject(properties) ? Object.keys(properties) : [];
  const args: Record<string, string> = {};
  let left = words;
  for (const [n, name] of names.entries()) {
    if (left === "") break;
    const cut = n === names.length - 1 ? -1 : left.search(/\s/u);
    args[name] = cut < 0 ? left : left.slice(0, cut);
    left = cut < 0 ? "" : left.slice(cut).trim();
  }
  return args;
}

const TYPED = /^\/([\w-]+(?::[\w-]+)?)(?:\s+(.*))?$/su;

/** The words where the prompt wants them; after it where it names no place for them. */
function filled(prompt: string, words: string): string {
  if (prompt.includes("$ARGS")) return prompt.replaceAll("$ARGS", () => words);
  return words === "" ? prompt : `${prompt.trimEnd()}\n\n${words}`;
}
