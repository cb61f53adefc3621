/**
 * `npm run docs`: writes docs/reference/*.md from the code, so that they cannot lie about it.
 * `npm run check` compares them and fails when one is stale.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GLOBAL_OPTIONS, type Command } from "../src/cli/command.ts";
import { EXIT } from "../src/cli/exit.ts";
import { EventBody } from "../src/contracts/event.ts";
import { REASONS } from "../src/contracts/reason.ts";
import { PUBLISHED } from "../src/contracts/schemas.ts";
import { traitsAt } from "../src/evolution/traits.ts";
import { INSTRUMENTS } from "../src/evolution/cognition/instruments.ts";
import type { Param, Parameters } from "../src/server/openai/params.ts";
import { ALIASES } from "../src/home/settings/list.ts";
import type { Route } from "../src/server/route.ts";
import { LIMITS } from "../src/std/limits.ts";
import { codesOf } from "./errors/codes.ts";
import { contractParts } from "./contracts.ts";
import { ROOT } from "./machine.ts";
import { readHouse, readText } from "./tidy/house.ts";

const FOLDER = join(ROOT, "docs/reference");

/** Compares the pages with the code, or writes them. @returns a sentence per stale page. */
export async function docs({ write }: { readonly write: boolean }): Promise<readonly string[]> {
  const pages = await render();
  const stale: string[] = [...coded().faults];
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of pages) {
    const file = join(FOLDER, name);
    if (readText(file) === text) continue;
    if (write) writeFileSync(file, text);
    stale.push(`docs/reference/${name} differs from the code; write it again: npm run docs`);
  }
  for (const name of existsSync(FOLDER) ? readdirSync(FOLDER) : []) {
    if (!pages.has(name)) stale.push(`docs/reference/${name} is not a page of scripts/docs.ts`);
  }
  return stale;
}

async function render(): Promise<ReadonlyMap<string, string>> {
  // Imported late: the list of commands brings every command with it.
  const { MENU } = await import("../src/cli/commands.ts");
  const { ROUTES } = await import("../src/server/routes.ts");
  const { PARAMETERS } = await import("../src/server/openai/params.ts");
  const commands = await Promise.all(MENU.names.map((name) => MENU.load(name)));
  return new Map([
    ["cognition.md", cognitionPage()],
    ["commands.md", commandsPage(commands)],
    ["contracts.md", contractsPage()],
    ["environment.md", environmentPage()],
    ["errors.md", errorsPage(coded())],
    ["events.md", eventsPage()],
    ["exit-codes.md", exitPage()],
    ["facts.md", factsPage(ROUTES)],
    ["limits.md", limitsPage()],
    ["parameters.md", parametersPage(PARAMETERS)],
    ["reasons.md", reasonsPage()],
    ["routes.md", routesPage(ROUTES)],
    ["schemas.md", schemasPage()],
    ["traits.md", traitsPage()],
  ]);
}

/** Codes of failures and what is wrong with how they are told of, read once. */
let read: ReturnType<typeof codesOf> | null = null;
function coded(): ReturnType<typeof codesOf> {
  const kinds = new Set<string>(EventBody.options.map(({ shape }) => shape.kind.value));
  read ??= codesOf(readHouse(ROOT).sources, kinds);
  return read;
}

function routesPage(routes: readonly Route[]): string {
  const rows = routes.map(({ method, path, needs, summary }) => [
    `\`${method} ${path}\``,
    WHO[needs],
    summary,
  ]);
  return page(
    "Routes",
    "What `nanos serve` answers. The shapes are in `/openapi.json`, which is made of the same list.",
    "src/server/routes.ts",
    table(["route", "who may", "what"], rows),
  );
}

function parametersPage(all: readonly Parameters[]): string {
  const parts = all.map(({ route, params }) => {
    const rows = params.map((param) => [`\`${param.name}\``, becomes(param)]);
    return `## \`${route}\`\n\n${table(["parameter", "what becomes of it"], rows)}`;
  });
  return page(
    "Parameters",
    "What becomes of each parameter that clients of OpenAI and of Ollama send ([the server](../server.md)). " +
      "One that is not here is refused by its name, as those are that say so: nothing is let pass without effect.",
    "src/server/openai/params.ts",
    ...parts,
  );
}

function becomes({ does, setting, idle = [], next = "" }: Param): string {
  if (setting !== undefined) return `${does}; refused where that takes none`;
  if (does !== undefined) return does;
  const but = idle.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
  return `refused${but === "" ? "" : `, but for ${but}`}. ${next}`.trim();
}

const WHO: Readonly<Record<Route["needs"], string>> = {
  nothing: "anybody",
  key: "a key",
  operator: "the operator's own key",
};

/** A page: title, what it is, what it is written from, then its parts. */
function page(title: string, about: string, from: string, ...parts: readonly string[]): string {
  return `# ${title}\n\n${about}\n\nWritten from \`${from}\` by \`npm run docs\`.\n\n${parts.join("\n\n")}\n`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

function environmentPage(): string {
  const groups = [...new Set(ALIASES.map(({ group }) => group))];
  return page(
    "Variables of the environment",
    "Names by which former programs were set up. Each stands for a key of `config.yaml`. What that file " +
      "says stands: a variable fills in what it leaves open, or narrows it, and none loosens anything. " +
      "They are read from the environment, or from a file that is named (`nanos show --env-file FILE`); no " +
      "`.env` is read by itself. One that is refused is named at the start, with exit code 2.",
    "src/home/settings/list.ts",
    ...groups.map((group) => {
      const rows = ALIASES.filter((one) => one.group === group);
      const cells = rows.map(({ name, key, effect }) => [`\`${name}\``, `\`${key}\``, effect]);
      return `## ${group}\n\n${table(["variable", "key", "effect or refusal"], cells)}`;
    }),
  );
}

/** Tables under the names former programs had them by. */
const VIEW_TABLES = ["traces", "trace_steps", "memory_candidates"];

/** Facts others hold us to, on one page; test/facts.test.ts holds them against what is there. */
function factsPage(routes: readonly Route[]): string {
  const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
  const groups = [...new Set(ALIASES.map(({ group }) => group))];
  const flags = groups.map((group) => {
    const own = ALIASES.filter((one) => one.group === group);
    return `- **${group}**: ${list(own.map(({ name }) => name))}`;
  });
  // What cannot be told, or another layer forbids, is an error to whoever wanted it remembered.
  const layer = `${readText(join(ROOT, "src/gate/layers/remember.ts"))}"deny:error"`;
  const remembers = Object.keys(REASONS).filter((name) => layer.includes(`"${name}"`));
  return page(
    "Facts",
    "What this is, in names that are checked: each against the running server, the home's files or the " +
      "code, and the other way round.",
    "src",
    `- **Routes**: ${list(routes.map(({ method, path }) => `${method} ${path}`))}`,
    "- **Default bind**: `127.0.0.1:8088`",
    flags.join("\n"),
    `- **SQLite tables of the views**: ${list(VIEW_TABLES)}`,
    `- **Memory decisions**: ${list(remembers)}`,
    "- **Non-goals**: not a cloud or SaaS platform; no autonomous multi-agent planning in the core.",
  );
}

function reasonsPage(): string {
  const rows = Object.entries(REASONS).map(([name, text]) => [`\`${name}\``, text]);
  return page(
    "Reasons",
    "Every decision of the gate gives one of these and no other.",
    "src/contracts/reason.ts",
    table(["reason", "allowed, asked or denied because"], rows),
  );
}

function exitPage(): string {
  const rows = Object.entries(EXIT).map(([name, code]) => [String(code), name]);
  return page(
    "Exit codes",
    "What a program reads off `nanos`.",
    "src/cli/exit.ts",
    table(["code", "means"], rows),
  );
}

function schemasPage(): string {
  const rows = PUBLISHED.map(({ name, title }) => [
    `[\`${name}\`](../../schemas/${name}.json)`,
    title,
  ]);
  return page(
    "Schemas",
    "Every shape that is stored, sent or written by hand, as JSON Schema 2020-12.",
    "src/contracts/schemas.ts",
    table(["schema", "describes"], rows),
  );
}

function traitsPage(): string {
  const rows = traitsAt({ stage: "APEX", proven: 0, rate: 0 }, []).map(
    ({ trait, from, does, where, use }) => [
      `\`${trait}\``,
      from,
      does,
      where,
      { switched: "by you", always: "always there", none: "-" }[use],
    ],
  );
  return page(
    "Traits",
    "What each stage makes available ([stage and traits](../evolution.md)). None takes an ask away.",
    "src/evolution/traits.ts",
    table(["trait", "from", "does", "where", "switched on"], rows),
  );
}

function cognitionPage(): string {
  const rows = Object.entries(INSTRUMENTS).map(([name, { about, kinds }]) => [
    `\`${name}\``,
    about,
    Object.keys(kinds).join(", "),
  ]);
  return page(
    "Cognition",
    "What `nanos cognition` reads off what was noted. Every number is worked out from the journal; " +
      "none is kept, and none can be given. Where there is too little, nothing is said.",
    "src/evolution/cognition/instruments.ts",
    table(["instrument", "what it computes", "kinds of thoughts it brings"], rows),
  );
}

function contractsPage(): string {
  return page(
    "Contracts, version 1",
    "What agents, skills, tools and arrangements are written by. These shapes are only ever added to: " +
      "what fits today loads in every later version. `nanos check PATH` says whether a file fits; " +
      "[conformance/v1](../../conformance/v1) holds files that fit and files that do not, frozen.",
    "src/contracts/schemas.ts",
    ...contractParts(),
  );
}

function eventsPage(): string {
  const rows = EventBody.options.map(({ shape }) => {
    const { kind, ...fields } = shape;
    return [`\`${kind.value}\``, Object.keys(fields).join(", ")];
  });
  return page(
    "Events",
    "The kinds of journal entries and the fields of their bodies.",
    "src/contracts/event.ts",
    table(["kind", "body"], rows),
  );
}

/** The comment over each limit; one without a comment continues the one above it. */
function limitsPage(): string {
  const text = ["limits", "limits/agents", "limits/engine", "limits/network", "limits/schedule"]
    .map((name) => readText(join(ROOT, `src/std/${name}.ts`)))
    .join("\n");
  const comments = new Map<string, string>();
  for (const match of text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(\w+):/gu)) {
    const [, comment = "", name = ""] = match;
    comments.set(name, comment.replace(/\s*\n\s*\*\s*/gu, " ").trim());
  }
  const rows = Object.entries(LIMITS).map(([name, value]) => [
    `\`${name}\``,
    value.toLocaleString("en"),
    comments.get(name) ?? "as above",
  ]);
  return page(
    "Limits",
    "Bytes, milliseconds and counts, as the names say. Reaching one is an outcome, not a crash.",
    "src/std/limits.ts",
    table(["limit", "value", "what it bounds"], rows),
  );
}

/** Codes as they stand in the code, each with its sentence and the next step. */
function errorsPage({ codes }: ReturnType<typeof codesOf>): string {
  const rows = codes.map(({ code, says, next, from }) => [
    ...[`\`${code}\``, says, next],
    from.join(", "),
  ]);
  return page(
    "Troubleshooting: error codes",
    "The `code` of a failure is stable, for programs, and stands in brackets after its sentence. Each is " +
      "here as it is said where it is raised (`…` is put in); `nanos why CODE` says the same in the " +
      "terminal. `nanos doctor` names what is missing on this machine, and `nanos why STEP` says which " +
      "layer and line decided.",
    "src",
    table(["code", "says", "what to do", "from"], rows),
  );
}

function commandsPage(commands: readonly Command[]): string {
  const listed = commands.filter(({ former }) => former !== true);
  const former = commands.filter(({ former: old }) => old === true);
  const flags = table(
    ["flag", "does"],
    GLOBAL_OPTIONS.map(({ flag, value, about }) => [
      `\`${flag}${value ? ` ${value}` : ""}\``,
      about,
    ]),
  );
  return page(
    "Commands",
    "`nanos COMMAND --help` says the same in the terminal.",
    "src/cli/commands.ts",
    `Every command takes:\n\n${flags}`,
    ...listed.map((command) => commandPart(command, "nanos", 2)),
    ...(former.length === 0
      ? []
      : [
          `## Names of former programs\n\n${former.map(({ name, summary }) => `- \`nanos ${name}\`: ${summary}`).join("\n")}`,
        ]),
  );
}

function commandPart(command: Command, before: string, level: number): string {
  // The session is what `nanos` alone opens.
  const name = command.name === "session" ? before : `${before} ${command.name}`;
  const args = (command.args ?? []).map(({ name: arg, required, rest }) => {
    const text = rest === true ? `${arg}...` : arg;
    return required === true ? text : `[${text}]`;
  });
  const options = (command.options ?? []).map(({ flag, value, about }) => [
    `\`${flag}${value ? ` ${value}` : ""}\``,
    about,
  ]);
  const list = (command.args ?? []).map(({ name: arg, about }) => `- \`${arg}\`: ${about}`);
  return [
    `${"#".repeat(level)} \`${[name, ...args].join(" ")}\``,
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    ...(command.aliases?.length ? [`Also: ${command.aliases.join(", ")}.`] : []),
    `    ${command.example}`,
    ...(list.length === 0 ? [] : [list.join("\n")]),
    ...(options.length === 0 ? [] : [table(["flag", "does"], options)]),
    ...(command.subs ?? []).map((sub) => commandPart(sub, name, level + 1)),
  ].join("\n\n");
}

if (import.meta.main) {
  const stale = await docs({ write: !process.argv.includes("--check") });
  for (const line of stale) console.log(line);
}
