/**
 * `npm run check`: everything a machine can say about the code, each part by its name. The last
 * line is `N passed, N failed`; what this machine cannot do is `not available: NAME (why)`.
 *
 *     npm run check                 all parts
 *     npm run check -- types lint   these
 */
import { join } from "node:path";
import { boundary, secrets } from "./check/boundary.ts";
import { coverage } from "./check/coverage.ts";
import { licences } from "./check/licences.ts";
import { packed } from "./check/packed.ts";

import { BUN, ROOT, run } from "./machine.ts";
import { tidy } from "./tidy.ts";

/** What a part found: nothing, sentences, or that it cannot be done here. */
export type Found =
  | { readonly state: "passed"; readonly note?: string }
  | { readonly state: "failed"; readonly says: string }
  | { readonly state: "not available"; readonly how: string };

type Part = readonly [name: string, check: () => Promise<Found>];

const PARTS: readonly Part[] = [
  ["types", () => program("typescript/bin/tsc", "--noEmit")],
  ["cockpit types", () => program("typescript/bin/tsc", "--noEmit", "-p", "src/cockpit")],
  ["lint", () => program("oxlint/bin/oxlint", "--type-aware", "--deny-warnings")],
  ["format", () => program("oxfmt/bin/oxfmt", "--list-different")],
  ["tidy", checkTidy],
  ["docs", checkDocs],
  [
    "dead code",
    () => program("knip/bin/knip.js", "--no-progress", "--treat-config-hints-as-errors"),
  ],
  ["licences", async () => licences(ROOT)],
  ["boundary", async () => result((await boundary(ROOT)).join("\n"))],
  ["secrets", async () => result((await secrets(ROOT)).join("\n"))],
  ["audit", audit],
  ["package", packed],
  ["coverage", coverage],
];

/** Runs a program of node_modules under this Bun; what it prints when it fails is the finding. */
async function program(file: string, ...args: string[]): Promise<Found> {
  const ran = await run([...BUN, join(ROOT, "node_modules", file), ...args]);
  return ran.code === 0 ? { state: "passed" } : { state: "failed", says: ran.text.trim() };
}

async function checkDocs(): Promise<Found> {
  // Loaded here: a command that does not load must fail this part, not all of them.
  const { docs } = await import("./docs.ts");
  return result((await docs({ write: false })).join("\n"));
}

function result(says: string): Found {
  return says === "" ? { state: "passed" } : { state: "failed", says };
}

async function checkTidy(): Promise<Found> {
  const { faults, totals } = tidy(ROOT);
  const says = faults.map(({ path, line, says: text }) => `${path}:${line}: ${text}`).join("\n");
  return says === "" ? { state: "passed", note: totals } : { state: "failed", says };
}

/** Known faults of what ships. A registry that has no such service is not a pass. */
async function audit(): Promise<Found> {
  const ran = await run(["npm", "audit", "--omit=dev", "--json"], { ms: 60_000 });
  const answer = parse(ran.stdout);
  if (typeof answer?.["auditReportVersion"] === "number") {
    return ran.code === 0 ? { state: "passed" } : { state: "failed", says: ran.stdout };
  }
  return { state: "not available", how: "the npm registry in use has no audit service" };
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.filter((name) => !PARTS.some(([part]) => part === name));
  if (unknown.length > 0) {
    console.error(`no part is called ${unknown.join(", ")}: ${PARTS.map(([n]) => n).join(", ")}`);
    return 2;
  }
  const counts = { passed: 0, failed: 0 };
  for (const [name, check] of PARTS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const found = await check().catch((error: unknown) => ({
      state: "failed" as const,
      says: String(error),
    }));
    if (found.state === "not available") console.log(`not available: ${name} (${found.how})`);
    else counts[found.state] += 1;
    if (found.state === "failed") console.log(`${found.says}\nfailed: ${name}\n`);
    if (found.state === "passed")
      console.log(`passed: ${name}${found.note ? ` (${found.note})` : ""}`);
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
