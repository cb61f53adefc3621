import { expect, test } from "bun:test";
import type { ToolManifest } from "../../contracts/tool.ts";
import type { Grant } from "../../contracts/config.ts";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { lab } from "../testing/lab.ts";

/** What a tool fetched counts as, by what its manifest says of it and which hosts that names. */
const OWN = "https://own.example/people";

interface Case {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly returns?: ToolManifest["returns"];
  readonly url?: string;
  readonly want: "directory" | "untrusted";
}

const DIRECTORY = { integrity: "directory" } as const;
const CASES: readonly Case[] = [
  { name: "its one host", scopes: ["net:own.example:443"], returns: DIRECTORY, want: "directory" },
  { name: "spelled otherwise", scopes: ["net:OWN.example"], returns: DIRECTORY, want: "directory" },
  { name: "no word of it", scopes: ["net:own.example:443"], want: "untrusted" },
  { name: "any host", scopes: ["net:*"], returns: DIRECTORY, want: "untrusted" },
  {
    name: "another host it names, over the web's own port",
    scopes: ["net:own.example:443", "net:other.example:80"],
    returns: DIRECTORY,
    url: "http://other.example/",
    want: "directory",
  },
  {
    name: "a host it reaches by any host's scope beside its own",
    scopes: ["net:own.example:443", "net:*"],
    returns: DIRECTORY,
    url: "https://evil.example/",
    want: "untrusted",
  },
  {
    name: "the operator's words, which nobody else says",
    scopes: ["net:own.example:443"],
    returns: { integrity: "operator" },
    want: "directory",
  },
];

for (const { name, scopes, returns, url = OWN, want } of CASES) {
  for (const tainted of [false, true]) {
    test(`${name}: ${want}, ${tainted ? "after a page of others" : "at first"}`, async () => {
      const people: FunctionTool = {
        ...{ name: "people", scopes, manifest: { reads: true, ...(returns && { returns }) } },
        run: async (_args, { reach }) => {
          const got = await reach({ kind: "fetch", method: "GET", url, headers: {}, body: null });
          return got.ok ? "ann@own.example" : got.failure.message;
        },
      };
      const page: FunctionTool = { name: "page", run: () => "Hello.", manifest: { reads: true } };
      const grant: Grant = { skill: "people", scopes: [...scopes], hash: null, at: 0 };
      const call = (tool: string): { name: string; args: {} } => ({ name: tool, args: {} });
      const made = lab({
        tools: [people, page],
        grants: [grant],
        script: {
          turns: [
            ...(tainted ? [{ calls: [call("page")] }] : []),
            { calls: [call("people")] },
            { say: "done" },
          ],
        },
        fetch: (to) => ({ status: 200, headers: {}, body: "", url: to, host: new URL(to).host }),
      });
      const handle = await begin(made.world, {
        text: "Look it up",
        ask: async () => ({ verdict: "allow", reach: "run" }),
      });
      await handle.done;
      const settled = [...made.journal.chain(handle.run)].findLast(
        ({ event, body }) => body?.kind === "action.settled" && event.actor === "tool:people",
      );
      const outcome = settled?.body?.kind === "action.settled" ? settled.body.outcome : null;
      if (outcome?.status !== "done") throw new Error("it was not called");
      expect(outcome.output).toBe("ann@own.example");
      const label = outcome.own ?? settled?.event.label;
      expect(label?.integrity).toBe(want);
      // The conversation is worth no more than before.
      expect(settled?.event.label?.integrity).toBe(tainted ? "untrusted" : want);
      expect(await replay(made.journal, made.world.recall, handle.run)).toMatchObject({ ok: true });
    });
  }
}
