import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { source as AXE } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Cable } from "./cable.ts";
import { handsOn } from "./hands.ts";
import { type Person, person, type Running } from "./nanos.ts";

/** A person's home behind `nanos serve`, and the cockpit of it in a real browser. */
export interface Cockpit {
  readonly me: Person;
  readonly page: Page;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What the page complained of: errors in its console, and scripts that threw. */
  readonly complaints: readonly string[];
  /** Opens a page of it by its name, `runs/RUN`, and waits until it is drawn. */
  open(name: string): Promise<void>;
  /** Does what is named so, by keys alone; and holds that what is drawn can be done by keys. */
  act(name: string): Promise<void>;
  /** Goes to a field by keys, and writes in it, or in a choice types what it begins with. */
  fill(label: string, words: string): Promise<void>;
  /** Walks a list by keys to the line that has these words. */
  line(list: string, words: string): Promise<void>;
  /** What is drawn and no key or line of the palette leads to. */
  unreached(): Promise<readonly string[]>;
  /** Serious faults for those who read with something else than their eyes, or at another size. */
  faults(): Promise<readonly string[]>;
  /** What can be used and has no name, as the browser tells those who read by ear. */
  nameless(): Promise<readonly string[]>;
  /** Keeps what is seen as `docs/cockpit/NAME.png`, where pictures are taken anew. */
  picture(name: string): Promise<void>;
  /** Ends the server, however it is told to, and starts it again at the same port. */
  restart(signal: NodeJS.Signals): Promise<void>;
  close(): Promise<void>;
}

export interface CockpitOptions {
  readonly starter?: string;
  /** Before the server starts. */
  readonly prepare?: (me: Person) => Promise<void>;
  readonly width?: number;
  readonly scheme?: "light" | "dark";
  /** What lies between the browser and the server. */
  readonly cable?: Cable;
}

export async function cockpit(options: CockpitOptions = {}): Promise<Cockpit> {
  const { starter = "toy", prepare, width = 1440, scheme = "light", cable } = options;
  const me = person();
  await me.nanos("init", "--from", starter);
  await prepare?.(me);
  const first = await serve(me, "0", cable);
  let server = first.server;
  cable?.to(Number(new URL(first.url).port));
  const url = cable ? `http://127.0.0.1:${cable.port}` : first.url;
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
  const { page, complaints } = await windowIn(browser, width, scheme);
  const made = await me.nanos("key", "link", "--url", url, "--json");
  await page.goto((JSON.parse(made.out) as { link: string }).link);
  await page.waitForURL("**/organism");
  await page.getByText("live", { exact: true }).waitFor();
  return {
    ...{ me, page, url, complaints },
    open: async (name) => {
      await page.goto(`${url}/organism#/${name}`);
      await page.locator("main h1, main h2").first().waitFor();
      await read(page);
    },
    ...handsOn(page),
    faults: () => faultsOf(page),
    nameless: () => namelessOf(page),
    picture: async (name) => {
      if (process.env["NANOS_PICTURES"] === undefined) return;
      mkdirSync(PICTURES, { recursive: true });
      await read(page);
      await page.screenshot({ path: join(PICTURES, `${name}.png`) });
    },
    restart: async (signal) => {
      server.kill(signal);
      await server.ended;
      ({ server } = await serve(me, new URL(url).port));
    },
    close: async () => {
      await browser.close();
      server.kill("SIGKILL");
      await server.ended;
      me[Symbol.dispose]();
    },
  };
}

/** Waits until what a page asked for has come. */
async function read(page: Page): Promise<void> {
  await page
    .getByText(/^Reading .*…$/u)
    .first()
    .waitFor({ state: "detached" });
}

const PICTURES = join(import.meta.dirname, "../../docs/cockpit");

async function serve(
  me: Person,
  port: string,
  cable?: Cable,
): Promise<{ server: Running; url: string }> {
  const names = cable ? ["--name", `127.0.0.1:${cable.port}`] : [];
  const server = me.begin(["serve", "--port", port, ...names]);
  await server.until("listening on ");
  return { server, url: /http:\/\/[\d.:]+/u.exec(server.text())?.[0] ?? "" };
}

async function windowIn(
  browser: Browser,
  width: number,
  colorScheme: "light" | "dark",
): Promise<{ page: Page; complaints: string[] }> {
  const viewport = { width, height: width < 600 ? 844 : 900 };
  // The page's own policy stands; axe is run beside it.
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return { page, complaints };
}

/** Roles of what can be used, in the browser's own tree of what is there. */
const USED = new Set([
  ...["button", "link", "textbox", "searchbox", "combobox", "listbox", "option", "tab", "slider"],
  ...["checkbox", "radio", "menuitem", "DisclosureTriangle", "dialog", "main", "navigation"],
]);

async function namelessOf(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes
    .filter(({ ignored, role }) => !ignored && USED.has(String(role?.value)))
    .filter(({ name }) => String(name?.value ?? "").trim() === "")
    .map(({ role, nodeId }) => `${String(role?.value)} ${nodeId}`);
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

async function faultsOf(page: Page): Promise<readonly string[]> {
  // By the debugger, which the page's policy does not hold.
  const session = await page.context().newCDPSession(page);
  const run = async (expression: string): Promise<unknown> => {
    const given = { expression, awaitPromise: true, returnByValue: true };
    return (await session.send("Runtime.evaluate", given)).result.value;
  };
  await run(AXE);
  const found = (await run("axe.run(document)")) as AxeResult;
  await session.detach();
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
}
