import { expect, test } from "bun:test";
import type { Terminal } from "@earendil-works/pi-tui";
import { systemClock } from "../../../std/clock.ts";
import { openPiView } from "./pi-view.ts";

/** A terminal of 80 by 24 that keeps what is written to it. */
function paper(): { terminal: Terminal; text: () => string } {
  const written: string[] = [];
  const nothing = (): void => undefined;
  const write = (data: string): void => void written.push(data);
  const terminal: Terminal = {
    ...{ columns: 80, rows: 24, kittyProtocolActive: false },
    ...{ start: nothing, stop: nothing, drainInput: async () => undefined, write },
    moveBy: (lines) => write(`\x1b[${Math.abs(lines)}${lines < 0 ? "A" : "B"}`),
    ...{ hideCursor: nothing, showCursor: nothing, setTitle: nothing, setProgress: nothing },
    clearLine: () => write("\x1b[2K"),
    clearFromCursor: () => write("\x1b[J"),
    clearScreen: () => write("\x1b[2J"),
  };
  return { terminal, text: () => written.join("") };
}

const LISTENER = { onLine: () => undefined, onInterrupt: () => undefined, onEnd: () => undefined };

test("however much was said, and whatever changes of it, nothing is cleared to be drawn again", async () => {
  const { terminal, text } = paper();
  const view = openPiView({ color: false, clock: systemClock, images: null }, terminal);
  const shown = async (words: string): Promise<void> => {
    while (!text().includes(words)) await Bun.sleep(1);
  };
  view.start(LISTENER, { history: [], complete: async () => [] });
  const first = view.add(() => ["a call …"]);
  await shown("a call …");
  for (let n = 1; n <= 1_200; n++) {
    view.add(() => [`block ${n}.`]);
    if (n % 300 === 0) await shown(`block ${n}.`);
  }
  // It left the screen long ago.
  first.set(() => ["a call ✓"]);
  view.add(() => ["the end."]);
  await shown("the end.");
  view.stop();
  for (const clearing of ["\x1b[2J", "\x1b[3J", "\x1b[H"]) expect(text()).not.toContain(clearing);
  expect(text().match(/block 600\./gu)).toHaveLength(1);
});
