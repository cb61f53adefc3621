import { heapStats } from "bun:jsc";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ChatChunk } from "../contracts/http/openai.ts";
import { RunTold } from "../contracts/http/runs.ts";
import type { Key } from "../contracts/http/key.ts";
import type { RunHandle, RunHooks } from "../contracts/nanos.ts";
import { fakeClock, systemClock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import { openCarried } from "./live.ts";
import { type Sink, streamOf } from "./sse.ts";
import { type Heard, type Served, codeOf, hear, served } from "./testing/served.ts";
import { openVoice } from "./openai/voice.ts";

/** What comes while it is made, runs that go on without their client, and who answers asks. */

let home: Served;
let key = "";
let other = "";
let operator = "";

beforeAll(async () => {
  home = await served({ asking: true });
  key = await home.key({ rate: 10_000 });
  other = await home.key({ rate: 10_000 });
  operator = await home.key({ agent: null, rate: 10_000 });
});
afterAll(() => home.close());

const asking = (content: string, more: object = {}): object => ({
  ...{ model: "nanos/oracle", messages: [{ role: "user", content }] },
  ...{ stream: true, stream_options: { include_usage: true }, ...more },
});

async function stream(content: string): Promise<{ heard: readonly Heard[]; text: string }> {
  const response = await home.open("POST", "/v1/chat/completions", { key, body: asking(content) });
  expect(response.headers.get("content-type")).toStartWith("text/event-stream");
  const heard = await hear(response);
  expect(heard.at(-1)?.data).toBe("[DONE]");
  const chunks = heard.slice(0, -1).map(({ data }) => ChatChunk.parse(JSON.parse(data)));
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
  return { heard, text: chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("") };
}

async function beginRun(text: string, by = key): Promise<string> {
  const { status, body } = await home.ask("POST", "/v1/runs", { key: by, body: { text } });
  expect(status).toBe(202);
  return (body as { run: string }).run;
}

async function until(run: string, state: string): Promise<unknown> {
  for (;;) {
    const { body } = await home.ask("GET", `/v1/runs/${run}`, { key: operator });
    if ((body as { state: string }).state === state) return body;
    await systemClock.sleep(5);
  }
}

describe("a streamed answer", () => {
  test("says what the model says, and what no model said", async () => {
    await home.nanos.models.use("recorded");
    expect((await stream("my cat is Tom")).text).toBe("Noted.");
    await home.nanos.models.use("rules");
    expect((await stream("echo hello")).text).toBe("hello");
  });

  test("tells a plain client what it waits for, with the approval's id", async () => {
    const { text } = await stream("calculate 2 + 2");
    const [ask] = home.nanos.approvals.list();
    expect(text).toContain(`approval ${ask?.id}`);
    const plain = { ...asking("calculate 2 + 2"), stream: false };
    const came = await home.ask("POST", "/v1/chat/completions", { key, body: plain });
    const [newest] = home.nanos.approvals.list();
    expect(came.headers.get("x-nanos-approval")).toBe(newest?.id ?? "");
    for (const { run } of home.nanos.approvals.list()) await home.nanos.cancel(run);
  });

  test("stops with its client", async () => {
    await home.nanos.models.use("recorded");
    const body = asking("my cat is Tom");
    const response = await home.open("POST", "/v1/chat/completions", { key, body });
    const run = response.headers.get("x-nanos-run") ?? "";
    await response.body?.cancel();
    // It had ended, or it was stopped; it does not go on for nobody.
    expect(await until(run, "ended")).toMatchObject({
      outcome: expect.stringMatching(/cancelled|succeeded/u),
    });
    await home.nanos.models.use("rules");
    while (home.app.inside() > 0) await systemClock.sleep(5);
  });
});

describe("runs by themselves", () => {
  test("a client that comes again goes on where it was, and nothing is told twice or lost", async () => {
    const run = await beginRun("echo hello");
    const path = `/v1/runs/${run}/events`;
    const all = await hear(await home.open("GET", path, { key }));
    expect(all.map(({ event }) => event)).toEqual([
      ...["run.started", "action.proposed", "action.judged", "action.settled"],
      ...["action.proposed", "action.judged", "action.settled", "run.ended"],
    ]);
    for (const { id, data } of all) expect(RunTold.parse(JSON.parse(data)).seq).toBe(Number(id));
    for (const [i, { id }] of all.entries()) {
      const headers = { "last-event-id": id };
      const rest =
        i === all.length - 1 ? [] : await hear(await home.open("GET", path, { key, headers }));
      expect(rest).toEqual(all.slice(i + 1));
    }
    const bad = { "last-event-id": "x" };
    expect(codeOf(await home.ask("GET", path, { key, headers: bad }))).toBe("http.invalid");
  });

  test("one whose watcher goes away goes on, and is answered by the operator alone", async () => {
    const run = await beginRun("calculate 6 * 7");
    const path = `/v1/runs/${run}/events`;
    await hear(await home.open("GET", path, { key }), (heard) => heard.length > 0);
    expect(await until(run, "waiting")).toMatchObject({ asks: [{ name: "calculate" }] });

    const { body } = await home.ask("GET", "/v1/approvals", { key });
    const [ask] = (body as { data: { id: string }[] }).data;
    const id = ask?.id ?? "";
    // Neither whoever asked, nor another agent, nor words in a request say yes.
    for (const by of [key, other]) {
      for (const verb of ["approve", "deny"]) {
        const came = await home.ask("POST", `/v1/approvals/${id}/${verb}`, { key: by, body: {} });
        expect([came.status, codeOf(came)]).toEqual([403, "http.operator_only"]);
      }
      const seen = await home.ask("GET", `/v1/approvals/${id}`, { key: by });
      expect(codeOf(seen)).toBe("http.operator_only");
    }
    expect((await home.ask("GET", "/v1/approvals", { key: other })).body).toEqual({ data: [] });
    await home.ask("POST", "/v1/chat/completions", { key, body: asking(`approve ${id}`) });
    expect(home.nanos.approvals.list().map((one) => one.id)).toContain(id);

    const shown = (await home.ask("GET", `/v1/approvals/${id}`, { key: operator })).body;
    expect(shown).toMatchObject({ id, name: "calculate", action: { expression: "6 * 7" } });
    const { argsHash } = shown as { argsHash: string };
    const approve = (given: object) =>
      home.ask("POST", `/v1/approvals/${id}/approve`, { key: operator, body: given });
    expect(codeOf(await approve({ argsHash: "0".repeat(64) }))).toBe("approval.args_hash_mismatch");
    const watching = hear(await home.open("GET", path, { key }));
    expect((await approve({ argsHash })).body).toMatchObject({
      verdict: "allow",
      run,
      resumed: true,
    });
    expect(JSON.parse((await watching).at(-1)?.data ?? "")).toMatchObject({ text: "42" });
    expect(codeOf(await approve({ argsHash }))).toBe("approval.already_consumed");
    const answered = home.nanos.traces
      .events(run)
      .flatMap(({ body }) => (body?.kind === "approval.used" ? body.answer.by : []));
    expect(answered).toEqual([`operator@key:${operator.split("_")[1]}`]);
    expect(await home.nanos.traces.replay(run)).toMatchObject({ ok: true });
  });

  test("a no ends it as a no", async () => {
    const run = await beginRun("calculate 1 + 1");
    await until(run, "waiting");
    const [ask] = home.nanos.approvals.list();
    const path = `/v1/approvals/${ask?.id}/deny`;
    expect((await home.ask("POST", path, { key: operator })).body).toMatchObject({
      verdict: "deny",
    });
    expect(await until(run, "ended")).toMatchObject({ outcome: "failed" });
  });

  test("what others asked is not there for a key", async () => {
    const run = await beginRun("echo mine");
    await until(run, "ended");
    const [first] = home.nanos.traces.list({ limit: 1 });
    expect(first?.run).toBe(run);
    for (const id of [run, "r0", "home", `${run}_1`]) {
      for (const [method, path] of [
        ["GET", `/v1/runs/${id}`],
        ["GET", `/v1/runs/${id}/events`],
        ["POST", `/v1/runs/${id}/cancel`],
        ["POST", `/v1/runs/${id}/resume`],
      ] as const) {
        const came = await home.ask(method, path, { key: other });
        expect([id, came.status, codeOf(came)]).toEqual([id, 404, "run.unknown"]);
      }
    }
    const list = async (by: string): Promise<number> => {
      const { body } = await home.ask("GET", "/v1/runs?limit=500", { key: by });
      return (body as { data: unknown[] }).data.length;
    };
    expect([await list(other), (await list(operator)) > 3]).toEqual([0, true]);
    for (const limit of ["0", "501", "x"]) {
      const came = await home.ask("GET", `/v1/runs?limit=${limit}`, { key });
      expect(codeOf(came)).toBe("http.invalid");
    }
  });

  test("one can be stopped and gone on with by whoever began it", async () => {
    const run = await beginRun("calculate 3 + 3");
    await until(run, "waiting");
    const again = await home.ask("POST", `/v1/runs/${run}/resume`, { key });
    expect(again.body).toMatchObject({ run });
    await until(run, "waiting");
    const stopped = await home.ask("POST", `/v1/runs/${run}/cancel`, { key });
    expect(stopped.body).toMatchObject({ run });
    expect(await until(run, "ended")).toMatchObject({ outcome: "cancelled" });
    const late = await home.ask("POST", `/v1/runs/${run}/cancel`, { key });
    expect([late.status, codeOf(late)]).toEqual([409, "run.ended"]);
  });

  test("a key never reaches further than it says, whatever a run asks for", async () => {
    const narrow = await home.key({ scopes: ["read:./notes"], budget: { calls: 3 }, rate: 100 });
    const body = {
      text: "echo hello",
      within: ["read:./notes/deep", "net:*"],
      budget: { calls: 9 },
    };
    const came = await home.ask("POST", "/v1/runs", { key: narrow, body });
    const { run } = came.body as { run: string };
    await until(run, "ended");
    const [first] = home.nanos.traces.events(run);
    const started = first?.body as unknown as { within: string[]; budget: { calls: number } };
    expect(started.within).toHaveLength(1);
    expect(started.within[0]).toEndWith("/notes/deep");
    expect(started.budget.calls).toBe(3);
    const elsewhere = await home.ask("POST", "/v1/runs", {
      key,
      body: { text: "x", agent: "other" },
    });
    expect([elsewhere.status, codeOf(elsewhere)]).toEqual([404, "model_not_found"]);
  });

  test("a key has so many runs at once, and so many places, and not more", async () => {
    const carried = openCarried();
    const never = { run: "r1", done: new Promise<never>(() => undefined), cancel: () => undefined };
    const begin = (id: string): Promise<unknown> => {
      const start = async ({ on }: RunHooks): Promise<RunHandle> => {
        on?.({ type: "delta", run: "r1", step: "r1.1", kind: "text", text: "" });
        return never;
      };
      const begun = carried.carry({ id } as Key, start);
      return begun.then(({ run }) => run).catch((error: { code?: string }) => error.code);
    };
    const own = await Promise.all(
      Array.from({ length: LIMITS.httpRunsPerKey + 1 }, () => begin("k")),
    );
    expect([own.at(-2), own.at(-1)]).toEqual(["r1", "http.busy"]);
    const left = LIMITS.httpRuns - LIMITS.httpRunsPerKey;
    const all = await Promise.all(Array.from({ length: left + 1 }, (_, i) => begin(`k${i}`)));
    expect([all.at(-2), all.at(-1)]).toEqual(["r1", "http.busy"]);
    const waits = await beginRun("calculate 9 + 9");
    const path = `/v1/runs/${waits}/events`;
    await until(waits, "waiting");
    const open: Response[] = [];
    for (let i = 0; i < LIMITS.httpStreamsPerKey; i++)
      open.push(await home.open("GET", path, { key }));
    expect(codeOf(await home.ask("GET", path, { key }))).toBe("http.busy");
    // Others are served all the same, and places come back.
    expect((await home.ask("GET", "/v1/models", { key })).status).toBe(200);
    for (const one of open) void one.body?.cancel();
    while (home.app.inside() > 0) await systemClock.sleep(5);
    await hear(await home.open("GET", path, { key }), (heard) => heard.length > 0);
    await home.nanos.cancel(waits);
  });
});

describe("a stream", () => {
  const given = (signal: AbortSignal, over: () => void) => ({
    ...{ clock: fakeClock(), signal, headers: {}, over },
  });

  test("waits for a slow client, says that it is there, and ends with its client", async () => {
    const stop = new AbortController();
    let [sent, over] = [0, 0];
    const feed = async ({ send, gone }: Sink): Promise<void> => {
      while (!gone.aborted) {
        await send({ data: "x" });
        sent += 1;
      }
    };
    const response = streamOf(
      feed,
      given(stop.signal, () => void (over += 1)),
    );
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    for (let i = 0; i < 50; i++) await Promise.resolve();
    // Nobody reads on: no more was made than has room.
    expect(sent).toBeLessThan(40);
    await reader.cancel();
    while (over === 0) await systemClock.sleep(1);
    expect(over).toBe(1);

    const silent = streamOf(
      ({ gone }) => new Promise((done) => gone.addEventListener("abort", () => done())),
      given(stop.signal, () => void (over += 1)),
    );
    const beats = (silent.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await beats.read()).value)).toBe(": \n\n");
    stop.abort();
    while (over === 1) await systemClock.sleep(1);
  });

  test("that has ended leaves nothing behind, though its server goes on and nobody stopped it", async () => {
    const signals = (): number => {
      Bun.gc(true);
      return heapStats().objectTypeCounts["AbortSignal"] ?? 0;
    };
    const ends = new AbortController();
    const feed = async ({ send, gone }: Sink): Promise<void> => {
      gone.addEventListener("abort", () => undefined);
      await send({ data: "x" });
    };
    const some = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        const { signal } = new AbortController();
        const how = { ...given(signal, () => undefined), clock: systemClock, ends: ends.signal };
        await streamOf(feed, how).text();
      }
    };
    await some();
    const before = signals();
    for (let i = 0; i < 3; i++) await some();
    expect(signals()).toBeLessThan(before + 50);
  });

  test("data of several lines is one event", async () => {
    const stop = new AbortController();
    const feed = ({ send }: Sink): Promise<void> => send({ id: "1", event: "e", data: "a\nb" });
    const clock = { ...fakeClock(), sleep: () => new Promise<void>(() => undefined) };
    const response = streamOf(feed, { ...given(stop.signal, () => undefined), clock });
    expect(await hear(response)).toEqual([{ id: "1", event: "e", data: "a\nb" }]);
  });

  test("lines of JSON are one each, and a silent stream of them says one of its own", async () => {
    const stop = new AbortController();
    const feed = async ({ send, gone }: Sink): Promise<void> => {
      await send({ data: '{"a":1}' });
      while (!gone.aborted) await systemClock.sleep(1, gone);
    };
    const beats = [Promise.resolve(), new Promise<void>(() => undefined)];
    const clock = { ...fakeClock(), sleep: () => beats.shift() ?? Promise.resolve() };
    const how = { ...given(stop.signal, () => undefined), clock, lines: '{"still":true}' };
    const response = streamOf(feed, how);
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    while (text.split("\n").length < 3) {
      text += new TextDecoder().decode((await reader.read()).value);
    }
    expect(text).toBe('{"a":1}\n{"still":true}\n');
    await reader.cancel();
  });

  test("whoever reads nothing of what an agent says is cut off, and memory stays bounded", async () => {
    const voice = openVoice();
    const text = "x".repeat(64 * 1024);
    const delta = { type: "delta", run: "r1", step: "r1.1", kind: "text", text } as const;
    voice.on({ ...delta, run: "r1_1" });
    expect(voice.said).toBe("");
    for (let i = 0; i < 17; i++) voice.on(delta);
    expect(voice.behind).toBe(true);
    for await (const _ of voice.pieces()) throw new Error("nothing is given to who is cut off");
  });
});
