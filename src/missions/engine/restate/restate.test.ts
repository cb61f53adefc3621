import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../std/clock.ts";
import { systemRandom } from "../../../std/random.ts";
import type { Json } from "../../../std/json.ts";
import { LIMITS } from "../../../std/limits.ts";
import { openJournal } from "../../../journal/open.ts";
import { localEngine } from "../local.ts";
import { move } from "../move.ts";
import { decisionDigest, recordOf } from "../record.ts";
import * as board from "../board.ts";
import {
  answer,
  CASES,
  codeOf,
  comesTo,
  DIGEST,
  ENDED,
  type Ground,
  LINES,
  mission,
  once,
  type Opened,
  STEPS,
  working,
} from "../testing/cases.ts";
import { linesIn, plainDriver } from "../testing/driver.ts";
import { type Child, child } from "../testing/child.ts";
import { handMade, OTHER_KEY } from "../testing/hand-made.ts";
import {
  type Balancer,
  balancer,
  serverIn,
  startServer,
  type TestServer,
} from "../testing/restate-server.ts";
import { changeState, type State } from "../testing/restate-state.ts";
import { restateEngine } from "./restate.ts";

const WORKER = join(import.meta.dirname, "..", "testing", "worker.ts");

const program = serverIn(process.env["NANOS_TEST_RESTATE"]);
const folder = mkdtempSync(join(tmpdir(), "nanos-restate-"));
let server: TestServer;
let grounds = 0;

/** A ground whose processes are behind one address, and whose wires can be cut. */
interface Wired extends Ground {
  /** Where Restate finds whoever works. */
  readonly front: Balancer;
  readonly space: string;
  /** Where the processes that are started from now on find Restate; itself where nothing is said. */
  url: string;
  worker(): Promise<Child>;
  /** As another home does, with other keys of its server. */
  strange(identityKeys: string[]): Promise<Opened>;
}

async function onGround(use: (ground: Wired) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-engine-"));
  const space = `t${++grounds}`;
  const front = await balancer();
  const opened: Opened[] = [];
  const children: Child[] = [];
  const openWith = async (
    queues: Readonly<Record<string, number>>,
    { identityKeys } = server,
  ): Promise<Opened> => {
    const options = { dir: join(dir, "journal"), clock: systemClock, random: systemRandom };
    const journal = openJournal(options);
    let mine = 0;
    const place = { ...server, identityKeys, port: 0, address: front.address };
    const onListen = (port: number): void => {
      mine = port;
      front.ports.add(port);
    };
    const engine = restateEngine({ journal, clock: systemClock, place, queues, space, onListen });
    const one: Opened = {
      engine,
      journal,
      close: async () => {
        front.ports.delete(mine);
        await engine.stop(0);
        journal.close();
      },
    };
    opened.push(one);
    return one;
  };
  const worker = async (): Promise<Child> => {
    const { url } = ground;
    const where = JSON.stringify({ ...server, url, address: front.address, space });
    const one = child(spawn(process.execPath, [WORKER, join(dir, "journal"), where]));
    children.push(one);
    const port = await one.saysNext("listens ");
    front.ports.add(Number(port));
    await one.said("ready");
    return one;
  };
  const ground: Wired = {
    ...{ folder: dir, longMs: 6_000, front, space, url: server.url, worker },
    open: (queues = {}) => openWith(queues),
    strange: (identityKeys) => openWith({}, { ...server, identityKeys }),
  };
  try {
    // Restate takes missions of a service it knows, whether or not a worker is there.
    const first = await ground.open();
    await first.engine.work(async () => undefined);
    await first.close();
    await use(ground);
  } finally {
    await Promise.all([...opened.map((one) => one.close()), ...children.map((one) => one.end())]);
    front.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Two lines, of which the second is found again when it is in doubt; a question, one more line. */
const NETWORK = [STEPS[0], once("build", 300), STEPS[2], STEPS[3]].flatMap((step) => step ?? []);

/** One process more or less, one more or less of everything; all of it in a soak. */
const SAMPLE = /answer to its end|code changed|killed in a step/u;
const cases = CASES.filter(({ name }) => process.env["NANOS_SOAK"] === "1" || SAMPLE.test(name));

if (program === null) {
  console.log("not available: the Restate server (npm test installs it)");
} else {
  describe("the restate engine", () => {
    beforeAll(async () => {
      server = await startServer(program, join(folder, "server"));
    });
    afterAll(async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    for (const one of cases) test(one.name, () => onGround(one.run));

    test("takes what its server signed, and refuses what nobody did, or somebody else", () =>
      onGround(async (ground) => {
        const one = await working(ground);
        await one.engine.submit(mission(ground, "r1", [{ does: "nothing", name: "one" }]));
        await comesTo(one.engine, "r1", ENDED);
        const [port = 0] = ground.front.ports;
        expect(await handMade({ port, space: ground.space }, server)).toEqual({
          ...{ unsigned: 401, "said to be unsigned": 401, "signed by another key": 401 },
          ...{
            "signed for another handler": 401,
            "signed long ago": 401,
            "asked what it has": 401,
          },
          "signed by the server": 200,
        });
        await one.close();
        // As a home does that knows another key of its server.
        const strange = await ground.strange([OTHER_KEY]);
        const begun = codeOf(() => strange.engine.work(async () => undefined));
        expect(await begun).toBe("engine.refused");
      }));

    test("a network that is lost in a step: the mission goes on when it is back, and nothing is done twice", () =>
      onGround(async (ground) => {
        const { engine } = await ground.open();
        await engine.submit(mission(ground, "r1", NETWORK));
        const wire = await balancer([portOf(server.url)]);
        ground.url = wire.address;
        const worker = await ground.worker();
        await worker.said("begun build");
        for (const one of [wire, ground.front]) one.cut();
        // It is done outside, and nobody can be told.
        await worker.said("done build");
        for (const one of [wire, ground.front]) one.heal();
        await comesTo(engine, "r1", { state: "waiting", signals: ["ship it"], until: null });
        await engine.signal("r1", answer("ship it"));
        await comesTo(engine, "r1", ENDED);
        expect(linesIn(ground.folder)).toEqual(LINES);
        await worker.end();
        wire.stop();
      }));

    test("a server that is killed in a step, and is back: the mission goes on, and nothing is done twice", () =>
      onGround(async (ground) => {
        const { engine } = await ground.open();
        await engine.submit(mission(ground, "r1", NETWORK));
        const worker = await ground.worker();
        await worker.said("begun build");
        await server.stop();
        await worker.said("done build");
        await server.again();
        await comesTo(engine, "r1", { state: "waiting", signals: ["ship it"], until: null });
        await engine.signal("r1", answer("ship it"));
        await comesTo(engine, "r1", ENDED);
        expect(linesIn(ground.folder)).toEqual(LINES);
      }));

    test("what is more than a worker can be sent at once blocks a mission, with the way out", () =>
      onGround(async (ground) => {
        const { engine, journal } = await ground.open();
        const large = { kind: "home.created", version: "x".repeat(LIMITS.engineLogBytes) } as const;
        const common = { actor: "kernel", policy: null, isolation: null, label: null };
        await engine.work(async ({ mission: { run }, journal: held }) => {
          await held.append([{ ...common, run, step: null, body: large }]);
        });
        await engine.submit(mission(ground, "r1", STEPS));
        const blocked = await comesTo(engine, "r1", { state: "blocked" });
        expect(blocked).toMatchObject({ why: { code: "engine.log_full" } });
        expect(blocked.state === "blocked" && blocked.why.next).toContain("trace fork r1");
        expect(journal.head("r1")).toBeNull();
      }));

    test("what was changed there is refused, and the copy stays; an earlier version's log goes on", () =>
      onGround(async (ground) => {
        const { engine, journal } = await working(ground);
        const of = { space: ground.space, run: "r1" };
        await engine.submit(mission(ground, "r1", STEPS));
        await comesTo(engine, "r1", { state: "waiting", signals: ["ship it"], until: null });
        const record = await engine.read("r1");
        const drafts = { "batch 1": { drafts: [], prev: "", hash: "" } };
        let before: State = {};
        await changeState(server, of, (state) => ({ ...(before = state), ...drafts }));
        expect(await codeOf(() => engine.read("r1"))).toBe("engine.tampered");
        expect(recordOf(journal, "r1")).toEqual(record);
        const { epoch = 0, cancelled = false, ...log } = before["log"] as Record<string, Json>;
        await changeState(server, of, () => ({ ...before, log, epoch, cancelled }));
        await engine.signal("r1", answer("ship it"));
        await comesTo(engine, "r1", ENDED);
        expect(linesIn(ground.folder)).toEqual(LINES);
      }));

    const apart =
      "a network that one of two lost: the other goes on, and what the first says late is refused";
    const takesOver = (ground: Wired): Promise<void> => takenOver(ground, server);
    if (process.env["NANOS_SOAK"] === "1") test(apart, () => onGround(takesOver));

    test("a mission begun on this machine's own engine finishes here, with the same decisions", () =>
      onGround(async (ground) => {
        const { engine, journal } = await working(ground);
        const local = localEngine({ journal, clock: systemClock });
        await local.work(plainDriver(systemClock));
        await local.submit(mission(ground, "r1", STEPS));
        await comesTo(local, "r1", { state: "waiting" });
        await local.signal("r1", answer("what is asked later"));
        while (journal.carried("r1")) await systemClock.sleep(5);
        await move(journal, "r1", local, engine);
        await comesTo(engine, "r1", { state: "waiting", signals: ["ship it"] });
        await engine.signal("r1", answer("ship it"));
        await comesTo(engine, "r1", ENDED);
        expect(linesIn(ground.folder)).toEqual(LINES);
        const record = await engine.read("r1");
        expect(decisionDigest(record)).toBe(DIGEST);
        expect(board.signalsTo(journal, "r1").map(({ name }) => name)).toEqual([
          "what is asked later",
          "ship it",
        ]);
        // The home holds a copy, whole.
        expect(await local.status("r1")).toEqual(ENDED);
        expect(await local.read("r1")).toEqual(record);
        expect(journal.verify()).toMatchObject({ ok: true });
        expect(await codeOf(() => move(journal, "r1", engine, local))).toBe("engine.ended");
        await local.stop(0);
      }));
  });
}

/** Nobody tells Restate that one is cut off: it hears nothing of it for four seconds. */
async function takenOver(ground: Wired, { url }: TestServer): Promise<void> {
  const { front } = ground;
  const { engine } = await ground.open();
  const wire = await balancer([portOf(url)]);
  ground.url = wire.address;
  const lost = await ground.worker();
  const line = await balancer([...front.ports]);
  front.ports.clear();
  front.ports.add(portOf(line.address));
  // What is open goes past the line.
  front.heal();
  await engine.submit(mission(ground, "r1", NETWORK));
  await lost.said("begun build");
  for (const one of [wire, line]) one.cut();
  await lost.said("done build");
  front.ports.clear();
  ground.url = url;
  await ground.worker();
  await comesTo(engine, "r1", { state: "waiting", signals: ["ship it"], until: null });
  await engine.signal("r1", answer("ship it"));
  await comesTo(engine, "r1", ENDED);
  wire.heal();
  await lost.said("lost Superseded");
  expect(linesIn(ground.folder)).toEqual(LINES);
  for (const one of [wire, line]) one.stop();
}

function portOf(address: string): number {
  return Number(new URL(address).port);
}
