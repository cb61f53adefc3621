import type { TrustView } from "../../contracts/nanos.ts";
import type { ApplyOffer, ImportOffer, Needs, ReachLine } from "../../contracts/portable.ts";
import type { Changes, Finding, SkillOffer, SkillView } from "../../contracts/skill.ts";
import { changeLines } from "./change.ts";
import { type Line, span, type Style } from "./line.ts";
import { fields, table } from "./table.ts";
import { clockTime, count, shortPath } from "./words.ts";

/** What is read before a yes: to a folder, to a skill, to what changed since the last one. */

/** What a yes to a folder would mean, file by file. */
export function trustLines(view: TrustView): readonly Line[] {
  const heading = view.changed
    ? "This folder's arrangement changed since it was trusted."
    : "This folder brings an arrangement that was never trusted.";
  const files = view.files.filter(({ state }) => !view.changed || state !== "same");
  return [
    [span(heading, "bold")],
    [span(`  ${view.dir}`, "dim")],
    "",
    ...files.map((file): Line => [
      span(`  ${SIGN[file.state].sign} `, SIGN[file.state].style),
      shortPath(file.path, view.dir),
      span(`  ${file.what}`, "dim"),
    ]),
    ...(view.changes ?? []).flatMap((change) => changeLines(change)),
    "",
    view.scopes.length === 0 ? "It asks for no reach." : [span("It asks for:", "bold")],
    ...view.scopes.map((scope): Line => `  ${scope}`),
    [span(`hash ${view.hash.slice(0, 16)}`, "dim")],
  ];
}

const SIGN: Readonly<
  Record<TrustView["files"][number]["state"], { readonly sign: string; readonly style: Style }>
> = {
  new: { sign: "+", style: "green" },
  changed: { sign: "~", style: "yellow" },
  removed: { sign: "-", style: "red" },
  same: { sign: "=", style: "dim" },
};

/** Skills, servers and bare tools as a table. */
export function skillTable(views: readonly SkillView[], width: number): readonly Line[] {
  if (views.length === 0) return ["No skills yet. nanos skill install PATH brings one."];
  return table(
    [
      { title: "skill", text: ({ name }) => name, style: () => "bold" },
      { title: "grant", text: stateWords },
      { title: "agents", text: ({ agents }) => agents.join(" ") || "-" },
      { title: "about", text: ({ description }) => description },
    ],
    views,
    width,
  );
}

/** One skill: what it may do first, then what changed since the yes. */
export function skillLines(view: SkillView): readonly Line[] {
  return [
    [span(view.name, "bold"), `  ${view.description}`],
    ...mayLines(view),
    ...fields([
      [view.kind, view.from],
      ["tools", view.tools.join(", ")],
      ["agents", view.agents.join(", ") || "none; nanos skill attach SKILL AGENT adds one"],
      ["grant", stateWords(view)],
      ["hash", view.hash?.slice(0, 16) ?? "not known before it is reached"],
    ]),
    ...(view.changes === null ? [] : ["", ...changesLines(view.changes)]),
  ];
}

/** What it may do, one line each. */
export function mayLines({ may, terms }: Pick<SkillView, "may" | "terms">): readonly Line[] {
  return [
    ...(may.length === 0 ? ["  may reach nothing: it is text for a model"] : may).map(
      (words): Line => `  ${words.replace(/^ */u, "")}`,
    ),
    ...(terms === undefined ? [] : [[span("  terms  ", "dim"), terms]]),
  ];
}

function stateWords({ state, grant }: SkillView): string {
  switch (state) {
    case "granted":
      return grant?.expires === undefined ? "granted" : `until ${clockTime(grant.expires)}`;
    case "none":
      return "none: what is dangerous asks each time";
    case "one run":
      return `for run ${grant?.run ?? "?"} only`;
    case "expired":
      return "expired";
    case "suspended":
      return "suspended: it changed";
    case "revoked":
      return "revoked";
  }
}

/** What changed since a yes: new reach first, then files and tools line by line. */
export function changesLines(changes: Changes): readonly Line[] {
  const { scopes, files, tools, unknown } = changes;
  return [
    [span("Changed:", "bold")],
    ...scopes.added.map((words): Line => [span("  + ", "yellow"), `now asks to ${words}`]),
    ...scopes.removed.map((words): Line => [span("  - ", "dim"), `no longer asks to ${words}`]),
    ...(unknown ? ["  What it was then is not kept; read what is there now."] : []),
    ...files.flatMap((change) => changeLines(change)),
    ...tools.flatMap((change) => changeLines(change)),
  ];
}

/** A skill as it is offered: what it may do, what it is made of, what was found in it. */
export function offerLines(offer: SkillOffer): readonly Line[] {
  const { name, description, from, files, hash, changes, findings, more, there, asks } = offer;
  const shown = files.slice(0, MOST_FILES);
  return [
    [span(name, "bold"), `  ${description}`],
    [
      span(
        `  ${there === "no" ? "new" : "in place of the one that is there"}, from ${from}`,
        "dim",
      ),
    ],
    ...mayLines(offer),
    ...fields([
      ["wants", asks === undefined ? "" : `${asks.join(" ")}; nothing is granted by it`],
      ["needs", offer.compatibility ?? ""],
      ["licence", offer.license ?? ""],
    ]),
    "",
    ...shown.map(({ path, what }): Line => [`  ${path}`, span(`  ${what}`, "dim")]),
    ...(files.length > shown.length ? [`  … ${files.length - shown.length} more files`] : []),
    [span(`  hash ${hash.slice(0, 16)}`, "dim")],
    ...(changes === null ? [] : ["", ...changesLines(changes)]),
    ...findingLines(findings, more),
  ];
}

/** Files of an offer that are listed; `--json` has them all. */
const MOST_FILES = 40;

/** What was found in a skill's texts, each with its place. */
export function findingLines(findings: readonly Finding[], more: number): readonly Line[] {
  if (findings.length === 0) return [];
  return [
    "",
    [span("Found in its texts, to be read before a yes:", "bold")],
    ...findings.flatMap(({ code, severity, path, line, says, text }): readonly Line[] => [
      [
        span(severity === "severe" ? "  ! " : "  · ", severity === "severe" ? "red" : "yellow"),
        `${path}${line === 0 ? "" : `:${line}`} ${says}`,
        span(`  ${code}`, "dim"),
      ],
      ...(text === "" ? [] : [[span(`      ${text}`, "dim")]]),
    ]),
    ...(more === 0 ? [] : [`  … ${count(more, "more finding")} not shown`]),
  ];
}

/** What an arrangement names and does not hold. */
export function needsLines({ secrets, env }: Needs): readonly Line[] {
  return [
    ...secrets.map((name): Line => `  needs the secret ${name}: nanos secret set ${name}`),
    ...env.map((name): Line => `  needs the environment variable ${name}`),
  ];
}

/** What taking an arrangement over would change: what may be done first, then the texts. */
export function takeoverLines(offer: ApplyOffer | ImportOffer): readonly Line[] {
  const { name, dir, fresh, from, reach, files, hash, needs, findings, more } = offer;
  return [
    [span(name, "bold"), `  from ${from}`],
    [span(`  ${fresh ? "new in" : "in place of what is in"} ${dir}`, "dim")],
    "",
    ...(reach.length === 0
      ? ["It changes nothing of what may be done."]
      : [[span("It changes what may be done:", "bold")], ...reach.map(reachLine)]),
    ...needsLines(needs),
    ...("left" in offer ? leftLines(offer) : []),
    "",
    ...files.flatMap((change) => changeLines(change)),
    [span(`  hash ${hash.slice(0, 16)}`, "dim")],
    ...findingLines(findings, more),
  ];
}

function leftLines({ format, left }: ImportOffer): readonly Line[] {
  if (left.length === 0) return [];
  return [
    "",
    [span(`Not taken over from ${format}:`, "bold")],
    ...left.map(({ what, why }): Line => [`  - ${what}`, span(`  ${why}`, "dim")]),
  ];
}

function reachLine({ sign, says, standing }: ReachLine): Line {
  return [
    span(`  ${sign} `, MARKS[sign]),
    says,
    span(standing ? "  nobody is asked about it later" : "", "red"),
  ];
}

const MARKS: Readonly<Record<ReachLine["sign"], Style>> = {
  "+": "yellow",
  "-": "dim",
  "~": "yellow",
};
