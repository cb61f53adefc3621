import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { NanosError } from "../../std/error.ts";
import { TIERS } from "../../sandbox/testing/tiers.ts";
import type { McpServer } from "../../contracts/tool.ts";
import { answering, type Lab, openLab, toolFile } from "../testing/lab.ts";
import { BUN, codeOf, outputOf } from "../testing/servers.ts";
import type { Granted, Reach, Wanted } from "../tool-host.ts";

setDefaultTimeout(60_000);

const VALUE = "tok-7Hq2ZpW9vT4bN6xL";

/** A command, a server and a tool file that tell their whole environment. */
const COMMAND = JSON.stringify({
  name: "tell",
  description: "Tells.",
  command: ["env"],
  scopes: ["secret:TOKEN"],
});
const SERVER = `
let rest = "";
const say = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
const TOOLS = [{ name: "tell", description: "Tells.", inputSchema: { type: "object" } }];
process.stdin.on("data", (chunk) => {
  rest += chunk;
  for (let at = rest.indexOf("\\n"); at >= 0; at = rest.indexOf("\\n")) {
    const m = JSON.parse(rest.slice(0, at)); rest = rest.slice(at + 1);
    if (m.method === "server/discover") process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id: m.id, error: { code: -32601, message: "unknown" } }) + "\\n");
    else if (m.method === "initialize") say(m.id, { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "h", version: "1" } });
    else if (m.method === "tools/list") say(m.id, { tools: process.env.API_KEY ? TOOLS : [] });
    else if (m.method === "tools/call") say(m.id, { content: [{ type: "text", text: JSON.stringify(process.env) }] });
  }
});
process.stdin.on("end", () => process.exit(0));
`;

function open(tier: "bwrap" | "landlock"): { lab: Lab; scopes: readonly string[] } {
  const servers: Record<string, McpServer> = {};
  const module = toolFile("look", `return { ...process.env };`, `scopes: ["secret:TOKEN"],`);
  const files = {
    "arrangement/tools/tell.yaml": COMMAND,
    "arrangement/tools/look.ts": module,
    "work/servers/s.ts": SERVER,
  };
  const secret = async (name: string): Promise<string> => {
    if (name === "TOKEN") return VALUE;
    throw new NanosError("secret.missing", "There is none.", "Store it.");
  };
  const lab = openLab({ files, servers, tier, options: { secret } });
  const folder = join(lab.workspace, "servers");
  const flags = ["--config=/dev/null", "--no-env-file", "--no-install"];
  servers["s"] = {
    command: BUN,
    args: [...flags, join(folder, "s.ts")],
    scopes: [`read:${folder}`, "secret:TOKEN"],
    env: { API_KEY: "Bearer {secret:TOKEN}", PLAIN: "plain" },
  };
  return { lab, scopes: [`read:${folder}`, `exec:${BUN}`, "secret:TOKEN"] };
}

const yes = ({ kind, ...wanted }: Wanted): Granted => ({
  ok: true,
  value: kind === "secret" && "name" in wanted ? `{secret:${wanted.name}}` : "",
});

for (const tier of TIERS) {
  test(`a program in ${tier} gets a secret once it was asked for, and only then`, async () => {
    const { lab } = open(tier);
    const scopes = ["exec:env", "secret:TOKEN"];
    const { reach, wanted } = answering(yes);
    const lines = String(outputOf(await lab.call("tell", {}, { scopes, reach }))).split("\n");
    expect(lines).toContain(`TOKEN=${VALUE}`);
    expect(wanted).toEqual([{ kind: "secret", name: "TOKEN", host: null }]);
    const starts = lab.starts();
    expect(codeOf(await lab.call("tell", {}, { scopes }))).toBe("test.refused");
    expect(lab.starts()).toBe(starts);
    // Without the scope there is nothing to ask for and nothing to get.
    const without = outputOf(await lab.call("tell", {}, { scopes: ["exec:env"], reach }));
    expect(String(without)).not.toContain(VALUE);
    const missing = { scopes: ["exec:env", "secret:OTHER"], reach };
    expect(codeOf(await lab.call("tell", {}, missing))).toBe("secret.missing");
    await lab.close();
  });

  test(`a server in ${tier} is listed without the value and called with it`, async () => {
    const { lab, scopes } = open(tier);
    const { tools, broken } = await lab.host.list();
    expect([broken, tools.map(({ manifest }) => manifest.name)]).toEqual([
      [],
      expect.arrayContaining(["mcp__s__tell"]) as string[],
    ]);
    const { reach, wanted } = answering(yes);
    const told = outputOf(await lab.call("mcp__s__tell", {}, { scopes, reach }));
    expect(JSON.parse(String(told))).toMatchObject({ API_KEY: `Bearer ${VALUE}`, PLAIN: "plain" });
    expect(JSON.parse(String(told))).not.toHaveProperty("TOKEN");
    expect(wanted).toEqual([{ kind: "secret", name: "TOKEN", host: null }]);
    const refused: Reach = async () => ({ ok: false, failure: { code: "no", message: "No." } });
    // Also where its process is still warm.
    const again = await lab.call("mcp__s__tell", {}, { scopes, reach: refused });
    expect(codeOf(again)).toBe("no");
    await lab.close();
  });

  test(`an authored tool in ${tier} never gets one`, async () => {
    const { lab } = open(tier);
    const { reach, wanted } = answering(yes);
    const scopes = ["secret:TOKEN"];
    const told = JSON.stringify(outputOf(await lab.call("look", {}, { scopes, reach })));
    expect([told.includes(VALUE), wanted]).toEqual([false, []]);
    await lab.close();
  });
}
