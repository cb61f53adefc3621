import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { expect, setDefaultTimeout, test } from "bun:test";
import * as acp from "@agentclientprotocol/sdk";
import { command, person } from "./support/nanos.ts";

setDefaultTimeout(60_000);

/** `nanos acp` as an editor starts it: the protocol's own client at the other end of its pipes. */

const ASKING = `
  - id: ask-first
    when: { kind: tool, name: calculate }
    then: ask
    example: { name: calculate, args: { expression: "2 + 2" } }
    counter: { name: echo, args: { text: "x" } }
`;

test("a turn with a question, a no, the conversation anew, and an end with its pipes", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  appendFileSync(join(me.userHome, ".nano-os", "rules.yaml"), ASKING);
  const [program = "", ...args] = command();
  const env = { HOME: me.userHome, PATH: process.env["PATH"] ?? "" };
  const child = spawn(program, [...args, "acp"], {
    ...{ env, cwd: me.userHome, stdio: ["pipe", "pipe", "ignore"] },
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const updates: acp.SessionUpdate[] = [];
  const asked: string[] = [];
  let choice: "allow_once" | "reject_once" = "allow_once";
  const { agent } = acp
    .client({ name: "test" })
    .onNotification(acp.methods.client.session.update, ({ params }) => {
      updates.push(params.update);
    })
    .onRequest(acp.methods.client.session.requestPermission, ({ params }) => {
      asked.push(params.toolCall.title ?? "");
      const picked = params.options.find(({ kind }) => kind === choice);
      return { outcome: { outcome: "selected", optionId: picked?.optionId ?? "" } };
    })
    .connect(
      acp.ndJsonStream(
        Writable.toWeb(child.stdin as Writable) as WritableStream<Uint8Array>,
        Readable.toWeb(child.stdout as Readable) as unknown as ReadableStream<Uint8Array>,
      ),
    );
  const { initialize, session } = acp.methods.agent;
  await agent.request(initialize, { protocolVersion: 1, clientCapabilities: {} });
  const cwd = me.userHome;
  const { sessionId } = await agent.request(session.new, { cwd, mcpServers: [] });
  const said = (): string =>
    updates
      .splice(0)
      .map((one) =>
        one.sessionUpdate === "agent_message_chunk" && one.content.type === "text"
          ? one.content.text
          : "",
      )
      .join("");
  const turn = async (text: string): Promise<string> => {
    const prompt = [{ type: "text" as const, text }];
    await agent.request(session.prompt, { sessionId, prompt });
    return said();
  };
  expect(await turn("calculate 6 * 7")).toContain("42");
  choice = "reject_once";
  expect(await turn("calculate 6 * 8")).not.toContain("48");
  expect(asked).toHaveLength(2);
  await agent.request(session.load, { sessionId, cwd, mcpServers: [] });
  expect(said()).toContain("42");
  child.stdin?.end();
  expect(await ended).toBe(0);
});
