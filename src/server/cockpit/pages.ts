import { PlainText } from "../../contracts/http/wire.ts";
import { webFile } from "../../nanos.ts";
import { PROOF } from "../door/seats.ts";
import { Refusal } from "../refusal.ts";
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
    path: "/landing/icon.svg",
    summary: "the sign of its window",
    needs: "nothing",
    takes: null,
    gives: PlainText,
    media: "image/svg+xml",
    handle: async () => ({ text: textIn("icon.svg") ?? "" }),
  }),
  route({
    method: "GET",
    path: "/landing/style.css",
    summary: "how it looks",
    needs: "nothing",
    takes: null,
    gives: PlainText,
    media: "text/css",
    handle: async () => ({ text: textIn("landing.css") ?? "" }),
  }),
  route({
    method: "GET",
    path: "/organism",
    summary: "the cockpit, for the operator's browser",
    needs: "operator",
    takes: null,
    gives: PlainText,
    media: "text/html",
    page: true,
    handle: organism,
  }),
  route({
    method: "GET",
    path: "/web/{name}",
    summary: "a file the cockpit is made of",
    needs: "operator",
    takes: null,
    gives: PlainText,
    media: "text/javascript",
    page: true,
    handle: part,
  }),
];

const LANDING = `<link rel="stylesheet" href="/landing/style.css">
<img src="/landing/icon.svg" alt="">
<h1>Agents on your own machine, under your eye.</h1>
<ul>
<li>What an agent may do is held by the operating system, and what it may not do by itself it asks.</li>
<li>Memory is plain markdown, which you read and edit.</li>
<li>Everything that happened is on record: it can be proven, replayed, and shown to strangers.</li>
</ul>
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

/** The cockpit, which draws what it shows from what the other routes answer. */
async function organism(): Promise<Reply> {
  const text = textIn("index.html");
  return text === null ? page("nanos", NOT_BUILT) : { headers: PAGE_HEADERS, text };
}

const NOT_BUILT = `<h1>The cockpit is not built</h1>
<p>In the checkout: <code>npm run cockpit</code></p>`;

function textIn(name: string): string | null {
  const bytes = webFile(name);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

/** What the cockpit is made of. A name says which content it is, so a browser asks once. */
async function part({ params }: Call<unknown>): Promise<Reply> {
  const name = params["name"] ?? "";
  const text = name.endsWith(".html") ? null : webFile(name);
  if (text === null) {
    throw new Refusal("http.not_found", "There is no such file.", "Load the page anew.");
  }
  const type = MEDIA[name.slice(name.lastIndexOf("."))] ?? "text/javascript";
  const headers = { "content-type": `${type}; charset=utf-8`, "cache-control": KEPT };
  return { headers, text };
}

const MEDIA: Readonly<Record<string, string>> = { ".css": "text/css", ".svg": "image/svg+xml" };
const KEPT = "private, max-age=31536000, immutable";

/** A page of ours: nothing of another site is loaded, framed or sent to. */
export function page(title: string, inside: string): Reply {
  const text = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="/landing/icon.svg">
<title>${escaped(title)}</title>
${inside}
</html>
`;
  return { headers: PAGE_HEADERS, text };
}

/** Nothing on a page is run but our own files, and no text becomes markup, whatever wrote it. */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"],
  ...["img-src 'self' blob:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ...["require-trusted-types-for 'script'", "trusted-types 'none'"],
].join("; ");
const PAGE_HEADERS = { "content-security-policy": POLICY };

/** Text as it stands on a page. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/gu, (sign) => `&#${sign.codePointAt(0)};`);
}
