import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import type { Snapshot } from "../arrangement/snapshot.ts";
import type { Converter, Left } from "./converter.ts";
import { type Fields, fieldsIn, lineFrom, nameFrom, textOf } from "./members.ts";
import { sampleOf } from "./sample.ts";

/**
 * Policy files of ORCHESTRATORS_V2. Its tool policy is a list of which the first match counts and what
 * none matches is denied; here every rule that matches counts, so a rule is written to leave out what
 * those before it allowed, and the last one denies the rest. Its router policy becomes routes.
 */
export const orchestrators: Converter = {
  name: "orchestrators",
  about: "of ORCHESTRATORS_V2: a router policy or a tool policy, a list of rules that match",
  knows: ({ files: [file, ...more] }) =>
    more.length === 0 &&
    file !== undefined &&
    /\.(?:json|ya?ml)$/u.test(file.path) &&
    /["']?\brules["']?\s{0,8}:/u.test(textOf(file)) &&
    /["']?\bmatch(?:_any)?["']?\s{0,8}:/u.test(textOf(file)) &&
    /["']?\b(?:action|tool)["']?\s{0,8}:/u.test(textOf(file)) &&
    // Ours have an id, and say `when` and `then`, or have an example.
    !/^\s{0,8}(?:-\s{1,4})?["']?(?:when|example)["']?\s{0,8}:/mu.test(textOf(file)),
  convert: async ({ files: [file] }, present, checks) => {
    const { rules, ...more } = await fieldsIn(textOf(file));
    const list = (Array.isArray(rules) ? rules : []).filter(isObject).slice(0, LIMITS.rules);
    const left: Left[] = Object.keys(more)
      .filter((key) => key !== "version" && key !== "description")
      .map((what) => ({ what: plainText(what), why: "there is no such field here" }));
    if (list.length === 0)
      left.push({ what: file?.path ?? "", why: "it lists no rules, or is no YAML" });
    const numbered = list.map((rule, at): Fields => ({ ...rule, id: idOf(rule, at) }));
    const on = numbered.filter((rule) => rule["enabled"] !== false);
    const off = numbered.filter((rule) => rule["enabled"] === false);
    left.push(
      ...off.map((rule) => ({ what: String(rule["id"]), why: "it is switched off there" })),
    );
    const { Route, Rule } = await import("../../contracts/rules.ts");
    const path = file?.path ?? "";
    const faults = (what: "rules" | "routes", one: Made): number => {
      const read = what === "rules" ? Rule.safeParse(one) : Route.safeParse(one);
      if (!read.success) return 1;
      const said =
        what === "rules"
          ? checks?.rules([Rule.parse(one)], path)
          : checks?.routes([Route.parse(one)], path);
      return said?.length ?? 0;
    };
    const hold: Hold = (what, ways) => ways.filter((one) => faults(what, one) === 0).slice(0, 1);
    const isTools = on.some((rule) => "action" in rule);
    const made = isTools ? toolRules(on, left, hold) : toolRoutes(on, left, hold);
    return { files: await written(present, isTools ? "rules" : "routes", made), left };
  },
};

interface Made {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** The first way to say it that holds, its example and counter tried as when the file is loaded. */
type Hold = (what: "rules" | "routes", ways: readonly Made[]) => readonly Made[];

/** A rule of the tool policy as rules of ours, each leaving out what those before it let pass. */
function toolRules(rules: readonly Fields[], left: Left[], hold: Hold): readonly Made[] {
  const made: Made[] = [];
  const passed: string[] = [];
  for (const rule of [...rules, REST]) {
    const id = String(rule["id"]);
    const match = patternOf(rule) ?? "(";
    const description = lineFrom(rule["reason"], "A rule of a tool policy.");
    const but = passed.length === 0 ? {} : { unless: passed.map((one) => `(?:${one})`).join("|") };
    const name = sampleOf(match) ?? "";
    const base = { id, description, when: { kind: "tool", match, ...but } };
    const isLet = rule["action"] === "allow";
    const ways = [name, ...OTHERS].filter(Boolean).map((example) => ({
      ...{ ...base, then: isLet ? "allow" : "deny", example: { name: example } },
      counter: { kind: "agent", name: example },
    }));
    const held = hold("rules", ways);
    if (held.length === 0 && rule !== REST) {
      const why = isLet
        ? "its pattern is none that is read here; what it allows is denied with the rest"
        : "its pattern is none that is read here, or an earlier rule lets all it names";
      left.push({ what: id, why });
      continue;
    }
    made.push(...held, ...(isLet ? conditions(rule, held[0] ?? base, left, hold) : []));
    if (isLet) passed.push(match);
    // What comes after a rule for everything is never reached.
    if (/^\^?\.[*+]\$?$/u.test(match)) break;
  }
  return made;
}

/** What the policy does not name is denied there, whether its file says so or not. */
const REST: Fields = {
  id: "policy-default-deny",
  match: ".",
  reason: "What the policy does not name is denied.",
};
/** Names for an example of what no rule names. */
const OTHERS = ["unnamed", "other_tool", "zz", "0", "_"];

/** What an allowed tool is held to there: to be safe, and how long one of its inputs may be. */
function conditions(
  rule: Fields,
  { id, ...base }: Made,
  left: Left[],
  hold: Hold,
): readonly Made[] {
  const { name } = base["example"] as { name: string };
  const when = base["when"] as Fields;
  const denied = (end: string, more: Fields, example: Fields): readonly Made[] => {
    const one = { id: `${id}-${end}`, ...base, when: { ...when, ...more }, then: "deny" };
    const made = hold("rules", [{ ...one, example: { name, ...example } }]);
    if (made.length === 0)
      left.push({ what: `${id}: ${end}`, why: "it is none that is read here" });
    return made;
  };
  // What runs a program, or more, is what was not safe there.
  const isSafe = rule["require_safe"] === true;
  const safe = isSafe ? denied("safe", { rank: "C" }, { scopes: ["exec:program"] }) : [];
  const given = isObject(rule["conditions"]) ? rule["conditions"] : {};
  const param = given["input_param"];
  if (typeof param !== "string" || param === "") return safe;
  const [most, least] = [Number(given["max_input_len"]), Number(given["min_input_len"])];
  const held = (end: string, pattern: string, value: string): readonly Made[] =>
    denied(end, { args: { [param]: pattern } }, { args: { [param]: value } });
  return [
    ...safe,
    ...(most >= 0 && most < LONGEST
      ? held("longest", String.raw`^[\s\S]{${most + 1},}$`, "a".repeat(most + 1))
      : []),
    ...(least > 0 && least < LONGEST
      ? held("least", String.raw`^[\s\S]{0,${least - 1}}$`, "")
      : []),
  ];
}

/** Longer inputs than this are not counted by a pattern. */
const LONGEST = 100_000;

/** A rule of the router policy as a route: the tool it chose, with what it was given. */
function toolRoutes(rules: readonly Fields[], left: Left[], hold: Hold): readonly Made[] {
  return rules.flatMap((rule) => {
    const id = String(rule["id"]);
    const tool = lineFrom(rule["tool"], "");
    const params = isObject(rule["params"]) ? rule["params"] : {};
    const [rest, whole] = [params["expression_key"], params["message_key"]];
    const match = routed(patternOf(rule) ?? "(", typeof rest === "string");
    const args = {
      ...(typeof rest === "string" ? { [rest]: "{rest}" } : {}),
      ...(typeof whole === "string" ? { [whole]: "{0}" } : {}),
    };
    const sure = rule["confidence"];
    const confidence =
      typeof sure === "number" && sure >= 0 && sure <= 1 ? { confidence: sure } : {};
    const base = { id, match, tool, args, ...confidence };
    const held = hold("routes", [{ ...base, example: sampleOf(match) ?? "", counter: "\u00bf?" }]);
    if (tool !== "" && held.length > 0) return held;
    left.push({ what: id, why: "it names no tool, or its pattern is none that is read here" });
    return [];
  });
}

/** The pattern to the end of the request, with what comes after it by a name where that is wanted. */
function routed(pattern: string, named: boolean): string {
  if (!named) return pattern.endsWith("$") ? pattern : `${pattern}[\\s\\S]*$`;
  const open = pattern.replace(/\s*\$$/u, "").replace(/\(\.[+*]\)$/u, "");
  return `${open}\\s*(?<rest>\\S[\\s\\S]*)$`;
}

/** What of JavaScript is written otherwise in Python, and a `\b` that YAML read as a backspace. */
function patternOf({ match, match_any: several }: Fields): string | null {
  const list = Array.isArray(several) ? several : [match];
  const read = list.filter((one): one is string => typeof one === "string" && one !== "");
  if (read.length === 0) return null;
  const [only = "", ...more] = read.map((one) =>
    one
      .replaceAll("\b", String.raw`\b`)
      .replace(/^\(\?[aiLmsux]+\)/u, "")
      .replaceAll("(?P<", "(?<"),
  );
  return more.length === 0 ? only : `(?:${[only, ...more].join("|")})`;
}

function idOf(rule: Fields, at: number): string {
  const named = nameFrom(rule["id"] ?? rule["reason"]);
  return `policy-${at + 1}${named === "" ? "" : `-${named}`}`.slice(0, 56);
}

/** The file that is there with these beside what it has, and no other of the same id. */
async function written(
  present: Snapshot,
  what: "rules" | "routes",
  made: readonly Made[],
): Promise<ReadonlyMap<string, string>> {
  const { parseDocument } = await import("yaml");
  const file = `${what}.yaml`;
  const document = parseDocument(
    present.byPath.get(file)?.content.toString("utf8") ?? `${what}: []\n`,
  );
  if (!document.has(what)) document.set(what, document.createNode([]));
  const there: unknown = document.toJS();
  const all = isObject(there) && Array.isArray(there[what]) ? there[what] : [];
  for (const one of made) {
    if (all.some((other) => isObject(other) && other["id"] === one.id)) continue;
    document.addIn([what], document.createNode(one));
  }
  return new Map([[file, document.toString({ lineWidth: 100 })]]);
}
