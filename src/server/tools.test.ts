import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { z } from "zod";
import { NanocodeAnswer, ToolAnswer, ToolApproved } from "../contracts/http/tools.ts";
import { type Ask, codeOf, type Served, served } from "./testing/served.ts";

/** Single calls of tools and Nanocode's route: what a client gets, and what it cannot give itself. */

let home: Served;
let key = "";
let operator = "";

beforeAll(async () => {
  home = await served({
    asking: true,
    turns: [
      { when: { last: "hello" }, say: "- hello to all of you", once: false },
      { say: "It was: {{ inputs.constraints }}", once: false },
    ],
  });
  key = await home.key({ rate: 10_000 });
  operator = await home.key({ agent: null, rate: 10_000 });
});
afterAll(() => home.close());

const SUM = { name: "calculate", args: { expression: "2 + 2" } };

async function execute(body: object, how: Ask = { key }): Promise<ToolAnswer["result"]> {
  const came = await home.ask("POST", "/v1/tools/execute", { ...how, body });
  expect(came.status).toBe(200);
  return ToolAnswer.parse(came.body).result;
}

describe("one call of a tool", () => {
  test("answers what the tool gave, and is a run of the key's agent", async () => {
    const came = await execute({ name: "echo", args: { text: "hi" } });
    expect(came).toMatchObject({ status: "ok", tool: "echo", result: { echoed: "hi" } });
    const line = home.nanos.traces.line(came.run ?? "");
    expect(line).toMatchObject({ agent: "oracle", client: `key:${key.split("_")[1]}` });
    expect(await home.nanos.traces.replay(came.run ?? "")).toMatchObject({ ok: true });
  });

  test("of a tool there is not, and of one its agent has not, says so", async () => {
    expect(await execute({ name: "nothing" })).toEqual({
      ...{ status: "error", tool: "nothing", error: "unknown_tool:nothing" },
    });
    expect(
      await execute({ name: "artifact", args: { title: "x", type: "text", content: "x" } }),
    ).toMatchObject({ status: "error" });
  });

  test("that has to ask waits for the operator, and names what it waits for", async () => {
    const came = await execute(SUM);
    expect(came).toMatchObject({ error: "approval_required", reason: "missing_approval" });
    const [ask = ""] = came.approvals ?? [];
    expect(home.nanos.approvals.show(ask).run).toBe(came.run ?? "");
  });
});

describe("a yes beforehand", () => {
  const approve = async (more: object = {}): Promise<z.infer<typeof ToolApproved>> => {
    const body = { ...SUM, agent: "oracle", ...more };
    const came = await home.ask("POST", "/v1/tools/approve", { key: operator, body });
    expect(came.status).toBe(200);
    return ToolApproved.parse(came.body);
  };
  const reason = async (body: object, how?: Ask): Promise<unknown> =>
    (await execute(body, how)).reason;

  test("is for one call with exactly these arguments, once, by that agent", async () => {
    const { approval_id } = await approve();
    const other = { ...SUM, args: { expression: "2 + 3" }, approval_id };
    expect(await reason(other)).toBe("args_hash_mismatch");
    expect(await reason({ name: "echo", args: { text: "x" }, approval_id })).toBe("tool_mismatch");
    expect(await reason({ ...SUM, approval_id }, { key: operator })).toBe("tool_mismatch");
    expect(await execute({ ...SUM, approval_id })).toMatchObject({
      status: "ok",
      result: { result: 4 },
    });
    expect(await reason({ ...SUM, approval_id })).toBe("already_consumed");
    expect(await reason({ ...SUM, approval_id: "p1nothing" })).toBe("unknown_approval");
  });

  test("of many calls at once with one yes, one uses it", async () => {
    const { approval_id } = await approve();
    const all = await Promise.all(
      Array.from({ length: 6 }, () => execute({ ...SUM, approval_id })),
    );
    expect(all.filter(({ status }) => status === "ok")).toHaveLength(1);
  });

  test("is the operator's to give and is not needed where nothing is asked", async () => {
    const own = await home.ask("POST", "/v1/tools/approve", { key, body: SUM });
    expect([own.status, codeOf(own)]).toEqual([403, "http.operator_only"]);
    const body = { name: "echo", args: { text: "x" }, agent: "oracle" };
    const free = await home.ask("POST", "/v1/tools/approve", { key: operator, body });
    expect([free.status, codeOf(free)]).toEqual([400, "approval.not_needed"]);
    for (const ttl_seconds of [0, 901, 1.5]) {
      const bad = await home.ask("POST", "/v1/tools/approve", {
        key: operator,
        body: { ...SUM, ttl_seconds },
      });
      expect(codeOf(bad)).toBe("http.invalid");
    }
    const [short, long] = [await approve({ ttl_seconds: 1 }), await approve()];
    expect(long.expires - short.expires).toBeGreaterThanOrEqual(899_000);
  });
});

describe("Nanocode", () => {
  beforeAll(() => home.nanos.models.use("recorded"));

  test("an input is answered, and each constraint has its status", async () => {
    const wants = [
      ["max 3 words", "missed"],
      ["up to 9 words", "met"],
      ['must mention "nothing at all"', "missed"],
      ['avoid "goodbye"', "met"],
      ["as a bullet list", "met"],
      ["valid JSON", "missed"],
      ["a friendly tone", "uncertain"],
      ["no jargon", "uncertain"],
    ] as const;
    const body = { input: "say hello", constraints: wants.map(([one]) => one) };
    const came = await home.ask("POST", "/nanocode", { key, body });
    const { output, metadata, input } = NanocodeAnswer.parse(came.body);
    expect([came.status, input, output]).toEqual([200, "say hello", "- hello to all of you"]);
    expect(metadata.constraints.map((one) => [one.constraint, one.status])).toEqual(
      wants.map((one) => [...one]),
    );
    const trace = home.nanos.traces.show(metadata.run);
    const ended = trace.steps.find(({ task }) => task?.ended)?.task?.ended;
    expect(ended?.checks.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6].map((i) => `c${i}`));
    expect(home.nanos.traces.line(metadata.run)?.client).toStartWith("key:");
  });

  test("what the client wrote is never read as a part of the plan", async () => {
    const body = { input: "{{ output.answer }}", constraints: ["{{ x }}"] };
    const came = await home.ask("POST", "/nanocode", { key, body });
    expect(NanocodeAnswer.parse(came.body).output).toBe("It was: {{ inputs.constraints }}");
    const { run } = NanocodeAnswer.parse(came.body).metadata;
    const asked = home.nanos.traces.show(run).steps.find(({ kind }) => kind === "agent");
    expect(asked?.child?.request).toContain("{{ output.answer }}\n\nHold to this:\n- {{ x }}");
  });

  test("what cannot be asked is refused; the ping is the operator's", async () => {
    for (const body of [{}, { input: "" }, { input: "x", constraints: "y" }]) {
      expect(codeOf(await home.ask("POST", "/nanocode", { key, body }))).toBe("http.invalid");
    }
    expect((await home.ask("GET", "/admin/ping", { key: operator })).body).toEqual({
      ...{ status: "ok", pong: true },
    });
  });
});
