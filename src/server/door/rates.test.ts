import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { which } from "../../../scripts/machine.ts";
import { fakeClock, systemClock } from "../../std/clock.ts";
import { type Rates, ratesHere, ratesIn } from "./rates.ts";

/** Counting requests, in this process and in a real Redis. */

const PASSWORD = "not-to-be-seen";

interface Server extends AsyncDisposable {
  readonly url: string;
  kill(): Promise<void>;
}

async function freePort(): Promise<number> {
  const held = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => held.once("listening", resolve));
  const { port } = held.address() as { port: number };
  await new Promise((resolve) => held.close(resolve));
  return port;
}

/** A Redis of the test's own; null where this machine has none. */
async function startRedis(program: string): Promise<Server> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-redis-"));
  const port = await freePort();
  const child = spawn(
    program,
    [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", ""],
      ...["--requirepass", PASSWORD],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += String(chunk);
      if (/Ready to accept connections/u.test(text)) resolve();
    });
    void gone.then(() => reject(new Error(`redis-server ended: ${text}`)));
  });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
    rmSync(dir, { recursive: true, force: true });
  };
  return { url: `redis://:${PASSWORD}@127.0.0.1:${port}/0`, kill, [Symbol.asyncDispose]: kill };
}

/** So many are let in, the next is told how long it is, and another caller is not held by that. */
async function holds(rates: Rates, name: string): Promise<void> {
  const caller = { id: name, rate: 3 };
  for (let i = 0; i < 3; i += 1) expect(await rates.take(caller)).toBe(0);
  const wait = await rates.take(caller);
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(20_000);
  expect(await rates.take({ id: `${name} too`, rate: 1 })).toBe(0);
}

test("in this process requests come back evenly, and never more than a minute's worth", async () => {
  await holds(ratesHere(systemClock), "k1");
  const steps = fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), steps, async (rate, waits) => {
      const clock = fakeClock();
      const rates = ratesHere(clock);
      const taken: number[] = [];
      for (const ms of waits) {
        clock.advance(ms);
        if ((await rates.take({ id: "k", rate })) === 0) taken.push(clock.elapsed());
      }
      for (const at of taken) {
        // What was there at once, and what comes back within a minute.
        const within = taken.filter((one) => one > at - 60_000 && one <= at).length;
        expect(within).toBeLessThanOrEqual(2 * rate);
      }
    }),
  );
});

const program = which("redis-server");
if (program === null) console.log("not available: redis-server (apt-get install redis-server)");
else {
  test("in a Redis several servers count together, and it is told no key and no name", async () => {
    await using server = await startRedis(program);
    const [one, two] = [
      await ratesIn(server.url, systemClock),
      await ratesIn(server.url, systemClock),
    ];
    await holds(one, "k1");
    expect(await two.take({ id: "k1", rate: 3 })).toBeGreaterThan(0);
    const raw = new Bun.RedisClient(server.url);
    const names = (await raw.send("KEYS", ["*"])) as string[];
    expect(names.length).toBe(2);
    for (const name of names) {
      expect(name).toMatch(/^nanos:rate:[0-9a-f]{64}$/u);
      expect(await raw.send("PTTL", [name])).toBeGreaterThan(0);
    }
    [one, two, raw].forEach((each) => each.close());
  });

  test("nobody is let in while it is gone, and nothing says the password", async () => {
    const server = await startRedis(program);
    const rates = await ratesIn(server.url, systemClock);
    expect(await rates.take({ id: "k1", rate: 3 })).toBe(0);
    await server.kill();
    const refused = await rates.take({ id: "k1", rate: 3 }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "http.rates_lost" });
    rates.close();
    const unmade = await ratesIn(server.url, systemClock).catch((error: unknown) => error);
    expect(unmade).toMatchObject({ code: "serve.no_rates" });
    for (const error of [refused, unmade] as Error[]) {
      expect(`${error.message}${JSON.stringify(error)}${String(error.stack)}`).not.toContain(
        PASSWORD,
      );
    }
  });
}
