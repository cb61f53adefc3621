import { expect, test } from "bun:test";
import { connect } from "node:net";
import { chat, states, station, until } from "./support/server.ts";

/** `nanos serve` is told to stop while streams are open and runs go on. */

/** Says what was asked, once it is let. */
function held() {
  const gate = Promise.withResolvers<void>();
  const asked = { count: 0 };
  const answer = async () => {
    asked.count += 1;
    await gate.promise;
    return { say: "the whole answer" };
  };
  return { answer, asked, open: () => gate.resolve() };
}

/** A connection that stays open between requests. */
function kept(url: string, key: string) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let came = "";
  socket.on("data", (data) => (came += data.toString()));
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
  });
  const head = `GET /v1/models HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${key}\r\n\r\n`;
  return { ask: () => socket.write(head), came: () => came, closed };
}

test("told to stop, the server ends streams in order, begins nothing new, and exits with 0", async () => {
  const model = held();
  await using at = await station(model.answer);
  const up = await at.serve();
  const [key = ""] = at.keys;
  const connection = kept(up.url, key);
  connection.ask();
  await until(connection.came, (came) => came.includes("nanos/oracle"));
  const watching = await up.ask("/v1/events", at.operator);
  const streamed = await up.ask(
    "/v1/chat/completions",
    key,
    chat("how are you?", { stream: true }),
  );
  const begun = await up.ask("/v1/runs", key, { text: "and you?" });
  const { run } = (await begun.json()) as { run: string };
  const ends = Promise.all([watching.text(), streamed.text()]);
  await until(
    () => model.asked.count,
    (count) => count === 2,
  );
  up.process.kill("SIGTERM");
  await up.process.until("stopping: ");
  // Who is connected is told, or finds the connection closed; nobody else gets in.
  connection.ask();
  await Promise.race([
    connection.closed,
    until(connection.came, (came) => came.includes("draining")),
  ]);
  expect(
    await up.ask("/v1/models", key).then(
      ({ status }) => status,
      () => "closed",
    ),
  ).toBe("closed");
  model.open();
  const [watched, said] = await ends;
  expect(said).toContain("the whole answer");
  expect(said).toEndWith("data: [DONE]\n\n");
  expect(watched.match(/event: run\.ended\n/gu)).toHaveLength(2);
  expect((await up.process.ended).code).toBe(0);
  const { outcome } = await at.inside(async (nanos) => nanos.traces.line(run) ?? { outcome: null });
  expect(outcome).toBe("succeeded");
});

test("told twice, it goes at once, and whatever was under way goes on afterwards", async () => {
  const model = held();
  await using at = await station(model.answer);
  const up = await at.serve();
  const [key = ""] = at.keys;
  const streamed = await up.ask(
    "/v1/chat/completions",
    key,
    chat("how are you?", { stream: true }),
  );
  const whole = up.ask("/v1/chat/completions", key, chat("and you?")).catch(() => "closed");
  const begun = await up.ask("/v1/runs", key, { text: "and the others?" });
  const { run } = (await begun.json()) as { run: string };
  await until(
    () => model.asked.count,
    (count) => count === 3,
  );
  const runs = await at.inside(async (nanos) =>
    nanos.traces.list({ limit: 9 }).map((one) => one.run),
  );
  expect(runs).toHaveLength(3);
  expect(runs).toContain(run);
  up.process.kill("SIGTERM");
  await up.process.until("stopping: ");
  up.process.kill("SIGTERM");
  expect((await up.process.ended).code).toBe(130);
  await Promise.all([streamed.text().catch(() => "cut"), whole]);
  model.open();
  const again = await at.serve();
  expect(await states(again, at.operator, runs)).toEqual(runs.map(() => "interrupted"));
  for (const one of runs) await again.ask(`/v1/runs/${one}/resume`, at.operator, {});
  await until(
    () => states(again, at.operator, runs),
    (all) => all.every((one) => one === "ended"),
  );
  const shown = await (await again.ask(`/v1/runs/${run}`, key)).json();
  expect(shown).toMatchObject({ outcome: "succeeded", text: "the whole answer" });
});
