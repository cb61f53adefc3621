import { expect, setDefaultTimeout, test } from "bun:test";
import type { ServerResponse } from "node:http";
import { type Person, person } from "./support/nanos.ts";
import { type Hit, type Page, startPage } from "./support/page.ts";

setDefaultTimeout(120_000);

/**
 * How private the arrangement of an indie developer is, from everything local to a cloud that is
 * reached through a proxy and gets placeholders: what `show` and `doctor` say of it, and which hosts
 * were really dialled. The cloud is a name nobody has, so that only a proxy can bring a call to it.
 */
const CLOUD = "cloud.example.org";
const REQUEST =
  "Write to Mara at mara@example.org, her key is ghp_0123456789abcdefghijABCDEFGHIJ012345";

/** A provider, or a proxy that is asked for one: answers in the OpenAI wire, and keeps what it saw. */
function provider(): Promise<Page> {
  return startPage((hit: Hit, response: ServerResponse) => {
    const email = /Email_\d+|mara@example\.org/u.exec(hit.body)?.[0] ?? "nobody";
    const delta = { role: "assistant", content: `I would write to ${email}` };
    const chunk = { id: "1", object: "chat.completion.chunk", created: 1, model: "m" };
    const lines = [
      { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] },
      {
        ...chunk,
        choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      },
    ];
    response.setHeader("content-type", "text/event-stream");
    for (const line of lines) response.write(`data: ${JSON.stringify(line)}\n\n`);
    response.end("data: [DONE]\n\n");
  });
}

const ENV = { KEY: "k" };

async function using(me: Person, url: string, ...flags: readonly string[]): Promise<void> {
  const model = [
    "model",
    "add",
    "m",
    "--adapter",
    "openai-compatible",
    "--url",
    url,
    "--model",
    "m",
  ];
  const added = await me.run([...model, "--key-env", "KEY", ...flags], { env: ENV });
  expect(added.err).toBe("");
  await me.run(["model", "use", "m"], { env: ENV });
}

/** What is shown of the posture, and what a request comes to in it. */
async function seen(me: Person, ...flags: readonly string[]) {
  const ask = (args: readonly string[]) => me.run(args, { env: ENV });
  const shown = (await ask(["show"])).out;
  const checks = JSON.parse((await ask(["doctor", "--json"])).out) as Record<string, string>[];
  const ran = await ask(["run", REQUEST, "--json", ...flags]);
  const privacy = checks.find(({ name }) => name === "privacy");
  return { shown, privacy, code: ran.code, last: ran.out.trim().split("\n").at(-1) ?? "" };
}

async function home(): Promise<Person> {
  const me = person();
  await me.nanos("init", "--from", "indie-developer");
  return me;
}

test("everything local: the model of this machine is dialled, and nothing else may be", async () => {
  using me = await home();
  const local = await provider();
  try {
    await using(me, `http://${local.host}/v1`);
    const { shown, privacy, code, last } = await seen(me, "--local-only");
    expect([code, privacy?.["state"]]).toEqual([0, "ok"]);
    expect(shown).toContain("everything local: no model outside this machine is asked");
    expect(last).toContain('"outcome":"succeeded"');
    expect(local.hits.map(({ line }) => line)).toEqual(["POST /v1/chat/completions"]);
    await using(me, `https://${CLOUD}/v1`);
    const refused = await me.run(["run", "hello", "--local-only"], { env: ENV });
    expect(refused.code).toBe(4);
    expect(local.hits).toHaveLength(1);
  } finally {
    await local.close();
  }
});

test("a cloud model as it is: said plainly, with what would make it better", async () => {
  using me = await home();
  await using(me, `https://${CLOUD}/v1`);
  const { shown, privacy } = await seen(me, "--local-only");
  expect(shown).toContain(`coding, oracle, research to ${CLOUD}:443 (as it is, directly)`);
  expect(privacy).toMatchObject({
    state: "warn",
    says: `coding, oracle, research to ${CLOUD}:443 (as it is, directly)`,
    next: expect.stringContaining("--scrub") as string,
  });
});

test("a cloud model scrubbed and through a proxy: the proxy alone is dialled, with placeholders", async () => {
  using me = await home();
  const proxy = await provider();
  try {
    await using(me, `http://${CLOUD}/v1`, "--via", `http://${proxy.host}`, "--scrub");
    const { shown, privacy, code, last } = await seen(me);
    const says = `coding, oracle, research to ${CLOUD}:80 (scrubbed, through http://${proxy.host})`;
    expect(shown).toContain(says);
    expect(privacy).toMatchObject({ state: "ok", says });
    expect(code).toBe(0);
    // The one call went to the proxy, for that host; what is sensitive stayed here and came back.
    expect(proxy.hits.map(({ line }) => line)).toEqual([
      `POST http://${CLOUD}/v1/chat/completions`,
    ]);
    expect(proxy.hits[0]?.body).not.toContain("mara@example.org");
    expect(proxy.hits[0]?.body).not.toContain("ghp_0123456789");
    expect(last).toContain("I would write to mara@example.org");
  } finally {
    await proxy.close();
  }
});
