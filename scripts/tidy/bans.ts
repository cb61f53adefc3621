import { isIn, lineAt, type Fault, type House } from "./house.ts";

interface Ban {
  /** As written in the block. */
  readonly written: string;
  readonly pattern: RegExp;
  /** What it is looked for in. */
  readonly part: "code" | "comments" | "imports";
  readonly instead: string;
  readonly places: readonly string[];
}

/** Calls, imports and marks that have a named replacement and are used outside their places. */
export function bans(house: House): Fault[] {
  const list = house.block("bans").map(readBan);
  const faults: Fault[] = [];
  for (const source of house.sources) {
    for (const ban of list) {
      if (isIn(source.path, ban.places)) continue;
      const says = `${ban.written} is banned here: ${ban.instead}`;
      for (const line of linesWith(ban, source)) faults.push({ path: source.path, line, says });
    }
  }
  return faults;
}

/** `PATTERN | instead | places`; `//` before a pattern looks in comments, a colon in imports. */
function readBan(row: string): Ban {
  const [written = "", instead = "", places = ""] = row.split(" | ").map((cell) => cell.trim());
  const inComments = written.startsWith("// ");
  const literal = inComments ? written.slice(3) : written;
  const part = inComments ? "comments" : /^(?:node|bun):/u.test(literal) ? "imports" : "code";
  const body = literal
    .replace(/[.+?^${}()|[\]\\]/gu, "\\$&")
    .replace(/\*$/u, "[\\w./-]*")
    .replace("\\(\\)", "\\(\\s*\\)")
    .replace(/ +/gu, "\\s*");
  const start = /^\w/u.test(literal) ? "(?<![\\w$.])" : "";
  const end = /\w$/u.test(literal) ? "(?![\\w$])" : "";
  return {
    written: literal,
    pattern: new RegExp(part === "imports" ? `^${body}$` : `${start}${body}${end}`, "gu"),
    part,
    instead,
    places: places.split(/\s+/u).filter((place) => place !== "" && place !== "-"),
  };
}

function linesWith(ban: Ban, source: House["sources"][number]): number[] {
  if (ban.part === "imports") {
    return source.imports
      .filter((entry) => new RegExp(ban.pattern.source, "u").test(entry.specifier))
      .map((entry) => entry.line);
  }
  const text = ban.part === "code" ? source.code : source.comments;
  return Array.from(text.matchAll(ban.pattern), (match) => lineAt(text, match.index));
}
