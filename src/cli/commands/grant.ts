import type { Grant } from "../../contracts/config.ts";
import { NanosError } from "../../std/error.ts";
import { arg, type Command, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { table } from "../render/table.ts";
import { clockTime } from "../render/words.ts";

export const command: Command = {
  name: "grant",
  summary: "standing answers: what a skill may reach without asking",
  example: "nanos grant add web --net 127.0.0.1:4321 --until 2026-12-31",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all grants of this workspace",
      example: "nanos grant list --json",
      run: async (context) => {
        const grants = (await context.nanos()).grants.list();
        await show(context, grants, () =>
          grantTable(grants, context.clock.now(), context.terminal.columns),
        );
        return EXIT.succeeded;
      },
    },
    {
      name: "add",
      summary: "let a skill use its declared reach, and name destinations",
      example: "nanos grant add web --net example.org:443",
      args: [{ name: "SKILL", about: "the skill", required: true, offers: "skills" }],
      options: [
        { flag: "--net", value: "HOST:PORT", about: "a destination said yes to", many: true },
        { flag: "--until", value: "DATE", about: "void after that day, like 2026-12-31" },
      ],
      run: async (context, input) => {
        const until = untilOf(option(input, "--until"), context.clock.now());
        const net = input.options["--net"];
        const grant = await (
          await context.nanos()
        ).grants.add(arg(input, "SKILL"), {
          ...(net === undefined ? {} : { net }),
          ...(until === undefined ? {} : { until }),
        });
        await show(context, grant, () => [
          [span("granted ", "green"), grant.skill],
          ...grant.scopes.map((scope): Line => `  ${scope}`),
          [span(`nanos grant revoke ${grant.skill} takes it back`, "dim")],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "revoke",
      summary: "take a skill's grant back",
      example: "nanos grant revoke web",
      args: [{ name: "SKILL", about: "the skill", required: true, offers: "skills" }],
      run: async (context, input) => {
        const skill = arg(input, "SKILL");
        const revoked = await (await context.nanos()).grants.revoke(skill);
        if (!revoked) {
          throw new NanosError(
            "grant.not_found",
            `${skill} has no grant here.`,
            "nanos grant list shows those there are.",
          );
        }
        await show(context, { skill, revoked }, () => [[span("revoked ", "green"), skill]]);
        return EXIT.succeeded;
      },
    },
  ],
};

/** Grants as a table; an expired one says so. */
export function grantTable(grants: readonly Grant[], now: number, width: number): readonly Line[] {
  if (grants.length === 0) return ["No grants. nanos grant add SKILL gives one."];
  return table(
    [
      { title: "skill", text: ({ skill }) => skill, style: () => "bold" },
      { title: "until", text: (grant) => until(grant, now) },
      { title: "reach", text: ({ scopes }) => scopes.join(" ") || "what it declares" },
    ],
    grants,
    width,
  );
}

function until({ expires }: Grant, now: number): string {
  if (expires === undefined) return "no end";
  return expires <= now ? "expired" : clockTime(expires);
}

/** The end of the day named, or the moment named. */
function untilOf(given: string | undefined, now: number): number | undefined {
  if (given === undefined) return undefined;
  const day = /^\d{4}-\d{2}-\d{2}$/u.test(given);
  const at = Date.parse(day ? `${given}T23:59:59.999` : given);
  if (Number.isFinite(at) && at > now) return at;
  throw new NanosError(
    "usage.date",
    Number.isFinite(at) ? `${given} is over already.` : `${given} is not a date.`,
    "Write it as YEAR-MONTH-DAY, for example --until 2030-12-31.",
  );
}
