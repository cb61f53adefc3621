import { PlainText } from "../../contracts/http/wire.ts";
import type { Status } from "../../contracts/stage.ts";
import { PROOF } from "../door/seats.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** Pages for a browser. What is on them is text: nothing anybody wrote is markup here. */
export const PAGES: readonly Route[] = [
  route({
    method: "GET",
    path: "/landing",
    summary: "says what this is, and lets a browser in that comes by a link",
    needs: "nothing",
    takes: null,
    gives: PlainText,
    media: "text/html",
    handle: async () => page("nanos", LANDING),
  }),
  route({
    method: "GET",
    path: "/landing/enter.js",
    summary: "what uses up a link that leads to /landing",
    needs: "nothing",
    takes: null,
    gives: PlainText,
    media: "text/javascript",
    handle: async () => ({ text: ENTER }),
  }),
  route({
    method: "GET",
    path: "/organism",
    summary: "how the home stands, for the operator's browser",
    needs: "operator",
    takes: null,
    gives: PlainText,
    media: "text/html",
    page: true,
    handle: organism,
  }),
];

const LANDING = `<h1>nanos</h1>
<p>Agents work here under their operator's eye, each past one gate, with all of it on record.</p>
<p id="way">The operator comes in by a link: <code>nanos key link</code> makes one.</p>
<script src="/landing/enter.js"></script>`;

/** The link stands behind the #, which no server, proxy or log is sent. */
const ENTER = `const link = location.hash.slice(1);
if (link !== "") {
  history.replaceState(null, "", location.pathname);
  const headers = { "content-type": "application/json" };
  fetch("/v1/seats", { method: "POST", headers, body: JSON.stringify({ link }) }).then(
    async (answer) => {
      const said = await answer.json();
      if (!answer.ok) {
        document.getElementById("way").textContent = said.error.message;
        return;
      }
      // Of this origin alone, its port among it: what else listens on this machine does not see it.
      localStorage.setItem("${PROOF}", said.proof);
      location.replace("/organism");
    },
  );
}
`;

async function organism({ nanos }: Call<unknown>): Promise<Reply> {
  const { evolution, missions, memory, model, sandbox, spend, operator } = await nanos.status();
  const rows: readonly (readonly [string, string])[] = [
    ["stage", `${evolution.stage}, ${evolution.xp} XP`],
    [
      "missions",
      `${evolution.proven} proven, ${evolution.failed} failed, ${openOf(missions)} open`,
    ],
    ["runs", `${spend.runs}, ${spend.tokens} tokens, ${spend.cost} US dollars`],
    ["waits for you", String(operator.waits)],
    ["memory", memory.enabled ? `${memory.notes} notes, ${memory.candidates} to review` : "off"],
    ["model", model ?? "none"],
    ["sandbox", sandbox ?? "none"],
  ];
  const list = rows.map(([name, says]) => `<dt>${name}</dt><dd>${escaped(says)}</dd>`).join("\n");
  return page("nanos", `<h1>${escaped(evolution.stage)}</h1>\n<dl>\n${list}\n</dl>`);
}

const openOf = ({ waiting, open }: Status["missions"]): number => waiting + open;

/** A page of ours: nothing of another site is loaded, framed or sent to. */
export function page(title: string, inside: string): Reply {
  const text = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
${inside}
</html>
`;
  return { headers: { "content-security-policy": POLICY }, text };
}

const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "connect-src 'self'", "base-uri 'none'"],
  ...["form-action 'none'", "frame-ancestors 'none'"],
].join("; ");

/** Text as it stands on a page. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/gu, (sign) => `&#${sign.codePointAt(0)};`);
}
