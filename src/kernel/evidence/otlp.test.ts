import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import { refusal } from "../../home/testing/folder.ts";
import { boundary } from "../secrets/boundary.ts";
import { evidenceLab, EVENTFUL, eventful } from "../testing/evidence-lab.ts";
import { takeLabs } from "../testing/lab.ts";
import type { World } from "../world.ts";
import { exportOtlp } from "./otlp.ts";
import { spanIdOf } from "../../std/hash.ts";
import { type Span, spansOf } from "./spans.ts";

const lab = evidenceLab(EVENTFUL);
const RUN = await eventful(lab);
const { journal } = lab.world;
afterAll(() => lab[Symbol.dispose]());

/** The lab with the real way out, and one secret. */
const world: World = {
  ...lab.world,
  ...boundary(
    {
      open: async () => new Map(),
      lend: async (name) => `value of ${name}`,
      set: async () => {
        throw new Error("nothing is stored");
      },
    },
    lab.world.clock,
  ),
};

function valuesOf({ attributes }: Span): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value)[0] as unknown]),
  );
}

/** A collector on this machine, with what it was sent. */
async function collector(status = 200): Promise<{
  readonly url: string;
  readonly got: {
    readonly path: string;
    readonly auth: string | undefined;
    readonly body: string;
  }[];
  close(): Promise<void>;
}> {
  const got: { path: string; auth: string | undefined; body: string }[] = [];
  const read = async (request: IncomingMessage): Promise<string> => {
    let body = "";
    for await (const piece of request) body += String(piece);
    return body;
  };
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      got.push({ path: request.url ?? "", auth: request.headers.authorization, body });
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    got,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

describe("spans", () => {
  const spans = spansOf(journal, RUN, false);

  test("are the same however often they are made", () => {
    expect(spansOf(journal, RUN, false)).toEqual([...spans]);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    // Whoever takes part in a step was told its name while it went on.
    const sent = spans.find(({ name }) => name === "execute_tool send");
    expect(sent && spanIdOf(String(valuesOf(sent)["nanos.step"] ?? ""))).toBe(sent?.spanId ?? "");
    expect(
      spans.every(
        ({ spanId, traceId }) => /^[0-9a-f]{16}$/u.test(spanId) && /^[0-9a-f]{32}$/u.test(traceId),
      ),
    ).toBe(true);
  });

  test("form one tree, with the delegated run under the step that delegated", () => {
    const ids = new Set(spans.map(({ spanId }) => spanId));
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(roots.map(({ name }) => name)).toEqual(["invoke_agent oracle"]);
    expect(spans.every((one) => one.parentSpanId === undefined || ids.has(one.parentSpanId))).toBe(
      true,
    );
    const child = spans.find(({ name }) => name === "invoke_agent reader");
    const above = spans.find(({ spanId }) => spanId === child?.parentSpanId);
    expect(above && valuesOf(above)["nanos.step.kind"]).toBe("agent");
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  });

  test("are named by the conventions, and what those have no name for by ours", () => {
    const sent = spans.find(({ name }) => name === "execute_tool send");
    expect(sent && valuesOf(sent)).toMatchObject({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "send",
      "gen_ai.tool.type": "function",
      "nanos.verdict": "allow",
      "nanos.rank": "B",
      "nanos.approval.verdict": "allow",
      "nanos.approval.by": "operator@terminal",
      "nanos.step.status": "done",
    });
    expect(sent?.events.map(({ name }) => name)).toEqual([
      "nanos.approval.asked",
      "nanos.approval.used",
    ]);
    const chat = spans.find(({ name }) => name.startsWith("chat "));
    expect([chat?.kind, chat && valuesOf(chat)["gen_ai.operation.name"]]).toEqual([3, "chat"]);
  });

  test("hold what was said and done only when asked for", () => {
    expect(JSON.stringify(spans)).not.toContain("a.example");
    const whole = spansOf(journal, RUN, true);
    expect(JSON.stringify(whole)).toContain("a.example");
    expect(whole.map(({ spanId }) => spanId)).toEqual(spans.map(({ spanId }) => spanId));
  });
});

test("into a file", async () => {
  const to = join(lab.dir, "spans.json");
  const { spans } = await exportOtlp(world, RUN, to, {});
  const [resource] = (JSON.parse(fs.readFileSync(to, "utf8")) as { resourceSpans: object[] })
    .resourceSpans;
  expect(resource).toMatchObject({
    scopeSpans: [{ scope: { name: "nanos" }, spans: expect.any(Array) }],
  });
  expect(spans).toBe(spansOf(journal, RUN, false).length);
});

test("a collector gets the same spans each time, and that it does is on record", async () => {
  const one = await collector();
  try {
    await exportOtlp(world, RUN, one.url, {});
    await exportOtlp(world, RUN, one.url, {});
    const [first, second] = one.got;
    expect([one.got.length, first?.path]).toEqual([2, "/v1/traces"]);
    expect(second?.body).toBe(first?.body ?? "");
    const sent = [...journal.chain("home")].flatMap(({ body }) =>
      body?.kind === "trace.sent" ? [body] : [],
    );
    expect(sent.map(({ run, contents }) => [run, contents])).toEqual([
      [RUN, false],
      [RUN, false],
    ]);
  } finally {
    await one.close();
  }
});

test("a long run goes in parts", async () => {
  using long = evidenceLab(EVENTFUL);
  const run = await eventful(long);
  const step = [...long.world.journal.chain(run)].filter(({ event }) => event.step === `${run}.2`);
  for (let n = 100; n < 100 + LIMITS.otlpSpans; n++) {
    await long.world.journal.append(
      step.flatMap(({ event, body }) => (body ? [{ ...event, body, step: `${run}.${n}` }] : [])),
    );
  }
  const one = await collector();
  try {
    await exportOtlp({ ...world, journal: long.world.journal }, run, one.url, {});
    expect(one.got.length).toBe(2);
    // Nobody ran what was appended here: it is nothing to be driven again.
    takeLabs();
  } finally {
    await one.close();
  }
});

test("a collector that refuses, is not there, or is no address is said by name", async () => {
  const no = await collector(401);
  const code = async (to: string, secret?: string): Promise<string> =>
    (await refusal(() => exportOtlp(world, RUN, to, { secret }))).code;
  expect(await code(no.url)).toBe("otlp.refused");
  expect(await code(no.url, "key")).toBe("otlp.refused");
  expect(no.got.map(({ auth }) => auth)).toEqual([undefined, "value of key"]);
  // On its way to another machine anybody could read it.
  expect(await code("http://collector.example/v1/traces", "key")).toBe("fetch.in_clear");
  await no.close();
  expect(await code(no.url)).toBe("fetch.refused");
  expect(await code("http://")).toBe("otlp.bad_url");
});
