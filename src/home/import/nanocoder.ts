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
 * Skills of Nanocoder. A bundle is a `skill.yaml` beside commands, tools and at most one agent; a
 * member by itself is one file in a folder of that name, and says itself what it subscribes to. Here a
 * skill has no agent: a bundle becomes a skill, and its agent one that has it. Tools are shell scripts
 * with values written into them; one without values is taken over as a script, the others are not.
 */
export const nanocoder: Converter = {
  name: "nanocoder",
  about:
    "of Nanocoder: a bundle (skill.yaml), a file of commands/, agents/ or tools/, or .nanocoder",
  knows: (source) =>
    source.files.some(({ path }) => path === MANIFEST) ||
    isFolder(source) ||
    kindOf(source) !== null,
  convert: async (source) => {
    if (isFolder(source)) return convertFolder(source);
    const kind = kindOf(source);
    return convert(kind === null ? source : { ...source, files: within(kind, source.files) });
  },
};

const MANIFEST = "skill.yaml";
const KINDS = ["commands", "agents", "tools"];

/** The settings folder of a project or a person, with members and bundles. */
function isFolder({ called, files }: Foreign): boolean {
  const isItsOwn = called === ".nanocoder" || called === "nanocoder";
  return isItsOwn && files.some(({ path }) => IN_FOLDER.test(path));
}

const IN_FOLDER = /^(?:(?:commands|agents|tools)\/[^/]+\.md|skills\/[^/]+\/skill\.yaml)$/u;

/** What one file is a member of; null for anything else. */
function kindOf({ files, called, within: folder }: Foreign): string | null {
  const [file, ...more] = files;
  const isOne = file !== undefined && more.length === 0 && file.path === called;
  return isOne && called.endsWith(".md") && KINDS.includes(folder) ? folder : null;
}

function within(kind: string, files: readonly TreeFile[]): readonly TreeFile[] {
  return files.map((file) => ({ ...file, path: `${kind}/${file.path}` }));
}

/** Its members one by one, each under its own name, and its bundles. */
async function convertFolder(source: Foreign): Promise<Converted> {
  const { files } = source;
  const out = new Map<string, string | Uint8Array>();
  const left: Left[] = [];
  const parts = new Map<string, TreeFile[]>();
  for (const file of files) {
    const [, bundle] = /^skills\/([^/]+)\/./u.exec(file.path) ?? [];
    const path = bundle === undefined ? file.path : file.path.slice(`skills/${bundle}/`.length);
    const key = bundle === undefined ? file.path : `skills/${bundle}`;
    parts.set(key, [...(parts.get(key) ?? []), { ...file, path }]);
  }
  for (const [key, own] of parts) {
    const name = key.slice(key.lastIndexOf("/") + 1).replace(/\.md$/u, "");
    const isKnown = IN_FOLDER.test(key) || own.some(({ path }) => path === MANIFEST);
    if (!isKnown) {
      left.push({ what: key, why: "it is no skill of Nanocoder" });
      continue;
    }
    const made = await convert({ name, called: name, within: "", files: own });
    const taken = [...made.files.keys()].find((path) => out.has(path));
    if (taken === undefined) for (const [path, content] of made.files) out.set(path, content);
    else left.push({ what: key, why: `another of it makes ${taken}` });
    left.push(...made.left);
  }
  return { files: out, left };
}

async function convert(source: Foreign): Promise<Converted> {
  const { files } = source;
  const left: Left[] = [];
  const file = files.find(({ path }) => path === MANIFEST);
  const manifest = await fieldsIn(textOf(file));
  const name = nameFrom(manifest["name"]) || nameFrom(source.name) || "bundle";
  const folder = `skills/${name}`;
  const { stringify } = await import("yaml");
  const heads = await headsIn(files);
  const said = lineFrom(manifest["description"], heads.about || `What the bundle ${name} brings.`);
  const commands = await commandsIn(markdownIn(files, "commands"), left);
  const scripts = await scriptsIn(markdownIn(files, "tools"), left);
  const all = { ...manifest, subscribe: [...listIn(manifest["subscribe"]), ...heads.subscribe] };
  const events = eventsIn(all, { commands, name }, left);
  const about = [...scripts].map(([path, { says }]) => `- \`${path}\`: ${says}`);
  const body = [said, ...(about.length === 0 ? [] : ["", "Scripts:", ...about])].join("\n");
  const own = {
    ...(typeof manifest["version"] === "string" ? { version: manifest["version"] } : {}),
    ...(scripts.size === 0 ? {} : { scopes: ["exec:sh"] }),
    ...(Object.keys(commands).length === 0 ? {} : { commands }),
    ...(events.length === 0 ? {} : { events }),
  };
  // An agent by itself needs no skill.
  const isSkill = file !== undefined || Object.keys(own).length > 0;
  const out = new Map<string, string | Uint8Array>([
    ...(isSkill
      ? ([
          [`${folder}/SKILL.md`, `---\n${stringify({ name, description: said })}---\n${body}\n`],
          [`${folder}/nanos.yaml`, stringify(own)],
        ] as const)
      : []),
    ...[...scripts].map(([path, { text }]): [string, string] => [`${folder}/${path}`, text]),
    ...(await agentsIn(markdownIn(files, "agents"), isSkill ? [name] : [])),
  ]);
  sayRest(files, manifest, left);
  return { files: out, left };
}

const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** What members say of themselves: what they subscribe to, and what the first of them is about. */
async function headsIn(
  files: readonly TreeFile[],
): Promise<{ readonly subscribe: readonly Fields[]; readonly about: string }> {
  const subscribe: Fields[] = [];
  let about = "";
  for (const kind of ["commands", "agents", "tools"] as const) {
    for (const file of markdownIn(files, kind)) {
      const { head } = await memberIn(file);
      about ||= lineFrom(head["description"], "");
      const called = file.path.slice(kind.length + 1, -".md".length);
      const named = kind === "agents" ? (head["name"] ?? called) : called;
      const target = `${kind.slice(0, -1)}:${nameFrom(named)}`;
      for (const one of listIn(head["subscribe"])) {
        if (isObject(one)) subscribe.push({ ...one, target });
      }
    }
  }
  return { subscribe, about };
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
    const fields = Object.keys(head).filter((one) => !TOLD.has(one));
    if (fields.length > 0)
      left.push({ what: `tool ${name}: ${fields.join(", ")}`, why: "the gate decides that" });
  }
  return made;
}

/** What of a tool is taken over elsewhere. */
const TOLD = new Set(["name", "description", "subscribe"]);

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
