import type { Nanos, Posture, ToolLine } from "../../contracts/nanos.ts";
import { type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { fields } from "../render/table.ts";
import { type Line, span } from "../render/line.ts";
import { fitLine } from "../render/width.ts";
import { count } from "../render/words.ts";

export const command: Command = {
  name: "show",
  summary: "the whole arrangement on one page",
  example: "nanos show",
  run: async (context) => {
    const nanos = await context.nanos();
    const tools = await nanos.tools.list();
    const posture = await nanos.models.posture();
    const { columns } = context.terminal;
    await show(context, { ...pageOf(nanos, tools), posture }, () =>
      arrangementPage(nanos, tools, posture).map((line) => fitLine(line, columns)),
    );
    return EXIT.succeeded;
  },
};

/** The arrangement as plain data, for `--json`. */
function pageOf(nanos: Nanos, tools: readonly ToolLine[]): Readonly<Record<string, unknown>> {
  const { manifest, hash, rules, routes, warnings } = nanos.arrangement;
  return {
    manifest,
    hash,
    place: nanos.place,
    agents: nanos.agents.list().map((agent) => agent.manifest),
    skills: [...nanos.arrangement.skills.values()].map(({ head, manifest: own, dir }) => ({
      ...head,
      ...own,
      dir,
    })),
    tools,
    models: nanos.models.list(),
    grants: nanos.grants.list(),
    rules,
    routes,
    warnings,
  };
}

/** The arrangement for people: who there is, what they may use, what was said yes to. */
export function arrangementPage(
  nanos: Nanos,
  tools: readonly ToolLine[],
  posture: Posture,
): readonly Line[] {
  const { arrangement, place } = nanos;
  const inUse = nanos.models.list().find((model) => model.inUse);
  return [
    [span(arrangement.manifest.name, "bold"), `  ${arrangement.manifest.description ?? ""}`],
    ...fields([
      ["folder", place.arrangementDir ?? "none"],
      ["workspace", place.workspace],
      ["home", place.home],
      ["model", inUse === undefined ? "none chosen" : `${inUse.name} (${inUse.config.adapter})`],
      ["privacy", posture.says],
      ["sandbox", place.tier ?? "none: tools can not run, see nanos doctor"],
      ["hash", arrangement.hash.slice(0, 16)],
    ]),
    ...section("Agents", agentRows(nanos)),
    ...section("Skills", skillRows(nanos, tools)),
    ...section("Tools without a skill", toolRows(nanos, tools)),
    ...section("Grants", grantRows(nanos)),
    "",
    `${count(arrangement.rules.length, "rule")}, ${count(arrangement.routes.length, "route")}`,
    ...arrangement.warnings.map((warning): Line => [span("! ", "yellow"), warning]),
  ];
}

function section(title: string, rows: readonly Line[]): readonly Line[] {
  return rows.length === 0 ? [] : ["", [span(title, "bold")], ...rows];
}

function agentRows(nanos: Nanos): readonly Line[] {
  return nanos.agents.list().map(({ manifest }): Line => {
    const uses = [...manifest.skills, ...(manifest.tools ?? [])].join(", ") || "no skills";
    const asks = manifest.agents.length === 0 ? "" : ` → ${manifest.agents.join(", ")}`;
    return [`  ${manifest.name}`, span(`  ${uses}${asks}`, "dim")];
  });
}

function skillRows(nanos: Nanos, tools: readonly ToolLine[]): readonly Line[] {
  return [...nanos.arrangement.skills.values()].flatMap(({ head, manifest }): readonly Line[] => {
    const own = tools.filter((tool) => tool.skill === head.name).map(({ name }) => name);
    return [
      [`  ${head.name}`, span(`  ${own.join(", ") || "instructions only"}`, "dim")],
      ...(manifest.scopes.length === 0
        ? []
        : [[span(`    ${manifest.scopes.join("  ")}`, "cyan")]]),
    ];
  });
}

function toolRows(nanos: Nanos, tools: readonly ToolLine[]): readonly Line[] {
  return tools
    .filter((tool) => !nanos.arrangement.skills.has(tool.skill))
    .map((tool): Line => [`  ${tool.name}`, span(`  ${tool.scopes.join("  ")}`, "cyan")]);
}

function grantRows(nanos: Nanos): readonly Line[] {
  return nanos.grants
    .list()
    .map(({ skill, scopes }): Line => [`  ${skill}`, span(`  ${scopes.join("  ")}`, "cyan")]);
}
