import type { Route } from "../contracts/rules.ts";
import { isObject, type Json } from "../std/json.ts";
import { compilePattern, type Pattern, type PatternFault, type Places } from "./rules/pattern.ts";

/** Places every route may use, beside the groups of its own pattern. */
export const GIVEN_PLACES = ["today", "conversation", "decisions"] as const;

/** What stands for them, worked out where a route that matches uses it. */
export type Given = Partial<Readonly<Record<(typeof GIVEN_PLACES)[number], () => string>>>;

/** What a request means: the first route that matches, with its texts filled in. */
export interface Routed {
  readonly route: Route;
  /** The next surest that matches; absent where the one taken is certain. */
  readonly rival?: { readonly route: string; readonly confidence: number };
  readonly tool?: string;
  /** The tool's arguments; `{}` where the route gives none. */
  readonly args?: Json;
  readonly agent?: string;
  /** Filled in but for `{result}` and `{result.field}`, which `fillSay` fills. */
  readonly say?: string;
}

/**
 * The first route that matches the request and is certain, else the surest that matches, or null. Spaces around the request are not looked at;
 * a request longer than a pattern may look at matches nothing.
 *
 * In texts `{0}` is the whole match, `{1}`… and `{name}` its groups, and what is given has its
 * names. An argument that is nothing but `{1:number}` becomes a number where the group reads as one.
 */
export function routeOf(text: string, routes: readonly Route[], given: Given): Routed | null {
  const request = text.trim();
  const fitting: Fitting[] = [];
  for (const [route, pattern] of compiledOf(routes)) {
    if ("fault" in pattern || !pattern.fits(request)) continue;
    const places = pattern.match(request);
    if (places === null) continue;
    if (route.confidence === undefined) return routedBy({ route, places }, given);
    fitting.push({ route, places });
  }
  const sure = ({ route }: Fitting): number => route.confidence ?? 1;
  const [best, next] = fitting.toSorted((a, b) => sure(b) - sure(a));
  if (best === undefined) return null;
  const routed = routedBy(best, given);
  if (next === undefined) return routed;
  return { ...routed, rival: { route: next.route.id, confidence: sure(next) } };
}

interface Fitting {
  readonly route: Route;
  readonly places: Places;
}

function routedBy({ route, places }: Fitting, given: Given): Routed {
  const values = new Map(places);
  const texts = JSON.stringify([route.args ?? null, route.say ?? ""]);
  for (const [name, text] of Object.entries(given)) {
    if (texts.includes(`{${name}}`)) values.set(name, text());
  }
  return {
    route,
    ...(route.tool === undefined ? {} : { tool: route.tool, args: fill(route.args ?? {}, values) }),
    ...(route.agent === undefined ? {} : { agent: route.agent }),
    ...(route.say === undefined ? {} : { say: fillText(route.say, values) }),
  };
}

type Compiled = readonly (readonly [Route, Pattern | PatternFault])[];
const COMPILED = new WeakMap<readonly Route[], Compiled>();

function compiledOf(routes: readonly Route[]): Compiled {
  const known = COMPILED.get(routes);
  if (known !== undefined) return known;
  const compiled = routes.map((route) => [route, compilePattern(route.match, "iu")] as const);
  COMPILED.set(routes, compiled);
  return compiled;
}

const PLACE = /\{([A-Za-z_0-9]+)\}/gu;
const NUMBER_PLACE = /^\{([A-Za-z_0-9]+):number\}$/u;

function fill(value: Json, values: Places): Json {
  if (typeof value === "string") return fillValue(value, values);
  if (Array.isArray(value)) return value.map((item: Json) => fill(item, values));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, values)]));
}

function fillValue(text: string, values: Places): Json {
  const name = NUMBER_PLACE.exec(text)?.[1];
  if (name === undefined) return fillText(text, values);
  const found = (values.get(name) ?? "").trim();
  const number = Number(found);
  return found !== "" && Number.isFinite(number) ? number : found;
}

// One pass, so that braces in what a person typed are text and not places.
function fillText(text: string, values: Places): string {
  return text.replace(PLACE, (place, name: string) => values.get(name) ?? place);
}

const RESULT_PLACE = /\{result((?:\.[A-Za-z_0-9-]+)*)\}/gu;

/**
 * A `say` with the tool's result filled in: `{result}` as text, `{result.field.sub}` the value found
 * there, nothing where there is none. Objects and lists are shown as JSON.
 */
export function fillSay(template: string, result: Json): string {
  return template.replace(RESULT_PLACE, (_place, path: string) => {
    let value: Json | undefined = result;
    for (const key of path.split(".").slice(1)) {
      if (Array.isArray(value)) value = value[Number(key)];
      else value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    }
    if (value === undefined || value === null) return "";
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}
