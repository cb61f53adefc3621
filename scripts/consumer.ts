/**
 * Installs the packed tarball in a project of its own and uses it as a library and as a command:
 * `bun scripts/consumer.ts`. The types are checked, the program runs on Bun and on Node 24. The
 * last line is `N passed, N failed`.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUN, cleanEnv, inTempFolder, needNode, ROOT, run, type Ran } from "./machine.ts";

/** Opens a home, makes an arrangement, calls a tool, verifies; prints `library works`. */
const PROGRAM = `
import { init, look, openNanos } from "nanos";
import { tool, z } from "nanos/tool";
import type { Model } from "nanos/model";

const echo = tool({
  name: "say",
  description: "Says it.",
  input: z.object({ text: z.string() }),
  run: ({ text }) => text,
});
if (echo.definition.name !== "say") throw new Error("the tool is not what was defined");

const home = process.argv[2];
if (home === undefined) throw new Error("no home");
const found = await look({ home, cwd: home, env: {} });
if (found.kind !== "empty") throw new Error(\`expected an empty home, found \${found.kind}\`);
await init({ home, cwd: home, env: {} }, "toy");

const nanos = await openNanos({ home, cwd: home, env: {} });
const handle = await nanos.tools.call("calculate", { operation: "multiply", a: 6, b: 7 });
const state = await handle.done;
if (state.state !== "ended") throw new Error(\`the call is \${state.state}\`);
const text: string = JSON.stringify(nanos.traces.show(handle.run).steps);
if (!text.includes("42")) throw new Error(\`no answer in \${text}\`);
if (!nanos.traces.verify().ok) throw new Error("the journal does not verify");
await nanos.close();

export const named = (model: Model): string => model.name;
console.log("library works");
`;

const TSCONFIG = {
  compilerOptions: {
    target: "ES2024",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    types: [],
    lib: ["ES2024", "DOM", "ESNext.Disposable"],
  },
  files: ["main.ts", "globals.d.ts"],
};

async function main(): Promise<number> {
  const counts = { passed: 0, failed: 0 };
  const note = (name: string, ran: Ran, says = ""): boolean => {
    const good = ran.code === 0 && ran.stdout.includes(says);
    counts[good ? "passed" : "failed"] += 1;
    console.log(`${good ? "passed" : "failed"}: ${name}${good ? "" : `\n${ran.text}`}`);
    return good;
  };
  await inTempFolder("nanos-consumer", async (folder) => {
    const project = join(folder, "project");
    mkdirSync(project);
    const home = (name: string): string => join(folder, name);
    const packed = await run(["npm", "pack", "--pack-destination", folder]);
    if (!note("npm pack", packed)) return;
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
    writeProject(project);
    const flags = ["--no-audit", "--no-fund", "--loglevel=error"];
    const install = ["npm", "install", ...flags, join(folder, tarball)];
    if (!note("npm install of the tarball", await run(install, { cwd: project }))) return;

    const env = cleanEnv(folder);
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    note("types", await run([...BUN, tsc, "-p", "."], { cwd: project }));
    const onBun = [...BUN, "main.ts", home("bun")];
    note("runs on Bun", await run(onBun, { cwd: project, env }), "library works");
    const node = await needNode();
    const onNode = [node ?? "node", "main.ts", home("node")];
    note("runs on Node 24", await run(onNode, { cwd: project, env }), "library works");
    const command = [join(project, "node_modules/.bin/nanos"), "--version"];
    note("the command starts", await run(command, { cwd: project, env }));
  });
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 ? 0 : 1;
}

function writeProject(project: string): void {
  const manifest = { name: "consumer", version: "1.0.0", type: "module", private: true };
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ ...manifest, allowScripts: { bun: true } }),
    "tsconfig.json": JSON.stringify(TSCONFIG),
    "main.ts": PROGRAM,
    "globals.d.ts": "declare const process: { readonly argv: readonly string[] };\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
}

process.exitCode = await main();
