import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { ROOT } from "../scripts/machine.ts";
import { ALIASES } from "../src/home/settings/list.ts";
import { served } from "../src/server/testing/served.ts";

/** The page of facts, held against what is there; `npm run check` holds the code against the page. */

const PAGE = readFileSync(join(ROOT, "docs/reference/facts.md"), "utf8");

/** The names in backquotes after a heading in bold. */
function named(heading: string): readonly string[] {
  const [, line = ""] = new RegExp(`\\*\\*${heading}\\*\\*:([^\\n]*)`, "u").exec(PAGE) ?? [];
  return Array.from(line.matchAll(/`([^`]+)`/gu), ([, name = ""]) => name);
}

test("routes, tables, variables and memory decisions are those of a running home, and no others", async () => {
  const home = await served({ oauth: true });
  try {
    const key = await home.key({ agent: null });
    const { body } = await home.ask("GET", "/openapi.json", { key });
    const { paths } = body as { paths: Record<string, Record<string, unknown>> };
    const there = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...named("Routes")].toSorted()).toEqual(there.toSorted());

    await (
      await home.nanos.run({ text: "echo hello" })
    ).done;
    home.nanos.traces.list();
    home.nanos.memory.inbox();
    const machine = join(home.nanos.place.home, "machine");
    const tables = readdirSync(machine, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".db") && statSync(join(machine, file)).isFile())
      .flatMap((file) => tablesIn(join(machine, file)));
    for (const table of named("SQLite tables of the views")) expect(tables).toContain(table);
  } finally {
    await home.close();
  }
  const variables = ALIASES.map(({ name }) => name);
  const said = [...new Set(ALIASES.map(({ group }) => group))].flatMap(named);
  expect([...said].toSorted()).toEqual(variables.toSorted());
  expect(named("Memory decisions").toSorted()).toEqual([
    ...["allow:capture_only", "allow:dedupe_update", "allow:explicit_intent", "deny:error"],
    ...["deny:feature_disabled", "deny:no_explicit_intent", "deny:policy_write_disabled"],
    ...["deny:scrubbed_too_short", "deny:sensitive_content"],
  ]);
});

function tablesIn(file: string): readonly string[] {
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  db.close();
  return rows.map(({ name }) => String(name));
}
