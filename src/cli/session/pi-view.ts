import {
  type AutocompleteProvider,
  type Component,
  decodeKittyPrintable,
  Editor,
  matchesKey,
  ProcessTerminal,
  setCapabilities,
  type Terminal,
  TuiMainScreen,
  wrapTextWithAnsi,
} from "@earendil-works/pi-tui";
import type { Clock } from "../../std/clock.ts";
import { type Line, paint, span, type Style } from "../render/line.ts";
import { markdown, MarkdownStream } from "../render/markdown.ts";
import { settling } from "../keyboard/settled.ts";
import { NOTHING_TYPED, type Typing, typeMore } from "../keyboard/typing.ts";
import type { Layout, Listener, Opening, Question, View } from "./view.ts";

/** Blocks kept in memory; what is older stays in the terminal's own scrollback. */
const MOST_BLOCKS = 1_000;

/** A view on pi-tui, the only file that knows it. `terminal` is the process' own when absent. */
export function openPiView(
  color: boolean,
  clock: Clock,
  terminal: Terminal = new ProcessTerminal(),
): View {
  // Said outright, as finding out would start a process; links then show where they lead.
  setCapabilities({ images: null, trueColor: false, hyperlinks: false });
  return new PiView(color, clock, terminal);
}

class PiView implements View {
  readonly #color: boolean;
  readonly #clock: Clock;
  readonly #tui: TuiMainScreen;
  readonly #transcript = new Transcript();
  readonly #bottom = new Swap();
  readonly #status = new Drawn(() => []);
  readonly #editor: Editor;
  #listener: Listener | null = null;
  #stopped = false;
  readonly #giveBack = (): void => this.stop();

  constructor(color: boolean, clock: Clock, terminal: Terminal) {
    this.#color = color;
    this.#clock = clock;
    this.#tui = new TuiMainScreen(terminal);
    this.#editor = new Editor(this.#tui, editorTheme(color), { paddingX: 1 });
    this.#bottom.show(this.#editor);
    for (const part of [this.#transcript, this.#bottom, this.#status]) this.#tui.addChild(part);
  }

  get width(): number {
    return this.#tui.terminal.columns;
  }

  start(listener: Listener, opening: Opening): void {
    this.#listener = listener;
    for (const line of opening.history) this.#editor.addToHistory(line);
    this.#editor.setAutocompleteProvider(completions(opening.complete));
    this.#editor.onSubmit = (text) => {
      this.#editor.addToHistory(text);
      listener.onLine(text);
    };
    this.#tui.addInputListener((data) => this.#key(data));
    this.#tui.setFocus(this.#editor);
    // However the process ends, the terminal is given back as it was.
    process.once("exit", this.#giveBack);
    this.#tui.start();
  }

  add(lines: Layout): { set(lines: Layout): void } {
    const block = this.#transcript.push(new Drawn(drawing(lines, this.#color)));
    this.#tui.requestRender();
    return {
      set: (changed) => {
        block.set(drawing(changed, this.#color));
        this.#tui.requestRender();
      },
    };
  }

  stream(): { push(delta: string): void; end(): void } {
    const block = this.#transcript.push(new Streaming(this.#color));
    return {
      push: (delta) => {
        block.push(delta);
        this.#tui.requestRender();
      },
      end: () => {
        block.end();
        this.#tui.requestRender();
      },
    };
  }

  status(line: Line): void {
    this.#status.set(drawing(() => [line], this.#color));
    this.#tui.requestRender();
  }

  busy(on: boolean): void {
    this.#editor.disableSubmit = on;
  }

  ask(card: Question, keys: readonly string[], signal: AbortSignal): Promise<string | null> {
    return this.#inPlace(signal, (done) => {
      const meant = settling(this.#clock);
      const shown = new Card(drawing(card.brief, this.#color), (key) => {
        if (!meant()) return;
        if (keys.includes(key)) done(key);
        if (key !== "?") return;
        shown.set(drawing(card.whole, this.#color));
        this.#tui.requestRender();
      });
      return shown;
    });
  }

  type(card: Layout, signal: AbortSignal): Promise<string | null> {
    let typed: Typing = NOTHING_TYPED;
    const withWord = (width: number): readonly Line[] => {
      const pasted =
        typed.state === "pasted" ? [span("what is pasted does not count", "yellow")] : [];
      return [...card(width), ["  > ", typed.word, ...pasted]];
    };
    return this.#inPlace(signal, (done) => {
      const shown = new Card(
        drawing(withWord, this.#color),
        atOnce((chunk) => {
          typed = typeMore(typed, chunk);
          if (typed.state === "done") return done(typed.word);
          if (typed.state === "left") return done(null);
          shown.set(drawing(withWord, this.#color));
          this.#tui.requestRender();
        }),
      );
      return shown;
    });
  }

  /** Shows something instead of the editor until it is done, or `signal` ends it with null. */
  #inPlace(
    signal: AbortSignal,
    shown: (done: (said: string | null) => void) => Component,
  ): Promise<string | null> {
    return new Promise((resolve) => {
      const done = (said: string | null): void => {
        signal.removeEventListener("abort", onAbort);
        this.#bottom.show(this.#editor);
        this.#tui.setFocus(this.#editor);
        this.#tui.requestRender();
        resolve(said);
      };
      const onAbort = (): void => done(null);
      if (signal.aborted) return resolve(null);
      signal.addEventListener("abort", onAbort, { once: true });
      const component = shown(done);
      this.#bottom.show(component);
      this.#tui.setFocus(component);
      this.#tui.requestRender();
    });
  }

  typed(): string {
    return this.#editor.getText();
  }

  clear(): void {
    this.#editor.setText("");
    this.#tui.requestRender();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    process.off("exit", this.#giveBack);
    // What stays on the screen is the transcript, not an editor nobody can type in.
    this.#tui.removeChild(this.#bottom);
    this.#tui.removeChild(this.#status);
    this.#tui.renderNow();
    this.#tui.stop();
  }

  #key(data: string): { consume: boolean } | undefined {
    if (matchesKey(data, "ctrl+c")) {
      this.#listener?.onInterrupt();
      return { consume: true };
    }
    if (matchesKey(data, "ctrl+d") && this.#editor.getText() === "") {
      this.#listener?.onEnd();
      return { consume: true };
    }
    return undefined;
  }
}

/** Something drawn once for each width. */
class Drawn implements Component {
  #draw: (width: number) => string[];
  #last: { readonly width: number; readonly lines: string[] } | null = null;

  constructor(draw: (width: number) => string[]) {
    this.#draw = draw;
  }

  set(draw: (width: number) => string[]): void {
    this.#draw = draw;
    this.#last = null;
  }

  render(width: number): string[] {
    if (this.#last?.width !== width) this.#last = { width, lines: this.#draw(width) };
    return this.#last.lines;
  }

  invalidate(): void {
    this.#last = null;
  }
}

/** Lines of ours, painted, as pi-tui draws them: none may be wider than the screen. */
function drawing(layout: Layout, color: boolean): (width: number) => string[] {
  return (width) =>
    layout(width)
      .map((line) => paint(line, color))
      .flatMap((line) => (line === "" ? [""] : wrapTextWithAnsi(line, width)));
}

/** Markdown that streams in: finished blocks are drawn once, only the last one again and again. */
class Streaming implements Component {
  readonly #color: boolean;
  readonly #source = new MarkdownStream();
  readonly #blocks: Drawn[] = [];
  #done = false;

  constructor(color: boolean) {
    this.#color = color;
  }

  push(delta: string): void {
    this.#finish(this.#source.push(delta));
  }

  end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#finish(this.#source.end());
  }

  render(width: number): string[] {
    const lines = this.#blocks.flatMap((block) => block.render(width));
    const { pending } = this.#source;
    if (pending.trim() !== "") lines.push(...this.#draw(pending, width));
    return lines;
  }

  invalidate(): void {
    for (const block of this.#blocks) block.invalidate();
  }

  #finish(source: string): void {
    if (source.trim() === "") return;
    const gap = /\n\s*\n$/u.test(source) ? [""] : [];
    this.#blocks.push(new Drawn((width) => [...this.#draw(source, width), ...gap]));
  }

  #draw(source: string, width: number): string[] {
    const text = markdown(source, Math.min(width, 100), this.#color).trimEnd();
    return text.split("\n").flatMap((line) => wrapTextWithAnsi(line, width));
  }
}

/** What was said and done, a blank line between blocks. */
class Transcript implements Component {
  #blocks: Component[] = [];

  push<T extends Component>(block: T): T {
    this.#blocks.push(block);
    if (this.#blocks.length > MOST_BLOCKS) this.#blocks = this.#blocks.slice(-MOST_BLOCKS / 2);
    return block;
  }

  render(width: number): string[] {
    return this.#blocks.flatMap((block) => {
      const lines = block.render(width);
      return lines.length === 0 || lines.at(-1) === "" ? lines : [...lines, ""];
    });
  }

  invalidate(): void {
    for (const block of this.#blocks) block.invalidate();
  }
}

/** The editor, or what stands in its place. */
class Swap implements Component {
  #shown: Component | null = null;

  show(component: Component): void {
    this.#shown = component;
  }

  render(width: number): string[] {
    return this.#shown?.render(width) ?? [];
  }

  invalidate(): void {
    this.#shown?.invalidate();
  }
}

/** An ask in the editor's place. Keys that answer nothing do nothing. */
class Card extends Drawn {
  readonly #pressed: (key: string) => void;

  constructor(draw: (width: number) => string[], pressed: (key: string) => void) {
    super(draw);
    this.#pressed = pressed;
  }

  handleInput(data: string): void {
    this.#pressed(data);
  }
}

/**
 * Keys as they were read: pi-tui hands over one read key by key, and only together do they show
 * whether somebody typed them.
 */
function atOnce(take: (chunk: string) => void): (key: string) => void {
  let chunk = "";
  return (key) => {
    if (chunk === "") {
      setImmediate(() => {
        const read = chunk;
        chunk = "";
        take(read);
      });
    }
    chunk += plainKey(key);
  };
}

/** A key as a plain terminal sends it: some say even Enter and letters by a longer name. */
function plainKey(key: string): string {
  if (matchesKey(key, "enter")) return "\r";
  if (matchesKey(key, "backspace")) return "\x7f";
  if (matchesKey(key, "escape")) return "\x1b";
  return decodeKittyPrintable(key) ?? key;
}

/** The session's words as pi-tui offers them: the last word typed is the one replaced. */
function completions(complete: Opening["complete"]): AutocompleteProvider {
  return {
    triggerCharacters: ["/", "@"],
    getSuggestions: async (lines, line, column, { signal }) => {
      const before = (lines[line] ?? "").slice(0, column);
      if (line > 0) return null;
      const found = await complete(before);
      if (found.length === 0 || signal.aborted) return null;
      const items = found.map(({ word, about }) => {
        const [value, description] = [paint(word, false), paint(about, false)];
        return { value, label: value, ...(description === "" ? {} : { description }) };
      });
      return { items, prefix: before.slice(before.lastIndexOf(" ") + 1) };
    },
    applyCompletion: (lines, line, column, { value }, prefix) => {
      const text = lines[line] ?? "";
      // The list may be of a moment ago: what was typed since is what was meant.
      const word = text.slice(0, column).split(" ").at(-1) ?? "";
      if (word !== prefix) return { lines, cursorLine: line, cursorCol: column };
      const start = text.slice(0, column - prefix.length);
      const changed = [...lines];
      // After a folder one types on.
      const taken = value.endsWith("/") ? value : `${value} `;
      changed[line] = `${start}${taken}${text.slice(column)}`;
      return { lines: changed, cursorLine: line, cursorCol: start.length + taken.length };
    },
  };
}

function editorTheme(color: boolean): ConstructorParameters<typeof Editor>[1] {
  const look =
    (style: Style) =>
    (text: string): string =>
      paint([span(text, style)], color);
  return {
    borderColor: look("dim"),
    selectList: {
      selectedPrefix: look("cyan"),
      selectedText: look("cyan"),
      description: look("dim"),
      scrollInfo: look("dim"),
      noMatch: look("dim"),
    },
  };
}
