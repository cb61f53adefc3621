import type { Action, Rank, RuleMatch } from "../../contracts/action.ts";
import type { Rule } from "../../contracts/rules.ts";
import { scopeParts } from "../../contracts/scope-parts.ts";
import { isObject, type Json } from "../../std/json.ts";
import { compilePattern } from "./pattern.ts";
import { rankNumber } from "../ranks.ts";
import { isInside, type Parsed } from "../scopes.ts";

/** What rules look at. */
export interface Judged {
  readonly action: Action;
  readonly reach: readonly Parsed[];
  readonly rank: Rank;
  /** Absolute; paths inside it also match as `./path`. */
  readonly workspace: string;
}

/**
 * Every rule that matches, in file order, with what it would do. Patterns are compiled once per
 * array of rules. A pattern that is broken, or that meets a text too long to look at, counts as
 * matching where the rule would stop the action: no padding slips past a rule.
 */
export function matchesOf(rules: readonly Rule[], judged: Judged): RuleMatch[] {
  const found: RuleMatch[] = [];
  let scopes: Spellings | undefined;
  for (const compiled of compiledOf(rules)) {
    if (!compiled.about(judged)) continue;
    if (compiled.scope && !compiled.scope((scopes ??= spellingsOf(judged)))) continue;
    if (!compiled.args(judged.action.args)) continue;
    const { id, then, mode } = compiled.rule;
    found.push({ rule: id, verdict: then, mode });
  }
  return found;
}

interface CompiledRule {
  readonly rule: Rule;
  readonly about: (judged: Judged) => boolean;
  readonly scope: ((spellings: Spellings) => boolean) | null;
  readonly args: (args: Json) => boolean;
}

const COMPILED = new WeakMap<readonly Rule[], readonly CompiledRule[]>();

function compiledOf(rules: readonly Rule[]): readonly CompiledRule[] {
  const known = COMPILED.get(rules);
  if (known !== undefined) return known;
  const compiled = rules.map(compileRule);
  COMPILED.set(rules, compiled);
  return compiled;
}

function compileRule(rule: Rule): CompiledRule {
  const { kind, name, match, unless, agent, skill, scope, rank } = rule.when;
  const stops = rule.then !== "allow";
  const isMatch = patternTest(match, stops);
  const isElse = patternTest(unless, !stops);
  const kinds = kind === undefined ? null : new Set([kind].flat());
  const isName = nameTest(name);
  const isAgent = nameTest(agent);
  const isSkill = nameTest(skill);
  const least = rank === undefined ? 0 : rankNumber(rank);
  return {
    rule,
    about: ({ action, rank: actual }) =>
      (kinds === null || kinds.has(action.kind)) &&
      (isName === null || isName(action.name)) &&
      (isMatch === null || isMatch(action.name)) &&
      !(isElse?.(action.name) ?? false) &&
      (isAgent === null || isAgent(action.agent)) &&
      (isSkill === null || (action.skill !== undefined && isSkill(action.skill))) &&
      rankNumber(actual) >= least,
    scope: scopeTest(scope),
    args: compileArgs(rule),
  };
}

function compileArgs(rule: Rule): (args: Json) => boolean {
  const wanted = Object.entries(rule.when.args ?? {});
  if (wanted.length === 0) return () => true;
  const stops = rule.then !== "allow";
  const patterns = wanted.map(([key, source]) => [key, compilePattern(source, "u")] as const);
  return (args) => patterns.every(([key, pattern]) => argMatches(args, key, pattern, stops));
}

type Compiled = ReturnType<typeof compilePattern>;

function argMatches(args: Json, key: string, pattern: Compiled, stops: boolean): boolean {
  if (!isObject(args) || !Object.hasOwn(args, key)) return false;
  if ("fault" in pattern) return stops;
  const value = args[key];
  const text = typeof value === "string" ? value : JSON.stringify(value ?? null);
  return pattern.fits(text) ? pattern.test(text) : stops;
}

/**
 * How a rule may write each reach of an action, by the first letters it would write: as it is
 * (`write:/`), in the workspace (`write:./`), a host with its port and without (`net:`).
 */
type Spellings = ReadonlyMap<string, readonly string[]>;

function spellingsOf({ reach, workspace }: Judged): Spellings {
  const spellings = new Map<string, string[]>();
  const add = (start: string, text: string): void => {
    const known = spellings.get(start);
    if (known === undefined) spellings.set(start, [text]);
    else known.push(text);
  };
  for (const scope of reach) {
    if ("path" in scope) {
      add(`${scope.kind}:/`, scope.text);
      if (!isInside(workspace, scope.path)) continue;
      const inside = scope.path.slice(workspace.length).replace(/^\//u, "");
      add(`${scope.kind}:./`, `${scope.kind}:./${inside}`);
      continue;
    }
    const { kind } = scopeParts(scope.text);
    add(`${kind}:`, scope.text);
    if (scope.kind === "net" && scope.address !== "*") add("net:", `net:${scope.address.host}`);
  }
  return spellings;
}

/** A test for one of these scopes; only spellings that could begin like one are looked at. */
function scopeTest(wanted: string | string[] | undefined): CompiledRule["scope"] {
  if (wanted === undefined) return null;
  const tests = [wanted].flat().map((glob): ((spellings: Spellings) => boolean) => {
    const whole = /^(?:read|write):(?![./*])/u.test(glob) ? glob.replace(":", ":./") : glob;
    const start = /^(?:(?:read|write):(?:\/|\.\/)|(?!read:|write:)[a-z]+:)/u.exec(whole)?.[0];
    const matches = oneOf([whole]);
    if (start !== undefined) return (spellings) => spellings.get(start)?.some(matches) ?? false;
    return (spellings) => [...spellings.values()].some((texts) => texts.some(matches));
  });
  return (spellings) => tests.some((fits) => fits(spellings));
}

/** A test for one of these names; null when the rule does not look at them. */
function nameTest(wanted: string | string[] | undefined): ((text: string) => boolean) | null {
  return wanted === undefined ? null : oneOf([wanted].flat());
}

/** A test for a pattern; what cannot be told comes to `unsure`. */
function patternTest(
  source: string | undefined,
  unsure: boolean,
): ((text: string) => boolean) | null {
  if (source === undefined) return null;
  const pattern = compilePattern(source, "u");
  if ("fault" in pattern) return () => unsure;
  return (text) => (pattern.fits(text) ? pattern.test(text) : unsure);
}

/** A test for one of these texts, where `*` stands for any run of characters. */
function oneOf(globs: readonly string[]): (text: string) => boolean {
  const exact = new Set(globs.filter((glob) => !glob.includes("*")));
  const wild = globs.filter((glob) => glob.includes("*")).map((glob) => glob.split("*"));
  return (text) => exact.has(text) || wild.some((pieces) => piecesMatch(pieces, text));
}

function piecesMatch(pieces: readonly string[], text: string): boolean {
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  if (at > end) return false;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
