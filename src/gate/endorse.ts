import type { Address } from "../std/address.ts";
import type { Grant } from "../contracts/config.ts";
import type { DenyReason, Standing } from "./gate.ts";
import { covers, type Parsed, parseScope } from "./scopes.ts";

/** What of the standing can endorse. */
export type Backing = Pick<Standing, "said" | "grant" | "now" | "skillHash" | "run">;

/**
 * True when the operator stands behind this destination: their own words in this run name it, or a
 * grant that still holds does. Programs are endorsed by their absolute path or by grant, since
 * names of programs are ordinary words (`make`, `find`); secrets are endorsed by nothing.
 */
export function isEndorsed(scope: Parsed, standing: Backing): boolean {
  if (scope.kind === "secret" || scope.kind === "malformed") return false;
  return isGranted(scope, standing) || isSaid(scope, standing.said);
}

/** True when the grant of the action's skill holds and names this reach; a host only exactly. */
export function isGranted(scope: Parsed, standing: Backing): boolean {
  const { grant } = standing;
  if (grant === null || voids(grant, standing).length > 0) return false;
  return grant.scopes.some((granted) => names(parseScope(granted), scope));
}

// `net:*` in a grant lets a tool declare any host; it is no yes to each of them.
function names(granted: Parsed, wanted: Parsed): boolean {
  if (wanted.kind === "net") return granted.kind === "net" && granted.text === wanted.text;
  return covers(granted, wanted);
}

function isSaid(scope: Parsed, said: string): boolean {
  if (said === "") return false;
  switch (scope.kind) {
    case "net":
      return scope.address !== "*" && isAddressSaid(said, scope.address);
    case "read":
    case "write":
      // Everything is under the root, so naming it names nothing.
      return scope.path !== "/" && isTextSaid(said, scope.path, true);
    case "exec":
      return scope.value.startsWith("/") && isTextSaid(said, scope.value, false);
    default:
      return false;
  }
}

/**
 * True when `text` stands in what the operator said as a word of its own: not inside a longer word,
 * number, path or address. `slash` allows one trailing slash more.
 */
export function isTextSaid(said: string, text: string, slash = false): boolean {
  if (text === "") return false;
  for (let at = said.indexOf(text); at !== -1; at = said.indexOf(text, at + 1)) {
    if (at > 0 && !OPENS.test(said[at - 1] ?? "")) continue;
    const end = at + text.length;
    if (isWordEnd(said, slash && said[end] === "/" ? end + 1 : end)) return true;
  }
  return false;
}

// A word begins after a space, a quote, a currency sign or an opening bracket.
const OPENS = /[\s"'`“‘«([{<=\p{Sc}]/u;
const PUNCTUATION = /[.,;:!?)\]}>]/u;
const ENDS = /[\s"'`”’»\p{Sc}]/u;

// It ends before a space or a quote, whatever punctuation stands between.
function isWordEnd(said: string, end: number): boolean {
  let at = end;
  while (at < said.length && PUNCTUATION.test(said[at] ?? "")) at += 1;
  return at === said.length || ENDS.test(said[at] ?? "");
}

/** True when the operator named this host, bare or in a URL, with this port or the web's own. */
function isAddressSaid(said: string, address: Address): boolean {
  const text = said.toLowerCase();
  const { host } = address;
  for (let at = text.indexOf(host); at !== -1; at = text.indexOf(host, at + 1)) {
    const ports = portsSaid(tokenAround(text, at, host.length), host);
    if (ports.includes(address.port)) return true;
  }
  return false;
}

const SPACE = /[\s"'`“”‘’«»<>]/u;

/** The longest piece of text a URL is looked for in. */
const TOKEN_CHARS = 4_096;

/** The run of characters around a hit that belong together; empty when it is longer than any URL. */
function tokenAround(text: string, at: number, length: number): string {
  let start = at;
  while (start > 0 && !SPACE.test(text[start - 1] ?? "")) {
    start -= 1;
    if (at - start > TOKEN_CHARS) return "";
  }
  let end = at + length;
  while (end < text.length && !SPACE.test(text[end] ?? "")) {
    end += 1;
    if (end - at > TOKEN_CHARS) return "";
  }
  return text.slice(start, end);
}

const URL_START = /[a-z][a-z0-9+.-]*:\/\//u;

/** The ports a token stands for when it names `host`, and none when it names something else. */
function portsSaid(token: string, host: string): readonly number[] {
  const url = URL_START.exec(token);
  if (url !== null) {
    const scheme = url[0].slice(0, -3);
    const rest = token.slice(url.index + url[0].length);
    if (scheme === "https") return portsOf(rest, host, [443]);
    // Whoever names the plain site may be taken to its secured one.
    return scheme === "http" ? portsOf(rest, host, [80, 443]) : [];
  }
  for (const part of token.split(/[,;|()[\]{}]/u)) {
    const ports = portsOf(part, host, [443, 80]);
    if (ports.length > 0) return ports;
  }
  return [];
}

/** Reads `host[:port][/…]`; a user name before `@` would make it another host, and is refused. */
function portsOf(text: string, host: string, usual: readonly number[]): readonly number[] {
  const authority = text.split(/[/?#]/u, 1)[0] ?? "";
  if (!authority.startsWith(host)) return [];
  const rest = authority.slice(host.length);
  const match = /^\.?(?::(\d{1,5}))?[.,;:!?)\]}*_~]*$/u.exec(rest);
  if (match === null) return [];
  return match[1] === undefined ? usual : [Number(match[1])];
}

/** What decides whether a grant is a yes here and now. */
type Here = Pick<Standing, "now" | "skillHash" | "run">;

/** Every reason why a grant is no yes here and now; none when it holds. */
export function voids(grant: Grant, { now, skillHash, run }: Here): readonly DenyReason[] {
  const reasons: DenyReason[] = [];
  if (grant.revoked === true) reasons.push("deny:grant_revoked");
  if (grant.expires !== undefined && grant.expires <= now) reasons.push("deny:grant_expired");
  if (grant.run !== undefined && grant.run !== run) reasons.push("deny:grant_elsewhere");
  if (grant.hash !== null && grant.hash !== skillHash) reasons.push("deny:grant_suspended");
  return reasons;
}

/**
 * The grant a skill is judged by. A yes taken back, from everyone or from this agent, comes before
 * all others. What was said yes to for this run adds to what holds everywhere; where nothing
 * holds, the first that is there says why.
 */
export function grantFor(
  grants: readonly Grant[],
  skill: string | undefined,
  where: Here & { readonly agent: string },
): Grant | null {
  const own = grants.filter((grant) => grant.skill === skill);
  if (own.length === 0) return null;
  const taken = own.find(
    ({ revoked, agent }) => revoked === true && (agent === undefined || agent === where.agent),
  );
  if (taken !== undefined) return taken;
  const given = own.filter(({ revoked }) => revoked !== true);
  const holding = given.filter((grant) => voids(grant, where).length === 0);
  const [first] = holding;
  if (first === undefined) return given[0] ?? null;
  if (holding.length === 1) return first;
  return { ...first, scopes: [...new Set(holding.flatMap(({ scopes }) => scopes))] };
}
