import * as fs from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Arrangement } from "../contracts/arrangement.ts";
import type { Config, LockFile } from "../contracts/config.ts";
import type { Found, InitResult, OpenOptions, TrustView } from "../contracts/nanos.ts";
import { type Clock, localDate, systemClock } from "../std/clock.ts";
import { NanosError } from "../std/error.ts";
import { systemRandom } from "../std/random.ts";
import { openCache, type ParseCache } from "./arrangement/cache.ts";
import { type ArrangementChecks, loadArrangement } from "./arrangement/load.ts";
import { marksIn, snapshot } from "./arrangement/snapshot.ts";
import { openConfig, openKeysFile, openLock, openTrust } from "./config.ts";
import { markOf } from "./files.ts";
import { type GrantStore, openGrantStore } from "./grants.ts";
import type { KeysFile } from "../contracts/http/key.ts";
import { type HomeKey, openKey } from "./keys.ts";
import type { Ground } from "./install/place.ts";
import { isPending } from "./pending.ts";
import {
  findHome,
  findProject,
  type HomePaths,
  prepareHome,
  PROJECT,
  workspacePaths,
} from "./places.ts";
import {
  type Applied,
  applyStarter,
  type ApplyTarget,
  findStarter,
  starterList,
} from "./starters.ts";
import { openSecrets, type Secrets } from "./secrets/secrets.ts";
import type { Around } from "./settings/alias.ts";
import { inForce } from "./settings/in-force.ts";
import type { StoreFile } from "./store.ts";
import { type Contents, openTrustBook, type Trust } from "./trust.ts";

/** How to open a home, with what is handed in where a test or another part decides. */
export interface HomeOptions extends OpenOptions {
  /** The user's own folder; the system's answer when absent. */
  readonly userHome?: string;
  readonly clock?: Clock;
  /** Keeps contents in a folder, by their hash; where it is given, changes can be shown. */
  readonly contents?: (dir: string) => Contents;
  /** Tries the examples of rules and routes; nothing is tried without them. */
  readonly checks?: ArrangementChecks;
}

/** One home, opened for use: its machine folder exists and can be written. */
export interface Home {
  readonly paths: HomePaths;
  /** The arrangement in force: a project's, else the home's own, else none. */
  readonly place: HomePlace;

  /**
   * Loads the arrangement in force.
   * @throws NanosError `arrangement.missing`, `trust.needed`, `trust.changed`, `manifest.invalid`.
   */
  arrangement(): Promise<Arrangement>;
  /**
   * The mark of each file the arrangement in force is made of, by path, and of the operator's trust:
   * equal while nobody touched one. Costs a look at each, and reads none.
   */
  marks(): ReadonlyMap<string, string>;
  /**
   * Another project's arrangement, where it is trusted as it is now. `dir` holds its `.nano-os`.
   *
   * @throws NanosError as `arrangement` does.
   */
  beside(dir: string): Promise<Arrangement>;
  /** Reads are fresh; `change` reads, changes and writes under a lock, keeping comments. */
  readonly config: StoreFile<Config>;
  /** Grants of the workspace in force. */
  readonly grants: GrantStore;
  /**
   * Where files of the arrangement in force are changed.
   *
   * @throws NanosError `arrangement.missing`.
   */
  ground(): Ground;
  /** Finishes a change of files that a process which was killed had begun. */
  settle(): Promise<void>;
  /** The ground; the home's own folder where there is no arrangement yet. */
  target(): Ground;
  /** Keys clients show over the network, of the workspace in force. */
  readonly clientKeys: StoreFile<KeysFile>;
  /** What each skill of this workspace was when it was installed. */
  readonly lock: StoreFile<LockFile>;
  readonly trust: Trust;
  readonly secrets: Secrets;
  /** The operator's own key, for their answers. */
  readonly operator: HomeKey;
  /** Signs what the journal holds, by itself. */
  readonly log: HomeKey;
  /** Signs what this home saw of other homes' logs. */
  readonly witness: HomeKey;
  /**
   * Makes an arrangement from a starter's name or a folder: in the project `dir`, or as the
   * home's own. Existing files are never overwritten.
   */
  init(from: string, dir?: string): Promise<InitResult>;
}

export interface HomePlace {
  /** The folder of the arrangement's files, absolute; null when there is none yet. */
  readonly arrangementDir: string | null;
  /** The folder relative scopes resolve against, absolute. */
  readonly workspace: string;
  /** True when the arrangement is a project's and counts only while trusted. */
  readonly project: boolean;
  /** What was passed over on the way, and why, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Opens a home and makes its machine folder when needed.
 *
 * @throws NanosError `home.*` when the home cannot be used, with what to do.
 */
export function openHome(options: HomeOptions = {}): Home {
  const clock = options.clock ?? systemClock;
  const paths = findHome(choiceOf(options));
  prepareHome(paths);
  const place = findPlace(options, paths);
  const cache = openCache(paths.cache);
  const own = workspacePaths(paths, place.workspace);
  const trust = openTrustBook(
    openTrust(paths.trust, clock, cache),
    clock,
    options.contents?.(paths.vault),
  );
  const parts = { trust, clock, machine: paths.machine, checks: options.checks };
  return {
    paths,
    place,
    arrangement: async () => {
      await finishChange(parts);
      return loadInForce(place, trust, cache, options.checks);
    },
    marks: () => {
      const { arrangementDir: dir, workspace, project } = place;
      const own = dir === null ? new Map<string, string>() : marksIn(dir, workspace, project);
      return new Map([...own, ["", markOf(paths.trust)]]);
    },
    beside: (dir) => {
      const beside = { arrangementDir: join(dir, ".nano-os"), workspace: dir, project: true };
      return loadInForce({ ...beside, notes: [] }, trust, cache, options.checks);
    },
    config: inForce(openConfig(paths.config, clock, cache), aroundOf(options, paths, place)),
    grants: openGrantStore(own.grants, clock, cache),
    ground: () => groundOf(place, parts),
    settle: () => finishChange(parts),
    target: () => groundOf({ ...place, arrangementDir: place.arrangementDir ?? paths.home }, parts),
    clientKeys: openKeysFile(own.keys, clock),
    lock: openLock(own.lock, clock, cache),
    trust,
    secrets: openSecrets({
      file: paths.secrets,
      clock,
      random: systemRandom,
      env: options.env ?? process.env,
      passphrase: options.passphrase,
    }),
    operator: openKey(paths.operatorKey, "answer open approvals again"),
    log: openKey(paths.logKey, "begin a log that no witness knows yet"),
    witness: openKey(paths.witnessKey, "tell those it is a witness of"),
    init: (from, dir) => initIn(options, paths, trust, from, dir),
  };
}

function aroundOf(options: HomeOptions, paths: HomePaths, place: HomePlace): Around {
  return {
    env: options.env ?? process.env,
    journal: join(paths.journal, "journal.db"),
    memory: join(place.arrangementDir ?? paths.home, "memory"),
  };
}

/** Says what is there. Creates nothing, and of an untrusted project shows and obeys nothing. */
export async function look(options: HomeOptions = {}): Promise<Found> {
  const paths = findHome(choiceOf(options));
  const { arrangementDir, workspace, project, notes } = findPlace(options, paths);
  const said = notes.length === 0 ? {} : { notes };
  if (arrangementDir === null) {
    return { kind: "empty", home: paths.home, starters: await starterList(), ...said };
  }
  if (project) {
    const clock = options.clock ?? systemClock;
    const trust = openTrustBook(
      openTrust(paths.trust, clock),
      clock,
      options.contents?.(paths.vault),
    );
    await finishChange({ machine: paths.machine, clock, trust });
    const trusted = await trust.trustedHash(arrangementDir);
    if (trusted === null || trusted !== snapshot(arrangementDir, workspace, true).hash) {
      return { kind: "untrusted", trust: await trust.view(arrangementDir), ...said };
    }
  }
  return { kind: "ready", arrangementDir, workspace, ...said };
}

/** What trusting a project would mean, without opening or making a home. */
export function trustView(options: HomeOptions, dir: string): Promise<TrustView> {
  const clock = options.clock ?? systemClock;
  const paths = findHome(choiceOf(options));
  return openTrustBook(openTrust(paths.trust, clock), clock, options.contents?.(paths.vault)).view(
    resolve(cwdOf(options), dir),
  );
}

function choiceOf(options: HomeOptions): Parameters<typeof findHome>[0] {
  return {
    home: options.home,
    env: options.env ?? process.env,
    userHome: options.userHome,
    cwd: cwdOf(options),
  };
}

function cwdOf(options: HomeOptions): string {
  return options.cwd ?? process.cwd();
}

function findPlace(options: HomeOptions, paths: HomePaths): HomePlace {
  const { dir, notes } = findProject(cwdOf(options), paths);
  if (dir !== null) return { arrangementDir: dir, workspace: dirname(dir), project: true, notes };
  const own = fs.existsSync(join(paths.home, "arrangement.yaml"));
  const arrangementDir = own ? paths.home : null;
  return { arrangementDir, workspace: paths.workspace, project: false, notes };
}

function groundOf(
  { arrangementDir, workspace, project }: HomePlace,
  parts: Pick<Ground, "trust" | "clock" | "machine" | "checks">,
): Ground {
  if (arrangementDir === null) throw noArrangement();
  return { dir: fs.realpathSync(arrangementDir), workspace, project, ...parts };
}

function noArrangement(): NanosError {
  return new NanosError(
    "arrangement.missing",
    "There is no arrangement yet.",
    "Make one from a starter: nanos init --from indie-developer",
  );
}

/** What a process that was killed had begun to change is finished before anything is read. */
async function finishChange(ground: Pick<Ground, "machine" | "clock" | "trust">): Promise<void> {
  if (!isPending(ground.machine)) return;
  const { settle } = await import("./install/place.ts");
  await settle(ground);
}

async function loadInForce(
  place: HomePlace,
  trust: Trust,
  cache: ParseCache,
  checks: ArrangementChecks | undefined,
): Promise<Arrangement> {
  const { arrangementDir, workspace, project } = place;
  if (arrangementDir === null) throw noArrangement();
  const extra = checks === undefined ? {} : { checks };
  if (!project) return loadArrangement(arrangementDir, workspace, { cache, ...extra });
  const trusted = await trust.trustedHash(arrangementDir);
  if (trusted === null) {
    throw new NanosError(
      "trust.needed",
      `The arrangement in ${arrangementDir} is not trusted; nothing of it was loaded.`,
      `See what it would run and read, then decide: nanos trust ${workspace}`,
    );
  }
  return loadArrangement(arrangementDir, workspace, { cache, project, trusted, ...extra });
}

function targetOf(options: HomeOptions, paths: HomePaths, dir: string | undefined): ApplyTarget {
  if (dir === undefined) return { dir: paths.home, workspace: paths.workspace, project: false };
  const given = resolve(cwdOf(options), dir);
  const folder = basename(given) === PROJECT ? dirname(given) : given;
  fs.mkdirSync(folder, { recursive: true });
  const workspace = fs.realpathSync(folder);
  const target = join(workspace, PROJECT);
  return target === paths.home
    ? { dir: target, workspace, project: false }
    : { dir: target, workspace, project: true };
}

async function initIn(
  options: HomeOptions,
  paths: HomePaths,
  trust: Trust,
  from: string,
  dir: string | undefined,
): Promise<InitResult> {
  const clock = options.clock ?? systemClock;
  const starter = findStarter(from, cwdOf(options));
  const target = targetOf(options, paths, dir);
  const now = clock.now();
  const today = localDate(now);
  const { skills, ...applied } = await applyStarter(starter, target, today, now, options.checks);
  const lock = openLock(workspacePaths(paths, target.workspace).lock, clock);
  await lock.change((held) => ({ v: 1, skills: { ...held.skills, ...skills } }));
  if (target.project && starter.builtIn) await trustIfOurs(applied, trust);
  return applied;
}

/**
 * A project made just now, by the operator, of nothing but what comes with nanos, needs no second
 * yes. Anything else in it does.
 */
async function trustIfOurs(applied: Omit<Applied, "skills">, trust: Trust): Promise<void> {
  const written = new Set(applied.files);
  const view = await trust.view(applied.dir);
  const ours = view.files.every((file) => written.has(join(applied.dir, file.path)));
  if (ours) await trust.give(view);
}
