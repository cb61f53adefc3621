import { afterEach, describe, expect, test } from "bun:test";
import {
  call,
  closeAll,
  connect,
  head,
  home,
  META,
  OPERATOR,
  post,
  request,
} from "../testing/mcp.ts";
import { hear } from "../testing/served.ts";

/** What a client may watch, complete and page through, in both eras. */

afterEach(closeAll);

describe("what a client may watch, complete and page through", () => {
  test("in the revisions with a session: a run that goes on is told of, by name alone", async () => {
    const made = await home({ hanging: true });
    const key = await made.key(OPERATOR);
    const { client } = await connect(made, key, "legacy");
    const { run } = await call(client, "ask", { request: "hang", wait: 0 });
    const uri = `nanos://runs/${String(run)}`;
    const told = Promise.withResolvers<unknown>();
    client.setNotificationHandler("notifications/resources/updated", ({ params }) =>
      told.resolve(params),
    );
    await client.subscribeResource({ uri });
    await call(client, "cancel", { run: run ?? "" });
    expect(await told.promise).toEqual({ uri });
    await client.unsubscribeResource({ uri });
    const ref = { type: "ref/resource", uri: "nanos://agents/{id}" } as const;
    const offered = await client.complete({ ref, argument: { name: "id", value: "or" } });
    expect(offered.completion).toEqual({ values: ["oracle"], total: 1, hasMore: false });
    expect((await client.listPrompts()).prompts).toEqual([]);
    for (const cursor of ["x", "-1", "100000"]) {
      expect(String(await client.listTools({ cursor }).catch(String))).toContain("no such cursor");
    }
    const none = client.subscribeResource({ uri: "nanos://runs/none" });
    expect(String(await none.catch(String))).toContain("no such resource");
  });

  test("in the stateless one: on the stream of one request, until it is closed", async () => {
    const made = await home({ hanging: true });
    const key = await made.key(OPERATOR);
    const begun = await made.ask("POST", "/v1/runs", { key, body: { text: "hang" } });
    const { run } = begun.body as { run: string };
    const listen = (uris: readonly string[]): Promise<Response> => {
      const params = { notifications: { resourceSubscriptions: [...uris] }, _meta: META };
      const asked = request("subscriptions/listen", params, "s1");
      return post(made, key, asked, { headers: head("subscriptions/listen") });
    };
    const uri = `nanos://runs/${run}`;
    const stream = await listen([uri]);
    await made.nanos.cancel(run);
    const heard = await hear(stream, (all) => all.length > 1);
    const _meta = { "io.modelcontextprotocol/subscriptionId": "s1" };
    expect(heard.map(({ data }) => JSON.parse(data) as unknown)).toMatchObject([
      {
        method: "notifications/subscriptions/acknowledged",
        params: { notifications: { resourceSubscriptions: [uri] }, _meta },
      },
      { method: "notifications/resources/updated", params: { uri, _meta } },
    ]);
    const over = await hear(await listen([]));
    expect(JSON.parse(over.at(-1)?.data ?? "")).toMatchObject({ id: "s1", result: { _meta } });
    const many = Array.from({ length: 3 }, () => "nanos://runs/none");
    expect((await hear(await listen(many)))[0]?.data).toContain("no such resource");
  });
});
