import type { Action, RuleMatch } from "../contracts/action.ts";
import type { Route, Rule } from "../contracts/rules.ts";
import { scopeParts } from "../contracts/scope-parts.ts";
import { LIMITS } from "../std/limits.ts";
import type { Problem } from "./gate.ts";
import { UNKNOWN_LABEL } from "./labels.ts";
import { matchesOf } from "./rules/match.ts";
import { compilePattern, type Pattern, type PatternFault, type Places } from "./rules/pattern.ts";
import { rankOf } from "./ranks.ts";
import { GIVEN_PLACES } from "./routes.ts";
import { reachOf } from "./scopes.ts";

/**
 * What is wrong with the rules of a file: ids twice, patterns that are broken, slow or were changed
 * by YAML, an example that does not match or a counter that does. Empty when all is well.
 */
export function checkRules(rules: readonly Rule[], file: string): Problem[] {
  const problems: Problem[] = [];
  if (rules.length > LIMITS.rules) {
    const sentence = `${file} holds ${rules.length} rules; at most ${LIMITS.rules} are read.`;
    // rules.too_many -> Take out what is not needed, then look again: nanos check FILE.
    problems.push({ code: "rules.too_many", id: "", sentence });
  }
  const seen = new Set<string>();
  for (const rule of rules) {
    const say = (fault: string, what: string): void => {
      const sentence = `Rule \`${rule.id}\` in ${file} ${what}`;
      // rules.* -> Mend that rule, then look again: nanos check FILE.
      problems.push({ code: `rules.${fault}`, id: rule.id, sentence });
    };
    if (seen.has(rule.id)) say("duplicate_id", "has an id that another rule already has.");
    seen.add(rule.id);
    if (checkPatterns(rule, say)) checkCases(rule, say);
  }
  return problems;
}

type Say = (fault: string, what: string) => void;

/** Says what is wrong with the patterns; true when the rule can be tried. */
function checkPatterns(rule: Rule, say: Say): boolean {
  let sound = true;
  const { name, match, unless, agent, skill, scope, args = {} } = rule.when;
  const patterns = [
    ...Object.entries(args).map(([key, source]) => [`the pattern of argument \`${key}\``, source]),
    ...Object.entries({ "`match`": match, "`unless`": unless }),
  ] as const;
  for (const [which = "", source] of patterns) {
    if (source === undefined) continue;
    const pattern = compilePattern(source, "u");
    if (!("fault" in pattern)) continue;
    sound = false;
    say(pattern.fault, faultSentence(which, source, pattern));
  }
  for (const glob of [name, agent, skill, scope].flat()) {
    if (glob === undefined) continue;
    // eslint-disable-next-line no-control-regex -- control characters are what this refuses
    if (/[\u0000-\u001f\u007f]/u.test(glob)) {
      sound = false;
      say("control_character", `has a control character in ${JSON.stringify(glob)}; take it out.`);
    } else if (/^(?:read|write):~/u.test(glob)) {
      sound = false;
      say("home_path", `names \`${glob}\`; write an absolute path, or \`./\` for the workspace.`);
    }
  }
  return sound;
}

function checkCases(rule: Rule, say: Say): void {
  if (!matchesCase(rule, rule.example)) {
    say("example_misses", "does not match its own example; mend `when` or the example.");
  }
  if (matchesCase(rule, rule.counter)) {
    say("counter_matches", "matches its counter, which it must not; make `when` narrower.");
  }
}

/** The folder that stands for the workspace in examples, where `./x` is below it. */
const EXAMPLE_WORKSPACE = "/workspace";

function matchesCase(rule: Rule, example: RuleCaseOf): boolean {
  return matchesIn([rule], example).length > 0;
}

/** Every rule that matches a made-up action. */
export function matchesIn(rules: readonly Rule[], example: RuleCaseOf): RuleMatch[] {
  const { kind, name, agent, skill, args } = example;
  const scopes = example.scopes.map(absolute);
  const action: Action = {
    gate: "call",
    kind,
    name,
    agent,
    args,
    scopes,
    destinations: [],
    label: UNKNOWN_LABEL,
    ...(skill === undefined ? {} : { skill }),
  };
  const reach = reachOf(scopes, []);
  const ground = {
    workspace: EXAMPLE_WORKSPACE,
    chosen: true,
    said: "",
    grant: null,
    now: 0,
    skillHash: null,
    run: "",
  };
  const rank = rankOf(action, reach, ground);
  return matchesOf(rules, { action, reach, rank, workspace: EXAMPLE_WORKSPACE });
}

type RuleCaseOf = Rule["example"];

function absolute(scope: string): string {
  const { kind, value } = scopeParts(scope);
  if ((kind !== "read" && kind !== "write") || value.startsWith("/")) return scope;
  return `${kind}:${EXAMPLE_WORKSPACE}/${value.replace(/^\.\//u, "")}`;
}

/**
 * What is wrong with the routes of a file: ids twice, patterns that are broken, slow or were changed
 * by YAML, places no group fills, an example that does not match or a counter that does.
 */
export function checkRoutes(routes: readonly Route[], file: string): Problem[] {
  const problems: Problem[] = [];
  if (routes.length > LIMITS.rules) {
    const sentence = `${file} holds ${routes.length} routes; at most ${LIMITS.rules} are read.`;
    // routes.too_many -> Take out what is not needed, then look again: nanos check FILE.
    problems.push({ code: "routes.too_many", id: "", sentence });
  }
  const seen = new Set<string>();
  for (const route of routes) {
    const say = (fault: string, what: string): void => {
      const sentence = `Route \`${route.id}\` in ${file} ${what}`;
      // routes.* -> Mend that route, then look again: nanos check FILE.
      problems.push({ code: `routes.${fault}`, id: route.id, sentence });
    };
    if (seen.has(route.id)) say("duplicate_id", "has an id that another route already has.");
    seen.add(route.id);
    const pattern = compilePattern(route.match, "iu");
    if ("fault" in pattern) say(pattern.fault, faultSentence("`match`", route.match, pattern));
    else checkRoute(route, pattern, say);
  }
  return problems;
}

function checkRoute(route: Route, pattern: Pattern, say: Say): void {
  const places = matchOf(pattern, route.example);
  if (places === null) {
    say("example_misses", "does not match its own example; mend `match` or the example.");
  } else {
    for (const name of placesIn(route)) {
      if (places.has(name) || GIVEN_PLACES.some((given) => given === name)) continue;
      say("unknown_place", `uses {${name}}, which \`match\` has no group for.`);
    }
  }
  if (matchOf(pattern, route.counter) !== null) {
    say("counter_matches", "matches its counter, which it must not; make `match` narrower.");
  }
}

function matchOf(pattern: Pattern, request: string): Places | null {
  const text = request.trim();
  return pattern.fits(text) ? pattern.match(text) : null;
}

function placesIn(route: Route): readonly string[] {
  const texts = `${JSON.stringify(route.args ?? {})}${route.say ?? ""}`;
  const names = [...texts.matchAll(/\{([A-Za-z_0-9]+)(?::number)?\}/gu)].map(
    (match) => match[1] ?? "",
  );
  return [...new Set(names)].filter((name) => name !== "result");
}

/** The end of a sentence about a rule or route: what is wrong and what to write instead. */
function faultSentence(which: string, source: string, fault: PatternFault): string {
  if (fault.fault !== "control_character") return `has a fault in ${which}: it ${fault.why}.`;
  if (source.includes("\b")) {
    return (
      `has a backspace character in ${which}: in YAML, "\\b" in double quotes is a backspace. ` +
      `Write '\\b' in single quotes, or "\\\\b".`
    );
  }
  return `has a control character in ${which}; write it in single quotes, on one line.`;
}
