/**
 * `npm run bench`: the substrate's own cost on this machine, apart from the model's. Everything is
 * measured beside the least code that does the same job, in the same run and in turns; a target is
 * a ratio where it can be. Nothing here fails for being slow: it says by how much.
 *
 *     npm run bench                           one table, then one line of JSON for each of its lines
 *     npm run bench -- --quick                few rounds and no peers: to see that it works
 *     npm run bench -- --only step,journal    some rows
 *     npm run bench -- --json                 the lines of JSON alone
 */
import { parseArgs } from "node:util";
import { messageOf } from "../src/std/error.ts";
import { buildPrograms } from "./cases/start.ts";
import type { Found } from "./rounds.ts";
import { startMock, takeTurns } from "./rounds.ts";
import { installPeer } from "./peers.ts";
import type { Row } from "./row.ts";
import { ROWS } from "./rows.ts";
import { render, type Result, resultsOf } from "./table.ts";

interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly rows: readonly Row[];
}

async function main(args: readonly string[]): Promise<number> {
  const options = read(args);
  if (typeof options === "string") {
    console.error(options);
    return 2;
  }
  const results = await measure(options);
  if (!options.json) console.log(`${render(results)}\n`);
  for (const result of results) console.log(JSON.stringify(result));
  if (!options.json) console.log(`\n${summary(results)}`);
  return 0;
}

/** What is asked for, or the sentence that says what is wrong with it. */
function read(args: readonly string[]): Options | string {
  const flags = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { quick: flags, json: flags, only: { type: "string" } },
    });
    const names = values.only?.split(",");
    const unknown = names?.find((name) => !ROWS.some((row) => row.name === name));
    if (unknown !== undefined) {
      return `There is no row ${unknown}; there are ${ROWS.map(({ name }) => name).join(", ")}.`;
    }
    const rows = ROWS.filter(({ name }) => names?.includes(name) ?? true);
    return { quick: values.quick, json: values.json, rows };
  } catch (error) {
    return messageOf(error);
  }
}

async function measure({ quick, rows }: Options): Promise<readonly Result[]> {
  const mock = await startMock();
  const kept = new Map<string, Found>();
  try {
    const results: Result[] = [];
    for (const row of rows) {
      process.stderr.write(`${row.name} ...\n`);
      const found = await runRow(row, { url: mock.url, quick, kept });
      results.push(...resultsOf(row, found));
    }
    return results;
  } finally {
    await mock.close();
  }
}

/** Runs what of a row was not run for an earlier one. */
async function runRow(
  row: Row,
  { url, quick, kept }: { url: string; quick: boolean; kept: Map<string, Found> },
): Promise<ReadonlyMap<string, Found>> {
  const missing = await prepare(row, quick);
  for (const [name, why] of missing) kept.set(name, { why });
  const left = row.cases.filter((name) => !kept.has(name));
  const found = await takeTurns(left, quick ? 1 : row.rounds, { url, quick });
  for (const [name, one] of found) kept.set(name, one);
  return kept;
}

/** Installs and builds what a row needs; what cannot be had, with the reason. */
async function prepare(row: Row, quick: boolean): Promise<ReadonlyMap<string, string>> {
  const missing = new Map<string, string>();
  for (const [name, peer] of Object.entries(row.peers ?? {})) {
    const why = quick ? "--quick leaves peers out" : await installPeer(peer);
    if (why !== null) missing.set(name, `${peer} (${why})`);
  }
  for (const [name, why] of await buildPrograms(row.cases)) missing.set(name, why);
  return missing;
}

function summary(results: readonly Result[]): string {
  const targets = results.flatMap(({ target }) => (target ? [target] : []));
  const count = (met: boolean | null): number => targets.filter((one) => one.met === met).length;
  return `${targets.length} targets: ${count(true)} met, ${count(false)} missed, ${count(null)} not measured`;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
