import { expect, test } from "bun:test";
import { answerAsk, listAsks } from "../desk/approvals.ts";
import { replay } from "../drive/replay.ts";
import { begin, resume } from "../runner.ts";
import { ended, type Lab, lab, type LabSetup } from "../testing/lab.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { traceOf } from "../views/trace.ts";

const API = "api.example.org:443";

/** Asks for a handle for `host`, and sends it to `url`. */
const caller: FunctionTool = {
  name: "call_api",
  scopes: ["net:*", "secret:key"],
  manifest: { args: { url: "destination", host: "content" } },
  run: async ({ url, host }, { reach }) => {
    const handle = host
      ? await reach({ kind: "secret", name: "key", host: String(host) })
      : { ok: true as const, value: "{secret:key}" };
    if (!handle.ok) return { refused: handle.failure.code };
    const headers = { authorization: `Bearer ${String(handle.value)}` };
    const got = await reach({
      kind: "fetch",
      method: "GET",
      url: String(url),
      headers,
      body: null,
    });
    return got.ok ? "sent" : { refused: got.failure.code };
  },
};

interface Sent {
  readonly url: string;
  readonly header: string | undefined;
  readonly secrets: readonly string[];
}

/** A lab whose agent calls the tool once for each of these arguments. */
function labOf(
  sent: Sent[],
  calls: readonly { readonly [name: string]: string }[],
  setup: Partial<LabSetup> = {},
): Lab {
  const script = {
    turns: [...calls.map((args) => ({ calls: [{ name: "call_api", args }] })), { say: "done" }],
  };
  return lab({
    tools: [caller],
    secrets: { key: API },
    fetch: (url, { headers }, secrets) => {
      sent.push({ url, header: headers["authorization"], secrets });
      return { status: 200, headers: {}, body: "", url, host: API };
    },
    script,
    ...setup,
  });
}

const SAID = "use https://api.example.org/ and https://evil.example.org/";

/** What the tool's calls came to. */
function outputs(made: Lab, run: string): unknown[] {
  return traceOf(made.journal, run).steps.flatMap(({ name, kind, outcome }) =>
    name === "call_api" && kind === "tool" && outcome?.status === "done" ? [outcome.output] : [],
  );
}

test("a handle goes out for its host; one answer covers it until the run reads from outside", async () => {
  const sent: Sent[] = [];
  const ask = { url: "https://api.example.org/a", host: "api.example.org" };
  const paths = ["a", "b", "c"].map((path) => ({ ...ask, url: `https://api.example.org/${path}` }));
  const made = labOf(sent, paths);
  const asked: string[] = [];
  const handle = await begin(made.world, {
    text: SAID,
    ask: async ({ what, keys }) => {
      // What the values of the calls are asked about is not the secret's affair.
      if (keys.every((key) => !key.startsWith("secret:")))
        return { verdict: "allow", reach: "run" };
      asked.push(what, ...keys.map((key) => key.replace(/\|[0-9a-f]{64}$/u, "|HASH")));
      return { verdict: "allow", reach: "run" };
    },
  });
  expect(await handle.done).toMatchObject({ ended: { outcome: "succeeded" } });
  expect(asked).toEqual([
    "oracle's call_api would use the secret key in requests to api.example.org",
    "rank:secret:call_api|HASH",
    "secret:call_api|key|operator",
    "oracle's call_api would use the secret key in requests to api.example.org",
    "secret:call_api|key|untrusted",
  ]);
  const header = "Bearer {secret:key}";
  expect(sent).toEqual(paths.map(({ url }) => ({ url, header, secrets: ["key"] })));
  expect(await replay(made.journal, made.world.recall, handle.run)).toMatchObject({ ok: true });
});

test("waiting for the answer outlives the process, and the handle is given out anew", async () => {
  const sent: Sent[] = [];
  const made = labOf(sent, [{ url: "https://api.example.org/a", host: API }]);
  const state = await ended(begin(made.world, { text: SAID }));
  expect([state.state, sent]).toEqual(["waiting", []]);
  const [ask] = listAsks(made.world);
  if (!ask) throw new Error("no ask");
  const later = made.again();
  await answerAsk(later.world, ask, { verdict: "allow", reach: "once" }, "operator@test");
  const after = await ended(resume(later.world, state.run, {}));
  expect(after).toMatchObject({ ended: { outcome: "succeeded" } });
  expect(sent.map(({ secrets }) => secrets)).toEqual([["key"]]);
  expect(await replay(later.journal, later.world.recall, state.run)).toMatchObject({ ok: true });
});

const REFUSED: readonly (readonly [string, { readonly [name: string]: string }, string])[] = [
  ["written without asking for it", { url: "https://api.example.org/" }, "secret.not_asked"],
  ["for another host", { url: "https://evil.example.org/", host: API }, "secret.not_asked"],
  ["for another port", { url: "https://api.example.org:8443/", host: API }, "secret.not_asked"],
  [
    "asked for a host it is not bound to",
    { url: "https://evil.example.org/", host: "evil.example.org" },
    "secret.not_bound",
  ],
];
for (const [what, args, code] of REFUSED) {
  test(`a handle ${what} sends nothing`, async () => {
    const sent: Sent[] = [];
    const made = labOf(sent, [args]);
    const handle = await begin(made.world, {
      text: `${SAID} https://api.example.org:8443/`,
      ask: async () => ({ verdict: "allow", reach: "once" }),
    });
    await handle.done;
    expect([outputs(made, handle.run), sent]).toEqual([[{ refused: code }], []]);
    expect(await replay(made.journal, made.world.recall, handle.run)).toMatchObject({ ok: true });
  });
}

test("a handle of one call is worth nothing in the next", async () => {
  const sent: Sent[] = [];
  const url = "https://api.example.org/";
  const made = labOf(sent, [{ url, host: API }, { url }]);
  const handle = await begin(made.world, {
    text: SAID,
    ask: async () => ({ verdict: "allow", reach: "run" }),
  });
  await handle.done;
  expect(outputs(made, handle.run)).toEqual(["sent", { refused: "secret.not_asked" }]);
});

test("a tool that did not declare the secret is denied, whatever the operator would say", async () => {
  const sent: Sent[] = [];
  const args = { url: "https://api.example.org/", host: API };
  const tools = [{ ...caller, scopes: ["net:*", "secret:other"] }];
  const made = labOf(sent, [args], { tools });
  const handle = await begin(made.world, {
    text: SAID,
    ask: async () => ({ verdict: "allow", reach: "run" }),
  });
  expect(await handle.done).toMatchObject({ ended: { asks: 0 } });
  expect([outputs(made, handle.run), sent]).toEqual([[{ refused: "deny:scope_missing" }], []]);
});

test("a program's use says that the program gets the value itself", async () => {
  const program: FunctionTool = {
    name: "call_api",
    kind: "command",
    scopes: ["secret:key", "net:a.org"],
    run: async (_args, { reach }) => {
      const given = await reach({ kind: "secret", name: "key", host: null });
      return given.ok ? given.value : { refused: given.failure.code };
    },
  };
  const made = labOf([], [{}], { tools: [program], secrets: { key: null } });
  const asked: string[] = [];
  const handle = await begin(made.world, {
    text: "go to https://a.org/",
    ask: async ({ what }) => {
      asked.push(what);
      return { verdict: "allow", reach: "once" };
    },
  });
  await handle.done;
  expect(asked).toEqual([
    "oracle's call_api would use the secret key in the environment of the program it starts, which reaches a.org:443",
  ]);
  expect(outputs(made, handle.run)).toEqual(["{secret:key}"]);
  const { journal, world } = made;
  expect(await replay(journal, world.recall, handle.run)).toMatchObject({ ok: true });
});
