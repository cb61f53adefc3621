import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../std/clock.ts";
import { systemRandom } from "../../../std/random.ts";
import { openJournal } from "../../../journal/open.ts";
import { localEngine } from "../local.ts";
import { move } from "../move.ts";
import { decisionDigest } from "../record.ts";
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
  type Opened,
  STEPS,
  working,
} from "../testing/cases.ts";
import { linesIn, plainDriver } from "../testing/driver.ts";
import { type Child, child } from "../testing/child.ts";
import { balancer, serverIn, startServer, type TestServer } from "../testing/restate-server.ts";
import { restateEngine } from "./restate.ts";

const WORKER = join(import.meta.dirname, "..", "testing", "worker.ts");

const program = serverIn(process.env["NANOS_TEST_RESTATE"]);
const folder = mkdtempSync(join(tmpdir(), "nanos-restate-"));
let server: TestServer;
let grounds = 0;

async function onGround(use: (ground: Ground) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-engine-"));
  const space = `t${++grounds}`;
  const front = await balancer();
  const opened: Opened[] = [];
  const children: Child[] = [];
  const open: Ground["open"] = async (queues = {}) => {
    const options = { dir: join(dir, "journal"), clock: systemClock, random: systemRandom };
    const journal = openJournal(options);
    let mine = 0;
    const place = { url: server.url, admin: server.admin, port: 0, address: front.address };
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
    const where = JSON.stringify({ ...server, address: front.address, space });
    const one = child(spawn(process.execPath, [WORKER, join(dir, "journal"), where]));
    children.push(one);
    const port = await one.saysNext("listens ");
    front.ports.add(Number(port));
    await one.said("ready");
    return one;
  };
  try {
    // Restate takes missions of a service it knows, whether or not a worker is there.
    const first = await open();
    await first.engine.work(async () => undefined);
    await first.close();
    await use({ folder: dir, open, worker });
  } finally {
    await Promise.all([...opened.map((one) => one.close()), ...children.map((one) => one.end())]);
    front.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

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
