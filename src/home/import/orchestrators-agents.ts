import { plainText } from "../../std/text.ts";
import type { TreeFile } from "../files.ts";
import type { Converted, Converter, Foreign, Left } from "./converter.ts";
import { type Fields, fieldsIn, lineFrom, nameFrom, textOf } from "./members.ts";

/**
 * Agent files of ORCHESTRATORS_V2: a name, a description, a prompt, tools by name and notes on it. Here
 * that is an agent with that prompt. Tools have other names here and are granted by the operator, so
 * none is taken over; a file without a name or a prompt is passed over, as it is there.
 */
export const orchestratorsAgents: Converter = {
  name: "orchestrators-agents",
  about: "agent files of ORCHESTRATORS_V2: name, description, system_prompt, tools",
  knows: ({ files }) => files.some(isAgent),
  convert,
};

function isAgent(file: TreeFile): boolean {
  return (
    /\.(?:json|ya?ml)$/u.test(file.path) &&
    /(?:^|[{,])[ \t]{0,8}["']?system_prompt["']?[ \t]{0,8}:/mu.test(textOf(file))
  );
}

async function convert({ files }: Foreign): Promise<Converted> {
  const out = new Map<string, string>();
  const left: Left[] = [];
  for (const file of files) {
    const fields = await fieldsIn(textOf(file));
    const name = nameFrom(fields["name"]);
    const prompt = promptOf(fields);
    const path = `agents/${name}.md`;
    if (name === "" || prompt === "") {
      left.push({ what: file.path, why: "it names no agent, or has no prompt" });
    } else if (out.has(path)) {
      left.push({ what: file.path, why: `another file names an agent ${name} already` });
    } else {
      out.set(path, await agentText(name, prompt, fields));
      left.push(...leftOf(name, fields));
    }
  }
  return { files: out, left };
}

function promptOf({ system_prompt: prompt }: Fields): string {
  return typeof prompt === "string" ? plainText(prompt).trim() : "";
}

async function agentText(name: string, prompt: string, fields: Fields): Promise<string> {
  const { stringify } = await import("yaml");
  const description = lineFrom(fields["description"], `The agent ${name}.`);
  return `---\n${stringify({ name, description })}---\n\n${prompt}\n`;
}

const TAKEN = new Set(["name", "description", "system_prompt"]);

function leftOf(name: string, fields: Fields): readonly Left[] {
  return Object.entries(fields).flatMap(([field, value]): readonly Left[] => {
    const isEmpty = Array.isArray(value) && value.length === 0;
    if (TAKEN.has(field) || isEmpty) return [];
    if (field !== "tools") {
      return [{ what: `${name}: ${plainText(field)}`, why: "there is no such field here" }];
    }
    const names = Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
    const why = `a tool is a name there; nanos skill attach SKILL ${name} gives it tools`;
    return [{ what: `${name}: ${plainText(names.join(", ")) || "tools"}`, why }];
  });
}
