import { RANKS } from "../../contracts/ranks.ts";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, plainText } from "../../std/text.ts";
import { type TreeFile, utf8 } from "../files.ts";
import type { Snapshot } from "../arrangement/snapshot.ts";
import type { Converted, Converter, Foreign, Left } from "./converter.ts";

/**
 * Worker manifests of NEXUSMON: a worker has a name, capabilities, a rank, a word on approval, and
 * does a task. Here that is an agent of that rank; where it wants an approval, a rule asks whenever
 * work is handed to it. What it says of itself as data is read from JSON, YAML or the attributes of
 * its class; its code is not run and not taken over.
 */
export const nexusmon: Converter = {
  name: "nexusmon",
  about: "worker manifests: name, capabilities, risk_level, requires_approval",
  knows: ({ files }) => files.some((file) => isWorker(file)),
  convert,
};

/** A worker as its manifest says it; what else stands there is kept to be told. */
interface Worker {
  readonly name: string;
  readonly capabilities: readonly string[];
  readonly rank: string;
  readonly approval: boolean;
  readonly about: string;
  readonly more: readonly string[];
}

function isWorker(file: TreeFile): boolean {
  const text = textOf(file);
  return MANIFEST.test(file.path)
    ? /["']?\brisk_level["']?\s{0,8}:/u.test(text) && /["']?\bcapabilities["']?\s{0,8}:/u.test(text)
    : CODE.test(file.path) && /^\s{1,8}risk_level\b[^=\n]{0,40}=/mu.test(text);
}

const MANIFEST = /\.(?:json|ya?ml)$/u;
const CODE = /\.py$/u;

function textOf({ content }: TreeFile): string {
  return content.length > LIMITS.manifestBytes ? "" : (utf8(content) ?? "");
}

async function convert({ files }: Foreign, present: Snapshot): Promise<Converted> {
  const left: Left[] = [];
  const workers: Worker[] = [];
  for (const file of files) {
    if (!isWorker(file)) {
      left.push({ what: file.path, why: "it is no worker's manifest" });
      continue;
    }
    const found = CODE.test(file.path) ? inClass(textOf(file)) : await inData(textOf(file));
    for (const data of found) {
      const worker = workerOf(data);
      if (worker === null) left.push({ what: file.path, why: "a worker without a name" });
      else workers.push(worker);
    }
  }
  const out = new Map<string, string>();
  for (const worker of workers) {
    out.set(`agents/${worker.name}.md`, agentText(worker));
    left.push(...leftOf(worker));
  }
  const asking = workers.filter(({ approval }) => approval);
  if (asking.length > 0) out.set("rules.yaml", await withRules(present, asking));
  return { files: out, left };
}

/** One manifest, or a list of them. */
async function inData(text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text, { logLevel: "error" });
  if (document.errors.length > 0) return [{}];
  const data: unknown = document.toJS({ maxAliasCount: LIMITS.yamlAliases });
  const list = isObject(data) && Array.isArray(data["workers"]) ? data["workers"] : data;
  return (Array.isArray(list) ? list : [list]).filter(isObject).slice(0, LIMITS.arrangementItems);
}

/** The attributes of a class that are written as plain values. Nothing is evaluated. */
function inClass(text: string): readonly Readonly<Record<string, unknown>>[] {
  const classes = text.split(/^(?=class\s)/mu).filter((part) => part.startsWith("class "));
  return classes
    .filter((part) => /^\s{1,8}risk_level\b/mu.test(part))
    .slice(0, LIMITS.arrangementItems)
    .map((part) => {
      const field = (name: string, value: string): string | undefined =>
        new RegExp(`^\\s{1,8}${name}\\b[^=\\n]{0,60}=\\s{0,8}${value}`, "mu").exec(part)?.[1];
      const list = field("capabilities", String.raw`[\[(]([^\])]{0,4000})[\])]`) ?? "";
      const about = /"""([\s\S]{1,1000}?)"""/u.exec(part)?.[1];
      return {
        name: field("name", String.raw`["']([^"'\n]{1,100})["']`),
        capabilities: [...list.matchAll(/["']([^"'\n]{1,200})["']/gu)].map(([, word]) => word),
        risk_level: field("risk_level", String.raw`["']([^"'\n]{1,20})["']`),
        requires_approval: field("requires_approval", "(True|False)") === "True",
        ...(about === undefined ? {} : { description: about.trim() }),
        execute: "code",
      };
    });
}

function workerOf(data: Readonly<Record<string, unknown>>): Worker | null {
  const { name: called, id, capabilities, risk_level: rank, requires_approval: approval } = data;
  const given = typeof called === "string" ? called : id;
  const name = typeof given === "string" ? nameOf(given) : "";
  if (name === "") return null;
  const known = (RANKS as readonly unknown[]).includes(rank);
  const words = Array.isArray(capabilities) ? capabilities.filter(isText) : [];
  const about = data["description"] ?? data["purpose"];
  return {
    name,
    capabilities: words.map((word) => clip(plainText(word), 200)),
    // What names no rank we know gets the highest: it is asked about until somebody lowers it.
    rank: known && typeof rank === "string" ? rank : "S",
    approval: approval === true || approval === "true",
    about: isText(about) ? clip(plainText(about), 1_000) : "",
    more: Object.keys(data).filter((key) => !TAKEN.has(key)),
  };
}

const TAKEN = new Set([
  "name",
  "id",
  "capabilities",
  "risk_level",
  "requires_approval",
  "description",
  "purpose",
]);

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** `Report Writer` as a name that agents can have. */
function nameOf(given: string): string {
  const plain = given
    .replace(/([a-z0-9])([A-Z])/gu, "$1-$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/gu, "-");
  return plain
    .replace(/^[-_]+/u, "")
    .replace(/[-_]+$/u, "")
    .slice(0, 64);
}

function agentText({ name, rank, capabilities, about }: Worker): string {
  const can = capabilities.join(", ") || "nothing it names";
  const description = about === "" ? `A worker for ${can}.` : `${about} It is for ${can}.`;
  return [
    "---",
    `name: ${name}`,
    `description: ${JSON.stringify(description.replaceAll("\n", " "))}`,
    `rank: ${rank}`,
    "---",
    "",
    "You are given one task and do it with the tools you have. Say what came of it, or why nothing did.",
    ...(capabilities.length === 0
      ? []
      : ["", "You are for:", "", ...capabilities.map((word) => `- ${word}`)]),
    "",
  ].join("\n");
}

const WHY: Readonly<Record<string, string>> = {
  execute: "its code is another program's; nanos agent wrap COMMAND makes a program an agent",
  spawn_policy: "an agent is there whenever work is handed to it",
  limits: "write limits in the agent's file: turns, calls, tokens, ms",
  constraints: "write what holds it back as rules",
  error_modes: "what fails is told, and tried again only where that can do no harm",
};

function leftOf({ name, capabilities, more }: Worker): readonly Left[] {
  return [
    ...(capabilities.length === 0
      ? []
      : [
          {
            what: `${name}: reach for ${capabilities.join(", ")}`,
            why: `a capability is a word there; nanos skill attach SKILL ${name} gives it tools`,
          },
        ]),
    ...more.map((key) => ({
      what: `${name}: ${plainText(key)}`,
      why: WHY[key] ?? "there is no such field here",
    })),
  ];
}

/** The rules that are there with one more per worker; comments and order stay. */
async function withRules(present: Snapshot, workers: readonly Worker[]): Promise<string> {
  const { parseDocument } = await import("yaml");
  const text = present.byPath.get("rules.yaml")?.content.toString("utf8") ?? "rules: []\n";
  const document = parseDocument(text);
  if (!document.has("rules")) document.set("rules", document.createNode([]));
  for (const { name } of workers) {
    const id = `ask-before-${name}`.slice(0, 64);
    const rules: unknown = document.toJS();
    const there = isObject(rules) && Array.isArray(rules["rules"]) ? rules["rules"] : [];
    if (there.some((rule) => isObject(rule) && rule["id"] === id)) continue;
    document.addIn(
      ["rules"],
      document.createNode({
        id,
        description: `${name} wants an approval for each of its tasks.`,
        when: { kind: "agent", name },
        then: "ask",
        example: { kind: "agent", name },
        counter: { kind: "tool", name },
      }),
    );
  }
  return document.toString({ lineWidth: 100 });
}
