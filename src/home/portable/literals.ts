import { isNoPlaceholder } from "../../std/sensitive/carriers.ts";
import { findSensitive } from "../../std/sensitive/sensitive.ts";
import { storedMatcher, type StoredMatcher } from "../../std/sensitive/stored.ts";
import { isObject } from "../../std/json.ts";
import { readingsOf, type TreeFile } from "../files.ts";

/** A secret that stands in a file as it is. It is named by what it is, never shown. */
export interface Literal {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly what: string;
}

/** The secrets that stand in these files: stored ones, and what has the shape of one. */
export function literalsIn(
  files: readonly TreeFile[],
  stored: ReadonlyMap<string, { readonly value: string }>,
): readonly Literal[] {
  const matcher = storedMatcher([...stored].map(([name, { value }]) => ({ name, value })));
  return files.flatMap(({ path, content }) => {
    const found = readingsOf(content).texts.flatMap((text) => literalsOf(path, text, matcher));
    return [...new Map(found.map((one) => [`${one.line} ${one.what}`, one])).values()];
  });
}

function literalsOf(path: string, text: string, matcher: StoredMatcher): readonly Literal[] {
  const at = (what: string, start: number): Literal => ({ path, line: lineOf(text, start), what });
  const known = matcher.find(text).map(({ name, start }) => at(`the secret ${name}`, start));
  const shaped = findSensitive(text)
    .filter((hit) => hit.class === "secret" && isWhole(hit.kind, text.slice(hit.start, hit.end)))
    .map(({ kind, start }) => at(kind, start));
  return [...known, ...shaped, ...flagLiterals(path, text), ...serverLiterals(path, text)];
}

/** A value that is handed to a program or server as the argument after a flag for a key. */
function flagLiterals(path: string, text: string): Literal[] {
  if (!/\.(?:json|ya?ml)$/u.test(path)) return [];
  return [...text.matchAll(FLAG)].flatMap(({ index, groups = {} }): Literal[] => {
    const { flag = "", value = "" } = groups;
    if (HANDLE.test(value) || !isNoPlaceholder(value)) return [];
    return [{ path, line: lineOf(text, index), what: `a value for ${flag}` }];
  });
}

/** `"--token", "VALUE"` in JSON, and in YAML as well with an item a line. */
const FLAG =
  /(?<flag>--?[\w-]{0,40}(?:token|secret|passw(?:or)?d|api-?key|credential)s?)["']?[ \t]{0,8}(?:,\s{0,40}|\n[ \t]{0,40}-[ \t]{1,8})["']?(?<value>[^\s"',\]}-][^\s"',\]}]{5,256})/giu;

/** A rule that looks for keys names how one begins, and holds none. */
function isWhole(kind: string, text: string): boolean {
  return (
    kind !== "private-key" || /[A-Za-z0-9+/]{40}/u.test(text.replaceAll(/-----[^-]*-----/gu, ""))
  );
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Headers and variables of a server that are there to hold a key. */
function serverLiterals(path: string, text: string): Literal[] {
  if (!/(?:^|\/)mcp\.json$/u.test(path)) return [];
  const servers = serversIn(text);
  return servers.flatMap((server) =>
    [server["env"], server["headers"]].filter(isObject).flatMap((fields) =>
      Object.entries(fields).flatMap(([name, value]): Literal[] => {
        if (typeof value !== "string" || !OPENS.test(name) || HANDLE.test(value) || value === "")
          return [];
        return [
          {
            path,
            line: lineOf(text, Math.max(0, text.indexOf(name))),
            what: `a value for ${name}`,
          },
        ];
      }),
    ),
  );
}

const OPENS = /token|secret|passw|api[-_]?key|authorization|cookie|credential/iu;
/** A value that stands for another: a handle, a variable. */
const HANDLE = /\$\{?\w|\{\{|secret:/u;

function serversIn(text: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const data: unknown = JSON.parse(text);
    const servers = isObject(data) ? data["mcpServers"] : null;
    return isObject(servers) ? Object.values(servers).filter(isObject) : [];
  } catch {
    return [];
  }
}
