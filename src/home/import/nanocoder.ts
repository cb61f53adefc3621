import { clip, plainText } from "../../std/text.ts";
import { isObject } from "../../std/json.ts";
import type { TreeFile } from "../files.ts";
import type { Converted, Converter, Foreign, Left } from "./converter.ts";
import {
  agentsIn,
  commandsIn,
  type Fields,
  fieldsIn,
  lineFrom,
  markdownIn,
  memberIn,
  nameFrom,
  textOf,
} from "./members.ts";

/**
 * Bundles of Nanocoder: a `skill.yaml` beside commands, tools and at most one agent. Here a skill has
 * no agent: the bundle becomes a skill, and its agent one that has it. Its tools are shell scripts
 * with values written into them; one without values is taken over as a script, the others are not.
 */
export const nanocoder: Converter = {
  name: "nanocoder",
  about: "bundles of Nanocoder: skill.yaml with commands, agents and tools",
  knows: ({ files }) => files.some(({ path }) => path === MANIFEST),
  convert,
};

const MANIFEST = "skill.yaml";

async function convert(source: Foreign): Promise<Converted> {
  const { files } = source;
  const left: Left[] = [];
  const manifest = await fieldsIn(textOf(files.find(({ path }) => path === MANIFEST)));
  const name = nameFrom(manifest["name"]) || nameFrom(source.name) || "bundle";
  const folder = `skills/${name}`;
  const { stringify } = await import("yaml");
  const description = lineFrom(manifest["description"], `What the bundle ${name} brings.`);
  const commands = await commandsIn(markdownIn(files, "commands"), left);
  const scripts = await scriptsIn(markdownIn(files, "tools"), left);
  const events = eventsIn(manifest, { commands, name }, left);
  const about = [...scripts].map(([path, { says }]) => `- \`${path}\`: ${says}`);
  const body = [description, ...(about.length === 0 ? [] : ["", "Scripts:", ...about])].join("\n");
  const own = {
    ...(typeof manifest["version"] === "string" ? { version: manifest["version"] } : {}),
    ...(scripts.size === 0 ? {} : { scopes: ["exec:sh"] }),
    ...(Object.keys(commands).length === 0 ? {} : { commands }),
    ...(events.length === 0 ? {} : { events }),
  };
  const out = new Map<string, string | Uint8Array>([
    [`${folder}/SKILL.md`, `---\n${stringify({ name, description })}---\n${body}\n`],
    [`${folder}/nanos.yaml`, stringify(own)],
    ...[...scripts].map(([path, { text }]): [string, string] => [`${folder}/${path}`, text]),
    ...(await agentsIn(markdownIn(files, "agents"), [name])),
  ]);
  sayRest(files, manifest, left);
  return { files: out, left };
}

/** Tools whose script is a script: nothing is written into it. */
async function scriptsIn(
  files: readonly TreeFile[],
  left: Left[],
): Promise<ReadonlyMap<string, { readonly text: string; readonly says: string }>> {
  const made = new Map<string, { text: string; says: string }>();
  for (const file of files) {
    const { head, body } = await memberIn(file);
    const name = nameFrom(head["name"] ?? file.path.slice("tools/".length, -".md".length));
    if (name === "" || body.includes("{{")) {
      const why = "it writes values into a shell; write it as tools/NAME.yaml with its arguments";
      left.push({ what: `tool ${name || file.path}`, why });
      continue;
    }
    const says = lineFrom(head["description"], name);
    made.set(`scripts/${name}.sh`, { text: `#!/bin/sh\n${body}\n`, says });
    const fields = Object.keys(head).filter((one) => one !== "name" && one !== "description");
    if (fields.length > 0)
      left.push({ what: `tool ${name}: ${fields.join(", ")}`, why: "the gate decides that" });
  }
  return made;
}

/** What it subscribes to, as far as the skill can answer it. */
function eventsIn(
  manifest: Fields,
  { commands, name }: { readonly commands: Fields; readonly name: string },
  left: Left[],
): readonly Fields[] {
  const list = Array.isArray(manifest["subscribe"]) ? manifest["subscribe"] : [];
  return list.filter(isObject).flatMap((one): Fields[] => {
    const { kind, paths, cron, target } = one;
    const [what, called] = typeof target === "string" ? target.split(":", 2) : [];
    const to = nameFrom(called);
    const isAnswered = (what === "command" && Object.hasOwn(commands, to)) || what === "agent";
    const refused = (why: string): Fields[] => {
      const said = `${lineFrom(kind, "nothing")} for ${lineFrom(target, "nothing")}`;
      left.push({ what: `${name} subscribes to ${clip(plainText(said), 200)}`, why });
      return [];
    };
    if (!isAnswered) return refused("nothing that was taken over answers it");
    for (const field of ["confirm", "eventKinds"]) {
      if (field in one)
        left.push({ what: `${name}: ${field}`, why: "every run asks as it always does" });
    }
    const run = `${what}:${to}`;
    if (kind === "file.changed" && Array.isArray(paths)) {
      return [{ on: "file.changed", paths, run, words: "{what}" }];
    }
    if (kind === "schedule.cron" && typeof cron === "string") {
      return [{ on: "schedule.cron", cron, run, words: "{what}" }];
    }
    return refused("it is none of the events there are");
  });
}

function sayRest(files: readonly TreeFile[], manifest: Fields, left: Left[]): void {
  for (const field of Object.keys(manifest).filter((one) => !READ.has(one))) {
    left.push({ what: `${MANIFEST}: ${clip(plainText(field), 64)}`, why: "it has no place here" });
  }
  for (const { path } of files) {
    const isKnown = path === MANIFEST || /^(?:commands|agents|tools)\/[^/]+\.md$/u.test(path);
    if (!isKnown) left.push({ what: path, why: "it is no part of a bundle" });
  }
}

const READ = new Set(["name", "description", "version", "author", "tags", "include", "subscribe"]);
