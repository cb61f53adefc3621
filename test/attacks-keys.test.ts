import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { RunAsked } from "../src/contracts/http/runs.ts";
import type { Nanos } from "../src/contracts/nanos.ts";
import { openDoors } from "../src/server/door/doors.ts";
import { ratesHere } from "../src/server/door/rates.ts";
import { ROUTES } from "../src/server/routes.ts";
import { hear } from "../src/server/testing/served.ts";
import { fakeClock } from "../src/std/clock.ts";
import { NanosError } from "../src/std/error.ts";
import { LIMITS } from "../src/std/limits.ts";
import { type Attacked, attacked, CANARY, PASSPHRASE } from "./support/attacked.ts";

/**
 * What somebody would try who has a narrow key: to reach further, to say yes to themselves, to take all
 * places, to be told a secret.
 */

let it: Attacked;

beforeAll(async () => {
  it = await attacked();
});
afterAll(() => it.close());

describe("a narrow key", () => {
  test("asks no other agent, and reaches no further than it says, whatever is asked", async () => {
    const other = await it.json("POST", "/v1/runs", {
      key: it.key,
      body: { text: "x", agent: "notes" },
    });
    expect(other.status).toBe(404);
    const body: RunAsked = {
      text: "echo hello",
      ...{ within: ["read:/", "net:*"], budget: { cost: 1_000, calls: 100_000 } },
    };
    const came = await it.json("POST", "/v1/runs", { key: it.key, body });
    const { run } = came.body as { run: string };
    const [first] = it.home.nanos.traces.events(run);
    const started = first?.body?.kind === "run.started" ? first.body : null;
    expect([started?.said, started?.within?.every((scope) => scope.includes("/notes"))]).toEqual([
      "",
      true,
    ]);
    expect(started?.budget.calls).toBeLessThanOrEqual(LIMITS.calls);
    // What another key began is not there for this one.
    const theirs = await it.home.key({});
    for (const path of ["", "/events", "/cancel", "/resume"]) {
      const method = path === "/cancel" || path === "/resume" ? "POST" : "GET";
      expect((await it.json(method, `/v1/runs/${run}${path}`, { key: theirs })).status).toBe(404);
    }
  });

  test("cannot say yes to itself, by no route, tool or other protocol", async () => {
    const wide = await it.home.key({ rate: 100_000 });
    const asked = { key: wide, body: { text: "calculate 2 + 2" } };
    const { body } = await it.json("POST", "/v1/runs", asked);
    const { run } = body as { run: string };
    await hear(
      await fetch(`${it.serving.url}/v1/runs/${run}/events`, {
        headers: { authorization: `Bearer ${wide}` },
      }),
      (heard) => heard.some(({ event }) => event === "run.waiting"),
    );
    const [ask] = it.home.nanos.approvals.list();
    const yes = { argsHash: ask?.argsHash ?? "", verdict: "allow", name: "calculate", on: true };
    for (const { method, path, needs } of ROUTES) {
      if (needs !== "operator" || method === "GET") continue;
      const named = path.replaceAll(
        /\{\w+\}/gu,
        path.includes("approvals") ? (ask?.id ?? "") : run,
      );
      const came = await it.json(method, named, { key: wide, body: yes });
      expect([path, came.status]).toEqual([path, 403]);
    }
    // What is asked of the agent, or given to a tool, is text.
    for (const text of [`approve ${ask?.id}`, `/approve ${ask?.id}`, `echo yes ${ask?.id}`]) {
      await it.json("POST", "/v1/chat/completions", {
        key: wide,
        body: { model: "oracle", messages: [{ role: "user", content: text }] },
      });
    }
    await it.json("POST", "/v1/tools/execute", {
      key: wide,
      body: { name: "calculate", args: { expression: "2 + 2" }, approval_id: ask?.id },
    });
    const listed = await it.json("POST", "/mcp", {
      key: wide,
      headers: {
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
      },
      body: { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} },
    });
    expect(listed.text).not.toMatch(/"name":"[^"]*(?:approv|answer|grant|trust|resume)/u);
    expect(it.home.nanos.approvals.list().map(({ id }) => id)).toContain(ask?.id ?? "");
    expect(it.home.nanos.traces.line(run)?.state).toBe("waiting");
  });
});

test("streams take their places and no others, and give them back", () => {
  const keys = { admit: async () => null } as unknown as Nanos["keys"];
  const doors = openDoors({ keys, server: {} }, { admit: () => null }, ratesHere(fakeClock()));
  const one = { id: "k1", agent: "oracle", budget: {}, rate: 1, at: 0 };
  const leave = Array.from({ length: LIMITS.httpStreamsPerKey }, () => doors.enter(one, "streams"));
  const code = (act: () => unknown): string => {
    try {
      act();
      return "in";
    } catch (error) {
      return error instanceof NanosError ? error.code : "bug";
    }
  };
  expect(code(() => doors.enter(one, "streams"))).toBe("http.busy");
  // Who only waits takes no place from who asks, nor all of them from others.
  expect(code(() => doors.enter(one, "requests"))).toBe("in");
  expect(code(() => doors.enter({ ...one, id: "k2" }, "streams"))).toBe("in");
  leave[0]?.();
  expect(code(() => doors.enter(one, "streams"))).toBe("in");
});

test("what is secret is compared in one time, whatever it begins with", () => {
  for (const file of ["src/kernel/keys/keys.ts", "src/server/door/seats.ts"]) {
    const text = readFileSync(file, "utf8");
    expect(text).toContain("timingSafeEqual(Buffer.from(");
    expect(text).not.toMatch(
      /(?:secret|hash|cookie|proof)\)? ===? ?(?:secret|hash|shown|cookie|proof)/u,
    );
  }
});

test("no secret is in any answer, log or metric", async () => {
  const { run } = (
    await it.json("POST", "/v1/runs", { key: it.operator, body: { text: `echo ${CANARY}` } })
  ).body as { run: string };
  await hear(
    await fetch(`${it.serving.url}/v1/runs/${run}/events`, {
      headers: { authorization: `Bearer ${it.operator}` },
    }),
  );
  const { secret: link } = await it.home.nanos.keys.link();
  const secrets = [
    ...[CANARY, PASSPHRASE, link, it.seat.link, it.seat.proof, it.seat.cookie.split("=")[1] ?? ""],
    ...[it.key, it.operator].map((one) => one.slice(-64)),
  ];
  const names: Readonly<Record<string, string>> = { name: "wait", skill: "eval", other: run };
  const answers: string[] = [];
  for (const { method, path, streams, takes } of ROUTES) {
    if (streams === "always" || method === "DELETE") continue;
    const named = path.replaceAll(/\{(\w+)\}/gu, (_, name: string) =>
      path.includes("steps") ? `${run}.1` : (names[name] ?? run),
    );
    const body = takes === null ? {} : { body: { run, text: "echo x", name: "echo", input: "x" } };
    const came = await it.json(method, named, { key: it.operator, ...body });
    answers.push(`${path} ${came.text} ${JSON.stringify([...came.headers])}`);
  }
  answers.push(...it.log, ...(await streamOf(run)));
  for (const secret of secrets) {
    expect(
      answers.filter((text) => text.includes(secret)).map((text) => text.slice(0, 60)),
    ).toEqual([]);
  }
  expect(answers.length).toBeGreaterThan(ROUTES.length / 2);
});

async function streamOf(run: string): Promise<readonly string[]> {
  const headers = { authorization: `Bearer ${it.operator}` };
  const heard = await hear(await fetch(`${it.serving.url}/v1/runs/${run}/events`, { headers }));
  return heard.map(({ data }) => data);
}
