/**
 * `npm test`: runs every test in minutes on a fresh machine. What tests need beyond npm it installs
 * where it can; what is missing is said as `not available: NAME (how to install)` and counted
 * apart, never as passed. The last line is `N passed, N failed`.
 *
 *     npm test                                 everything, and the organs on Node 24 as well
 *     npm test -- ./src/gate                   what lies there, on Bun
 *     npm test -- --node ./src/gate            what lies there, on Node 24
 *     npm test -- --binary=dist/nanos ./test   the stories, on a built binary
 *     npm test -- --coverage                   and judges how much of src they run
 *     npm test -- --no-install                 without installing anything on this machine
 *     npm run soak                             everything, with the long drills in full
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  BUN,
  cleanEnv,
  inTempFolder,
  need,
  needNode,
  needPackages,
  ROOT,
  run,
  which,
} from "./machine.ts";
import { build } from "./build.ts";
import { cockpit } from "./build/cockpit.ts";
import { runtimeFor } from "./release/runtime.ts";
import { coverageFlags, judgeReport } from "./check/coverage.ts";
import { readHouse } from "./tidy/house.ts";

/** Where tests are beside src and the stories. */
const BESIDE = ["./scripts", "./starters", "./bench"];
/** Parts of src that must run on Node too; the others stand on the seams to Bun. */
const ON_NODE = [
  "std",
  "contracts",
  "home",
  "journal",
  "vault",
  "memory",
  "models",
  "gate",
  "kernel",
];
const ALSO_ON_NODE = new RegExp(`<testcase [^>]*file="src/(?:${ON_NODE.join("|")})/`, "gu");
/** Programs the tests use, each with the Debian package that brings it; two read files of deploy/. */
const PROGRAMS = [
  ["bwrap", "bubblewrap"],
  ["tmux", "tmux"],
  ["git", "git"],
  // What many skills bring is written in it.
  ["python3", "python3"],
  ["podman", "podman"],
  ["runc", "runc"], // where control groups are of two versions, podman starts by it
  ["podman-compose", "podman-compose"],
  ["nix-instantiate", "nix-bin"],
  // A keyring as a desktop has one, on a session bus of the test's own.
  ["secret-tool", "libsecret-tools"],
  ["gnome-keyring-daemon", "gnome-keyring"],
  ["dbus-run-session", "dbus-daemon"],
  ["dbus-send", "dbus-bin"],
  ["systemd-analyze", "systemd"],
  // Opens the cockpit as the operator's browser does.
  ["chromium", "chromium"],
  // What a whole journey dials, as the kernel was asked.
  ["strace", "strace"],
  // Where several servers count requests together.
  ["redis-server", "redis-server"],
] as const;
/** The reference servers of the Model Context Protocol, which work here as they are published. */
const MCP_SERVERS = {
  folder: join(ROOT, "node_modules/.cache/mcp-servers"),
  versions: Object.fromEntries(
    ["filesystem", "memory", "everything", "sequential-thinking"].map((name) => [
      `@modelcontextprotocol/server-${name}`,
      "2026.8.31",
    ]),
  ),
};
/** Agent Skills that anybody can have, and what writes agent files for Claude: as npm has them. */
const PUBLIC = {
  folder: join(ROOT, "node_modules/.cache/public-skills"),
  versions: { "ai-labs-claude-skills": "2.0.1", playwright: "1.65.1" },
  flags: ["--omit=optional"],
};
/** The conformance suite of the same, of the newest revision; it runs on the Bun that runs this. */
const CONFORMANCE = {
  folder: join(ROOT, "node_modules/.cache/mcp-conformance"),
  versions: { "@modelcontextprotocol/conformance": "0.2.0-alpha.12" },
};
/** What runs a model in a file, as npm has it: the processor's machine code and no other. */
const ENGINE = {
  folder: join(ROOT, "node_modules/.cache/node-llama-cpp"),
  versions: Object.fromEntries(
    ["node-llama-cpp", `@node-llama-cpp/${process.platform}-${process.arch}`].map((name) => [
      name,
      "3.21.1",
    ]),
  ),
  flags: ["--omit=optional"],
};
/** The server of Restate, which is no part of the package: 216 MB. */
const RESTATE = {
  folder: join(ROOT, "node_modules/.cache/restate"),
  versions: { "@restatedev/restate-server": "1.7.12" },
};
/** Drives every run that a test brought to its end again from its record. */
const EVERY_TRACE = join(ROOT, "test/support/every-trace.ts");
/** A test that hangs ends here; nothing is asserted on time. */
const TEST_MS = 60_000;

/** What one runner made of its tests. */
interface Leg {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly text: string;
  /** How many of them are tests that must run on Node too. */
  readonly alsoOnNode?: number;
}

type Env = Readonly<Record<string, string>>;

async function main(args: readonly string[]): Promise<number> {
  const places = args.filter((arg) => !arg.startsWith("--"));
  const missing: string[] = [];
  await cockpit();
  const env = await prepare(missing, !args.includes("--no-install"));
  const legs = await inTempFolder("nanos-test", async (folder) => {
    const home = join(folder, "home");
    mkdirSync(home);
    const all: Env = { ...cleanEnv(home), ...env, ...modes(args) };
    const onNode = args.includes("--node");
    const node = env["NANOS_TEST_NODE"];
    const starts: (() => Promise<Leg>)[] = [];
    if (!onNode) {
      const cover = args.includes("--coverage");
      const binary = await binaryFor(places, all, folder);
      for (const [i, { what, onBinary }] of shardsOf(places, binary !== null, args).entries()) {
        const flags = cover ? coverageFlags(i) : [];
        const own = onBinary && binary !== null ? { ...all, NANOS_TEST_BINARY: binary } : all;
        starts.push(() => bunLeg([...flags, ...what], join(folder, `junit-${i}.xml`), own));
      }
    }
    if (node !== undefined && (onNode || places.length === 0)) {
      starts.push(() => nodeLeg(node, places, all));
    }
    const done = await inLanes(starts);
    if (args.includes("--coverage")) done.push(coverageLeg());
    if (!onNode && node !== undefined && places.length === 0) done.push(sameLeg(done));
    return done;
  });
  return conclude(legs, missing);
}

/** So many runners go side by side: much of what they do is to wait for processes. */
const LANES = 4;

/** The binary the stories start: what somebody names, or where all is run one built from here. */
async function binaryFor(
  places: readonly string[],
  env: Env,
  folder: string,
): Promise<string | null> {
  const named = env["NANOS_TEST_BINARY"];
  if (named !== undefined || places.length > 0) return named ?? null;
  const binary = join(folder, "nanos");
  await build(binary);
  return binary;
}

/** Starts the next one as soon as one has ended. What one prints is printed when it is done. */
async function inLanes(starts: readonly (() => Promise<Leg>)[]): Promise<Leg[]> {
  const done: Leg[] = [];
  const rest = starts.entries();
  const lane = async (): Promise<void> => {
    for (const [i, start] of rest) done[i] = await start();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return done;
}

/** Stories about the walls: few, and each starts very many processes. */
const OF_WALLS = ["test/escape.test.ts", "test/ordinary-user.test.ts"];

/** Stories of what a binary could do otherwise than a checkout: `npm run soak` runs them on both. */
const ON_BOTH = "first-minute growth hostile-folder journeys mcp-servers readme skills terminal"
  .split(" ")
  .map((name) => `test/${name}.test.ts`);

/** How a story starts `nanos`. */
const STARTS = /"\.\/support\/(?:nanos|screen)\.ts"/u;

/** What one runner is given, and whether it starts the binary. */
interface Shard {
  readonly what: readonly string[];
  readonly onBinary: boolean;
}

/**
 * What is run in a runner of its own, the longest first. What somebody names is run as it is named.
 * Else most stories start the binary, which begins in a fifth of the time a checkout takes.
 */
function shardsOf(
  places: readonly string[],
  onBinary: boolean,
  args: readonly string[],
): readonly Shard[] {
  if (places.length > 0) return [{ what: places, onBinary }];
  const stories = readHouse(ROOT).sources.filter(({ path }) =>
    /^test\/[^/]+\.test\.ts$/u.test(path),
  );
  const starts = stories.filter(({ text }) => STARTS.test(text)).map(({ path }) => path);
  const onIt = starts.filter((path) => !OF_WALLS.includes(path));
  const others = stories
    .map(({ path }) => path)
    .filter((path) => !OF_WALLS.includes(path))
    .filter(
      (path) => (args.includes("--soak") && ON_BOTH.includes(path)) || !starts.includes(path),
    );
  const named = (paths: readonly string[]): readonly string[] => paths.map((path) => `./${path}`);
  return [
    { what: ["./src"], onBinary: false },
    ...halves(onIt).map((half) => ({ what: named(half), onBinary: true })),
    { what: [...named(others), ...BESIDE], onBinary: false },
    { what: named(OF_WALLS), onBinary: false },
  ];
}

/** Every second one, and the rest. */
function halves(items: readonly string[]): readonly (readonly string[])[] {
  return [0, 1].map((half) => items.filter((_, i) => i % 2 === half));
}

/** Variables that tell the tests how much to do, and on what. */
function modes(args: readonly string[]): Env {
  const binary = args.find((arg) => arg.startsWith("--binary="))?.slice("--binary=".length);
  return {
    ...(args.includes("--soak") ? { NANOS_SOAK: "1" } : {}),
    ...(binary === undefined ? {} : { NANOS_TEST_BINARY: resolve(binary) }),
  };
}

/** Gets what the tests need beyond npm. @returns variables that tell the tests where it is. */
async function prepare(missing: string[], install: boolean): Promise<Env> {
  for (const [program, debian] of PROGRAMS) {
    const file = install ? await need(program, debian) : which(program);
    if (file === null) missing.push(`not available: ${program} (apt-get install ${debian})`);
  }
  const node = await needNode(install);
  if (node === null) missing.push("not available: node 24 (https://nodejs.org, or npm i -g n)");
  const lacking = await needPackages(MCP_SERVERS, install);
  if (lacking !== null) {
    missing.push(`not available: the reference MCP servers (npm test installs them: ${lacking})`);
  }
  const noSuite = await needPackages(CONFORMANCE, install);
  if (noSuite !== null) {
    missing.push(`not available: the MCP conformance suite (npm test installs it: ${noSuite})`);
  }
  const engine = await needPackages(ENGINE, install);
  if (engine !== null) {
    missing.push(`not available: node-llama-cpp (npm test installs it: ${engine})`);
  }
  const noRestate = await needPackages(RESTATE, install);
  if (noRestate !== null) {
    missing.push(`not available: the Restate server (npm test installs it: ${noRestate})`);
  }
  const noSkills = await needPackages(PUBLIC, install);
  if (noSkills !== null) {
    missing.push(`not available: public Agent Skills (npm test installs them: ${noSkills})`);
  }
  const noMac = await needPackages(runtimeFor("darwin-arm64"), install);
  if (noMac !== null) {
    missing.push(`not available: the runtime for a Mac (npm test gets it: ${noMac})`);
  }
  return {
    ...(noMac === null ? { NANOS_TEST_MAC: "1" } : {}),
    ...(noSkills === null ? { NANOS_TEST_SKILLS: PUBLIC.folder } : {}),
    ...(noSuite === null ? { NANOS_TEST_CONFORMANCE: CONFORMANCE.folder } : {}),
    ...(noRestate === null ? { NANOS_TEST_RESTATE: RESTATE.folder } : {}),
    ...(engine === null ? { NANOS_TEST_ENGINE: ENGINE.folder } : {}),
    ...(node === null ? {} : { NANOS_TEST_NODE: node }),
    ...(lacking === null ? { NANOS_TEST_SERVERS: MCP_SERVERS.folder } : {}),
  };
}

/** Every test file, on Bun. A run that dies before its report is written is a failure. */
async function bunLeg(what: readonly string[], file: string, env: Env): Promise<Leg> {
  const junit = ["--reporter=junit", `--reporter-outfile=${file}`];
  const argv = [
    ...BUN,
    "test",
    `--timeout=${TEST_MS}`,
    `--preload=${EVERY_TRACE}`,
    ...junit,
    ...what,
  ];
  const { code, text } = await run(argv, { env });
  console.log(text);
  const report = readReport(file);
  const head = /<testsuites[^>]*>/u.exec(report)?.[0] ?? "";
  const number = (name: string): number =>
    Number(new RegExp(`\\b${name}="(\\d+)"`, "u").exec(head)?.[1] ?? 0);
  const [failures, skipped] = [number("failures"), number("skipped")];
  // A file that does not load is in no suite, only in the exit code.
  const failed = failures === 0 && code !== 0 ? 1 : failures;
  const passed = number("tests") - failures - skipped;
  const alsoOnNode = report.match(ALSO_ON_NODE)?.length ?? 0;
  return { name: "Bun", passed, failed, skipped, text, alsoOnNode };
}

/** Every test of an organ must have run on both, as one more thing that passes or fails. */
function sameLeg(legs: readonly Leg[]): Leg {
  const onBun = legs.reduce((all, leg) => all + (leg.alsoOnNode ?? 0), 0);
  const node = legs.find((leg) => leg.name === "Node");
  const onNode = node ? node.passed + node.failed + node.skipped : 0;
  const failed = onBun === onNode ? 0 : 1;
  if (failed > 0) console.log(`${onNode} tests ran on Node of ${onBun} that must run there`);
  return { name: "as many on Node", passed: 1 - failed, failed, skipped: 0, text: "" };
}

/** The share of src that ran, as one more thing that passes or fails. */
function coverageLeg(): Leg {
  const found = judgeReport();
  if (found.state === "failed") console.log(found.says);
  const failed = found.state === "failed" ? 1 : 0;
  return { name: "coverage", passed: 1 - failed, failed, skipped: 0, text: "" };
}

function readReport(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** The organs' test files, on Node's own test runner: the same files, the same code. */
async function nodeLeg(node: string, places: readonly string[], env: Env): Promise<Leg> {
  const wanted = places.length > 0 ? places.map((place) => place.replace(/^\.\//u, "")) : null;
  const files = readHouse(ROOT)
    .sources.map(({ path }) => path)
    .filter((path) => path.endsWith(".test.ts"))
    .filter((path) =>
      (wanted ?? ON_NODE.map((part) => `src/${part}/`)).some((p) => path.startsWith(p)),
    );
  if (files.length === 0) return { name: "Node", passed: 0, failed: 0, skipped: 0, text: "" };
  const flags = ["--test", "--test-concurrency=2", "--test-reporter=spec"];
  const argv = [node, "--import", "./scripts/node/register.mjs", ...flags, ...files];
  const { code, text } = await run(argv, { env: { ...env, NO_COLOR: "1" } });
  const number = (name: string): number =>
    Number(new RegExp(`^ℹ ${name} (\\d+)$`, "mu").exec(text)?.[1] ?? 0);
  const failures = number("fail") + number("cancelled");
  const failed = failures === 0 && code !== 0 ? 1 : failures;
  const start = text.indexOf("✖ failing tests:");
  if (failed > 0) console.log(text.slice(Math.max(start, 0)));
  const skipped = number("skipped") + number("todo");
  return { name: "Node", passed: number("pass"), failed, skipped, text };
}

/** At most so many lines of what a failed test printed are shown again at the end. */
const LINES_AGAIN = 60;

/** What each failed test of Bun's runner printed, up to the line that names it. */
function failuresOf(text: string): readonly string[] {
  const found: string[] = [];
  let since: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("(pass)")) since = [];
    else since.push(line);
    if (!line.startsWith("(fail)")) continue;
    found.push(since.slice(-LINES_AGAIN).join("\n"));
    since = [];
  }
  return found;
}

function conclude(legs: readonly Leg[], missing: readonly string[]): number {
  const said = legs.flatMap(({ text }) => Array.from(text.matchAll(/^not available: .*$/gmu)));
  const lines = new Set([...missing, ...said.map(([line]) => line)]);
  const sum = (of: (leg: Leg) => number): number => legs.reduce((all, leg) => all + of(leg), 0);
  console.log("");
  // Where much was printed, what matters is looked for at its end.
  for (const text of legs.flatMap((leg) => failuresOf(leg.text))) console.log(`${text}\n`);
  for (const line of lines) console.log(line);
  if (lines.size > 0) console.log(`${lines.size} not available`);
  for (const { name, passed, failed, skipped } of legs) {
    console.log(`${name}: ${passed} of ${passed + failed + skipped}`);
  }
  // A test that does not run proves nothing.
  const failed = sum((leg) => leg.failed + leg.skipped);
  console.log(`${sum((leg) => leg.passed)} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
