import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "./std/clock.ts";
import { hashOf } from "./std/hash.ts";
import { systemRandom } from "./std/random.ts";
import type { Config } from "./contracts/config.ts";
import type { Arrangement } from "./contracts/arrangement.ts";
import type { Found, InitResult, Nanos, OpenOptions, Place, TrustView } from "./contracts/nanos.ts";
import type { VerifyReport } from "./contracts/trace.ts";
import type {
  Applied,
  ApplyOffer,
  CheckReport,
  Exported,
  ImportOffer,
  ImportWish,
  PluginList,
} from "./contracts/portable.ts";
import { emptyArrangement } from "./home/arrangement/empty.ts";
import { checkRoutes, checkRules } from "./gate/rules.ts";
import { type Home, type HomeOptions, look as lookHome, openHome } from "./home/home.ts";
import { homesOf } from "./home/places.ts";
import { withLock } from "./home/store.ts";
import type { Journal } from "./journal/journal.ts";
import { openJournal } from "./journal/open.ts";
import { signerOf, withCheckpoints } from "./kernel/evidence/checkpoints.ts";
import { evidenceDesk } from "./kernel/evidence/desk.ts";
import { boundary } from "./kernel/secrets/boundary.ts";
import { policyDesk } from "./kernel/asks/desk.ts";
import { type GrantDesk, grantDesk } from "./kernel/desk/grants.ts";
import { marksFor } from "./kernel/desk/marks.ts";
import { keyDesk } from "./kernel/keys/desk.ts";
import { listing } from "./kernel/desk/listing.ts";
import { type ModelDesk, modelDesk, modelsOf } from "./kernel/desk/models.ts";
import { secretDesk } from "./kernel/desk/secrets.ts";
import { installing } from "./kernel/skills/installing.ts";
import { skillDesk } from "./kernel/skills/view.ts";
import { agentDesk } from "./kernel/agents/desk.ts";
import { innerBook, type InnerBook } from "./kernel/agents/inner.ts";
import { listedIn } from "./kernel/views/listed.ts";
import { toolDesk } from "./kernel/desk/tools.ts";
import { traceDesk } from "./kernel/desk/traces.ts";
import { memorySettings } from "./kernel/facts.ts";
import { memoryDesk } from "./kernel/memory/desk.ts";
import { note } from "./kernel/desk/note.ts";
import { patienceOf, ruledToo } from "./kernel/open/forbidden.ts";
import { living, type Parts } from "./kernel/open/renew.ts";
import { factsHere, memoryDir, openWorld, treesName } from "./kernel/open/world.ts";
import { begin } from "./kernel/runner.ts";
import { artifactDesk } from "./kernel/vault/desk.ts";
import { undoDesk } from "./kernel/undo/desk.ts";
import { projectFor } from "./kernel/tree/project.ts";
import { sweepTrees } from "./kernel/tree/tree.ts";
import type { World } from "./kernel/world.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import { openSandbox } from "./sandbox/open.ts";
import { cognitionDesk } from "./evolution/cognition/desk.ts";
import { writing } from "./evolution/cognition/writing.ts";
import { type Evolving, openEvolution } from "./evolution/open.ts";
import type { Starter } from "./kernel/schedule/keep.ts";
import { missionDesks, missionWays } from "./missions/desk.ts";
import type { Store } from "./missions/schedule/needs.ts";
import { planFaults } from "./missions/plan/check.ts";
import { openTools } from "./tools/open.ts";
import type { ToolHost } from "./tools/tool-host.ts";
import { openTrees } from "./tools/git/trees.ts";
import { openVault, type Vault } from "./vault/vault.ts";
import { VERSION } from "./version.ts";

// oxlint-disable-next-line oxc/no-barrel-file -- this is the package's entry
export type * from "./contracts/nanos.ts";
// oxlint-disable-next-line oxc/no-barrel-file -- what happened, as it is told
export type * from "./contracts/trace.ts";
// oxlint-disable-next-line oxc/no-barrel-file -- and what it speaks of
export type * from "./contracts/skill.ts";
// oxlint-disable-next-line oxc/no-barrel-file -- what begins at its time
export type * from "./contracts/schedule.ts";
// oxlint-disable-next-line oxc/no-barrel-file -- and how it travels
export type * from "./contracts/portable.ts";
// oxlint-disable-next-line oxc/no-barrel-file -- and what is thought of it
export type * from "./contracts/cognition.ts";
// oxlint-disable-next-line oxc/no-barrel-file -- and what is read off that
export type * from "./contracts/cognition/reading.ts";
// oxlint-disable-next-line oxc/no-barrel-file -- and what it asks
export type * from "./contracts/question.ts";
export { troubleshooting, verifierText, webFile } from "./home/assets.ts";
export { NanosError } from "./std/error.ts";

/**
 * The library: the only place where the parts are put together. Surfaces hold what `openNanos`
 * returns and nothing else.
 */

/**
 * Opens a home with the arrangement in force.
 *
 * @throws NanosError `home.*`, `trust.needed`, `manifest.invalid`, `config.*`, `journal.*`.
 */
export async function openNanos(options: OpenOptions = {}): Promise<Nanos> {
  const home = openHome(homeOptions(options));
  const journal = withCheckpoints(journalOf(home), signerOf(home.log, "nanos-log"));
  try {
    if (journal.size() === 0) await note(journal, { kind: "home.created", version: VERSION });
    return await living({
      assemble: () => assemble(home, journal, options),
      marks: home.marks,
      close: () => journal.close(),
    });
  } catch (error) {
    journal.close();
    throw error;
  }
}

/** Says what is there, without loading or running any of it. */
export function look(options: OpenOptions = {}): Promise<Found> {
  return lookHome(homeOptions(options));
}

/**
 * Makes an arrangement from a starter (a name, or a folder) in `dir`, or as the home's own.
 * Files that are there already are never overwritten. A project made here is trusted at once.
 */
export async function init(options: OpenOptions, from: string, dir?: string): Promise<InitResult> {
  const home = openHome(homeOptions(options));
  // Two that set up at once would each see the other's files half written.
  const lock = join(home.paths.machine, "init");
  const result = await withLock(lock, systemClock, () => home.init(from, dir));
  await atHome(home, (journal) =>
    note(journal, {
      kind: "arrangement.applied",
      from,
      hash: hashOf([...result.files]),
      files: [...result.files],
    }),
  );
  return result;
}

/** Opens a project made of the folder `from`, which is trusted as it is. */
async function openMade(options: OpenOptions, from: string, dir: string): Promise<Nanos> {
  await init(options, from, dir);
  await trust(options, await trustView(options, dir));
  return openNanos(options);
}

/** What trusting `dir` would mean; `trust` then binds the yes to exactly this hash. */
export function trustView(options: OpenOptions, dir: string): Promise<TrustView> {
  return openHome(homeOptions(options)).trust.view(dir);
}

/** @throws NanosError `trust.changed` when the folder is no longer what was shown. */
export async function trust(options: OpenOptions, view: TrustView): Promise<void> {
  const home = openHome(homeOptions(options));
  await home.trust.give(view);
  await atHome(home, (journal) =>
    note(journal, { kind: "trust.given", dir: view.dir, hash: view.hash }),
  );
}

/**
 * What is wrong with a manifest or an arrangement, absolute. Opens no home, runs nothing.
 *
 * @throws NanosError `check.*`.
 */
export async function check(path: string): Promise<CheckReport> {
  const { checkPath } = await import("./home/check/check.ts");
  return checkPath(path, CHECKS);
}

/** Writes the arrangement in force to a folder, absolute. @throws NanosError `export.*`. */
export async function exportTo(
  options: OpenOptions,
  dir: string,
  { memory = false }: { readonly memory?: boolean } = {},
): Promise<Exported> {
  const { exportArrangement } = await import("./kernel/desk/portable.ts");
  return exportArrangement(openHome(homeOptions(options)), dir, { memory });
}

/** What taking over the arrangement in a folder, absolute, would change. Writes nothing. */
export async function offer(options: OpenOptions, from: string, dir: string): Promise<ApplyOffer> {
  const { offerArrangement } = await import("./kernel/desk/portable.ts");
  return offerArrangement(openHome(homeOptions(options)), from, dir);
}

/** What bringing in another program's manifests, absolute, would change. Runs and writes nothing. */
export async function offerImport(
  options: OpenOptions,
  wish: ImportWish,
): Promise<ImportOffer | PluginList> {
  const { importOffer } = await import("./kernel/desk/portable.ts");
  return importOffer(openHome(homeOptions(options)), wish);
}

/** @throws NanosError `apply.changed` when the arrangement is no longer what was compared. */
export async function apply(options: OpenOptions, made: ApplyOffer): Promise<Applied> {
  const { applyArrangement } = await import("./kernel/desk/portable.ts");
  const home = openHome(homeOptions(options));
  return atHome(home, (journal) =>
    applyArrangement(home, made, { clock: systemClock, record: (body) => note(journal, body) }),
  );
}

const CHANCE = { clock: systemClock, random: systemRandom };
const CHECKS = { rules: checkRules, routes: checkRoutes, plans: planFaults };

function homeOptions(options: OpenOptions): HomeOptions {
  return { ...options, checks: CHECKS, contents: openVault };
}

async function atHome<T>(home: Home, act: (journal: Journal) => Promise<T>): Promise<T> {
  const journal = journalOf(home);
  try {
    return await act(journal);
  } finally {
    journal.close();
  }
}

function journalOf({ paths }: Home): Journal {
  return openJournal({ dir: paths.journal, clock: systemClock, random: systemRandom });
}

async function assemble(home: Home, journal: Journal, options: OpenOptions): Promise<Parts> {
  const [{ env = process.env, cwd = process.cwd() }, { paths }] = [options, home];
  const [vault, config] = [openVault(paths.vault), await home.config.read()];
  const arrangement = ruledToo(await arrangementOf(home), config);
  const settings = memorySettings(arrangement.manifest.memory, config);
  const sandbox = openSandbox({ clock: systemClock, hidden: [memoryDir(home)] });
  const models = modelDesk({
    ...{ arrangement, config, journal, store: home.config },
    deps: {
      ...{ ...CHANCE, ...patienceOf(config), sandbox, env, routes: arrangement.routes },
      ...{ arrangementDir: home.place.arrangementDir, secret: home.secrets.lend },
    },
  });
  const grants: GrantDesk = await grantDesk({
    ...{ arrangement, store: home.grants, journal, vault, ground: home.ground },
    facts: (again) => facts(again),
    code: (name) => tools.code(name),
  });
  const edge = { ...boundary(home.secrets, systemClock), clock: systemClock };
  const toolsOf = (one: Arrangement): ToolHost =>
    openTools({
      ...{ sandbox, arrangement: one, env, clock: systemClock, most: config.most },
      secret: (name) => home.secrets.lend(name, null),
      ...{ cacheDir: paths.cache, stageDir: paths.stage, undoDir: join(paths.machine, "undo") },
      homesDir: homesOf(paths, one.workspace),
      listing: listing({ ...edge, arrangement: one, vault, grants: grants.current }),
      unconfined: marksFor(config, one.workspace, grants.current, systemClock),
    });
  const [tools, inner] = [toolsOf(arrangement), innerBook(home, arrangement.workspace, toolsOf)];
  const facts = factsHere(home, { tools, arrangement, memory: settings, day: config.day });
  const trees = openTrees({ sandbox, env }, join(tmpdir(), treesName(home)), paths.machine);
  const lasting = { home, edge, journal, vault, models, grants, tools, trees, inner, sandbox };
  const { world, evolving } = worldOf({ ...lasting, arrangement, facts });
  const forget = journal.onWake((topic) => void (topic === "grants" && grants.reload()));
  const made = { ...lasting, ...edge, arrangement, env, cwd, make: openMade };
  const own = { ...grants.attaching, ...installing(made) };
  const skills = { ...skillDesk({ ...world, arrangement, vault }), ...own };
  const desks = {
    ...{ models, grants, skills, ...keptIn(home, { world, arrangement, settings }) },
    cognition: cognitionDesk(world, writing(world, models.models.list)),
    agents: agentDesk({ ...made, modelOf: models.config, chance: CHANCE }),
    ...missionDesks({
      ...{ ...made, ...aroundMissions(made, options), world },
      after: evolving.after(world, arrangement),
    }),
  };
  const more = { evolving, sandbox, vault, place: placeOf(home, arrangement, sandbox) };
  const nanos = nanosOf({ ...desks, ...more, config, world, arrangement });
  return { nanos, world, release: () => letGo({ ...lasting, world, forget }) };
}

function worldOf(parts: Omit<Parameters<typeof openWorld>[0], "evolving" | "missions">): {
  world: World;
  evolving: Evolving;
} {
  const evolving = openEvolution(parts.home, parts.journal, systemClock);
  const missions = missionWays(parts.models.models.list);
  return { evolving, world: openWorld({ ...parts, evolving: evolving.runs, missions }) };
}

async function letGo(
  parts: Pick<World, "tools"> & {
    world: World;
    inner: InnerBook;
    sandbox: Sandbox;
    forget(): void;
  },
): Promise<void> {
  const { world, tools, inner, sandbox } = parts;
  parts.forget();
  sweepTrees(world);
  await Promise.all([tools.close(), inner.close()]);
  await sandbox.close();
}

/** What the operator keeps in the home, beside the arrangement. */
function keptIn(
  home: Home,
  given: Parameters<typeof memoryDesk>[0],
): Pick<Nanos, "secrets" | "memory" | "keys"> {
  const { world, arrangement } = given;
  return {
    secrets: secretDesk(home.secrets, world, arrangement),
    memory: memoryDesk(given),
    keys: keyDesk(world, home, arrangement),
  };
}

/** What missions and schedules look at beside the arrangement. */
function aroundMissions(
  parts: { home: Home; models: ModelDesk; journal: Journal } & Pick<Store, "env">,
  options: OpenOptions,
): Pick<Parameters<typeof missionDesks>[0], "models" | "store" | "open"> {
  const { home, journal, env } = parts;
  const { list } = parts.models.models;
  return {
    models: list,
    open: () => openAgain(options, journal),
    store: async () => {
      const secrets = (await home.secrets.list()).map(({ name }) => name);
      return { models: list(), secrets, env };
    },
  };
}

/** The arrangement as it is now, on the same journal: what a schedule begins under. */
async function openAgain(options: OpenOptions, journal: Journal): Promise<Starter> {
  const { nanos, release } = await assemble(openHome(homeOptions(options)), journal, options);
  return { ...nanos.schedules, close: release };
}

async function arrangementOf({ place, arrangement }: Home): Promise<Arrangement> {
  return place.arrangementDir ? arrangement() : emptyArrangement(place.workspace);
}

function placeOf({ paths, place }: Home, { workspace }: Arrangement, sandbox: Sandbox): Place {
  return {
    home: paths.home,
    workspace,
    arrangementDir: place.arrangementDir,
    // Finding out costs a process; most commands never ask.
    get tier() {
      return sandbox.tier("host", false) ?? sandbox.tier("pure", false);
    },
  };
}

type Desks = Pick<Nanos, "keys" | "secrets" | "agents" | "skills" | "memory" | "cognition"> &
  ReturnType<typeof missionDesks>;

function nanosOf(
  parts: Desks & {
    world: World;
    place: Place;
    arrangement: Arrangement;
    models: ModelDesk;
    grants: GrantDesk;
    sandbox: Sandbox;
    vault: Vault;
    evolving: Evolving;
    config: Config;
  },
): Parts["nanos"] {
  const { world, place, arrangement, grants, sandbox, vault, config } = parts;
  const { agents, secrets, keys, skills, memory, cognition, missions, engines } = parts;
  const traces = traceDesk({ ...world, vault, dir: place.arrangementDir });
  const models = modelsOf(parts.models, world, [...arrangement.agents.values()]);
  return {
    ...{ place, arrangement, server: config.server ?? {} },
    vitals: () => ({ starts: sandbox.started(), lagMs: world.journal.lag() }),
    ...{ traces, evidence: evidenceDesk(world, config.otlp) },
    ...policyDesk(world, arrangement),
    ...{ agents, models, secrets, keys, skills, memory, cognition, missions, engines },
    ...{ schedules: parts.schedules, ...listedIn(arrangement, world, parts.going) },
    ...{ tools: toolDesk(world), grants: grants.grants },
    run: (request) => begin(world, request),
    project: (agent, path) => projectFor(world, agent, path),
    ...{ resume: engines.resume, cancel: engines.cancel, fork: engines.fork },
    ...{ undo: undoDesk(world), vault: artifactDesk(world), traits: parts.evolving.desk },
    doctor: async (probe) => {
      const { doctor } = await import("./kernel/desk/doctor.ts");
      const verify = (): VerifyReport => traces.verify();
      const given = { models, secrets: await secrets.list(), verify, probe };
      return doctor({ place, world, sandbox, ...given });
    },
    status: async () =>
      (await import("./evolution/status.ts")).statusOf({ ...parts, models: models.list() }),
    context: async (run) => {
      const { contextOf } = await import("./kernel/desk/context.ts");
      return contextOf(world, run);
    },
  };
}
