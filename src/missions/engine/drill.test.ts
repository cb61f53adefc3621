import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import { openJournal } from "../../journal/open.ts";
import { localEngine } from "./local.ts";
import { restateEngine } from "./restate/restate.ts";
import { type Child, child } from "./testing/child.ts";
import {
  drill,
  type DrillGround,
  drillPage,
  type DrillReport,
  type DrillWords,
  evidenceFile,
} from "./testing/drill.ts";
import {
  balancer,
  serverIn,
  startCluster,
  startServer,
  type TestServer,
} from "./testing/restate-server.ts";

const WORKER = join(import.meta.dirname, "testing", "drill-worker.ts");
const isSoak = process.env["NANOS_SOAK"] === "1";
/** Of each engine: all of them in a soak, else a few. */
const KILLS = isSoak ? { local: 200, restate: 200 } : { local: 3, restate: 1 };
/** Servers of a cluster, and how often one of them is killed. */
const CLUSTER = { servers: 3, kills: 30 };
const SEED = 20_261_126;
const WORDS: Readonly<Record<string, DrillWords>> = {
  local: { title: "the local engine", whose: "whose process is" },
  restate: { title: "the restate engine", whose: "whose process is" },
  "restate-cluster": {
    title: `a cluster of ${CLUSTER.servers} Restate servers`,
    whose: "carried on a cluster of which one server after the other is",
  },
};

/** Holds the drill on a home of its own; in a soak its page is written. */
async function hold(
  name: string,
  kills: number,
  groundIn: (folder: string, journal: DrillGround["journal"]) => Promise<Held>,
): Promise<DrillReport> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-drill-"));
  const dir = join(folder, "journal");
  const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
  const ground = await groundIn(folder, journal);
  try {
    const report = await drill({ folder, journal, ...ground }, { kills, seed: SEED });
    const words = WORDS[name];
    if (isSoak && words) {
      const file = evidenceFile(name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, drillPage(words, SEED, report));
    }
    return report;
  } finally {
    await ground.end();
    journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Held extends Pick<DrillGround, "engine" | "worker" | "hurt"> {
  end(): Promise<void>;
}

async function started(...args: readonly string[]): Promise<Child> {
  return child(spawn(process.execPath, [WORKER, ...args]));
}

describe("missions of twenty tasks, killed at random moments, end as if nothing had happened", () => {
  const digests: string[] = [];

  test(
    "on the local engine",
    async () => {
      const report = await hold("local", KILLS.local, async (folder, journal) => ({
        engine: localEngine({ journal, clock: systemClock }),
        worker: async () => {
          const worker = await started(join(folder, "journal"));
          await worker.said("ready");
          return worker;
        },
        end: async () => undefined,
      }));
      digests.push(report.digest);
      expect(report.kills).toBe(KILLS.local);
    },
    isSoak ? 1_800_000 : 60_000,
  );

  const program = serverIn(process.env["NANOS_TEST_RESTATE"]);
  if (program === null) console.log("not available: the Restate server (npm test installs it)");
  else {
    test(
      "on the restate engine, with the same decisions",
      async () => {
        const report = await hold("restate", KILLS.restate, async (folder, journal) =>
          onRestate(await startServer(program, join(folder, "server")), folder, journal),
        );
        digests.push(report.digest);
        expect(report.kills).toBe(KILLS.restate);
        expect(new Set(digests).size).toBe(1);
      },
      isSoak ? 1_800_000 : 60_000,
    );
    const onCluster = async (): Promise<void> => {
      let [nth, last] = [0, -1];
      const report = await hold("restate-cluster", CLUSTER.kills, async (folder, journal) => {
        const cluster = await startCluster(program, join(folder, "cluster"), CLUSTER.servers);
        const hurt = async (): Promise<void> => {
          // Each in turn, and never the same twice: the two others have to do without it.
          last = (last + 1 + (nth++ % (CLUSTER.servers - 1))) % CLUSTER.servers;
          await cluster.hurt(last);
        };
        return { ...(await onRestate(cluster, folder, journal)), hurt };
      });
      expect([...new Set([...digests, report.digest])]).toHaveLength(1);
    };
    const name = "on a cluster of three servers, of which one after the other is killed";
    if (isSoak) test(name, onCluster, 1_800_000);
  }
});

/** Workers behind one address, for a server or for many that are one. */
async function onRestate(
  server: Omit<TestServer, "free" | "dir" | "again">,
  folder: string,
  journal: DrillGround["journal"],
): Promise<Held> {
  const front = await balancer();
  const place = { ...server, port: 0, address: front.address };
  const parts = { journal, clock: systemClock, place, space: "drill" };
  const onListen = (port: number): void => void front.ports.add(port);
  const first = restateEngine({ ...parts, onListen });
  await first.work(async () => undefined);
  await first.stop(0);
  front.ports.clear();
  return {
    engine: restateEngine(parts),
    worker: async () => {
      const where = JSON.stringify({ ...server, address: front.address, space: "drill" });
      const worker = await started(join(folder, "journal"), where);
      front.ports.clear();
      front.ports.add(Number(await worker.saysNext("listens ")));
      await worker.said("ready");
      return worker;
    },
    end: async () => {
      front.stop();
      await server.stop();
    },
  };
}
