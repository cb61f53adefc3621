import { expect } from "bun:test";
import type { Page } from "playwright-core";
import type { Cockpit } from "./cockpit.ts";

/** The cockpit used by nothing but its keys: a palette lists all that can be done, and does it. */
export function handsOn(page: Page): Pick<Cockpit, "act" | "fill" | "line" | "unreached"> {
  const open = async (): Promise<void> => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "What you want to do" }).waitFor();
  };
  /** What is drawn meanwhile is listed a moment later. */
  const reached = async (): Promise<void> => {
    for (let left = MOST_LOOKS; left > 0; left -= 1) {
      const missed = await page.evaluate<readonly string[]>(UNREACHED);
      if (missed.length === 0) return;
      if (left === 1) expect(missed).toEqual([]);
    }
  };
  const act = async (name: string): Promise<void> => {
    const of = name.slice(name.indexOf(": ") + 2);
    if (!UNSEEN.test(name)) {
      const act = name.replace(/^(?:Next|Before):/u, "To the list:");
      const drawn = name.startsWith("Open: ")
        ? page.locator("main a").filter({ hasText: of })
        : page.locator(`[data-act^=${JSON.stringify(act)}]:not(:disabled)`);
      await drawn.first().waitFor({ state: "attached" });
    }
    await open();
    await reached();
    await page.keyboard.type(name);
    const chosen = page.locator("dialog [aria-selected=true]");
    expect(await chosen.getAttribute("data-does")).toStartWith(name);
    await page.keyboard.press("Enter");
    await page.locator("dialog").waitFor({ state: "detached" });
  };
  return {
    act,
    fill: async (label, words) => {
      const field = page.locator(`[data-act$=${JSON.stringify(`: ${label}`)}]`);
      await field.first().waitFor();
      await act((await field.first().getAttribute("data-act")) ?? label);
      await page.keyboard.press("Control+a");
      await page.keyboard.type(words);
    },
    line: async (list, words) => {
      const line = page.getByRole("listbox", { name: list }).getByRole("option");
      await line.filter({ hasText: words }).first().waitFor();
      await act(`To the list: ${list}`);
      await page.keyboard.press("Home");
      for (let at = 0; at < MOST_LINES; at += 1) {
        await line.and(page.locator("[aria-selected=true]")).waitFor();
        if (await line.and(page.locator("[aria-selected=true]")).filter({ hasText: words }).count())
          return;
        await page.keyboard.press("j");
      }
      throw new Error(`no line of ${list} has ${words}`);
    },
    unreached: async () => {
      await open();
      const missed = await page.evaluate<readonly string[]>(UNREACHED);
      await page.keyboard.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
      return missed;
    },
  };
}

const MOST_LINES = 30;
const MOST_LOOKS = 200;

/** What has no element of its own. */
const UNSEEN = /^(?:Go to|To the page|What can)/u;

/** Asked in the page while its palette is open. */
const UNREACHED = `(() => {
  const does = new Set([...document.querySelectorAll("dialog [data-does]")].map((one) => one.dataset.does));
  const kinds = "button, input, select, textarea, summary, a[href], [role=tab], [role=listbox], [role=button]";
  const nameOf = (one) => {
    if (one.dataset.act !== undefined) return one.dataset.act;
    if (!one.matches("a[href]")) return "no action: " + one.outerHTML.slice(0, 100);
    if (one.matches(".name")) return "Go to: Home";
    return one.closest("nav") ? "Go to: " + one.firstChild.textContent : "Open: " + one.textContent;
  };
  return [...document.querySelectorAll(kinds)]
    .filter((one) => !one.closest("dialog") && !one.matches(":disabled") && one.checkVisibility())
    .map(nameOf)
    .filter((name) => !does.has(name));
})()`;
