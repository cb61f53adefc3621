import {
  type Component,
  Editor,
  Image,
  matchesKey,
  ProcessTerminal,
  setCapabilities,
  type Terminal,
  TuiMainScreen,
  wrapTextWithAnsi,
} from "@earendil-works/pi-tui";
import type { Clock } from "../../../std/clock.ts";
import { type Line, paint, span } from "../../render/line.ts";
import { markdown, MarkdownStream } from "../../render/markdown.ts";
import { settling } from "../../keyboard/settled.ts";
import { NOTHING_TYPED, type Typing, typeMore } from "../../keyboard/typing.ts";
import type { Layout, Listener, Opening, Picture, Question, View } from "../view.ts";
import { atOnce, completions, editorTheme } from "./parts.ts";

/** Blocks kept in memory, and lines of older ones; what is older still is in the terminal alone. */
const MOST_BLOCKS = 1_000;
const MOST_LINES = 20_000;

/** How a terminal takes images; null where it has none. */
export type Images = "kitty" | "iterm2" | null;

/** A view on pi-tui, which no other folder knows. `terminal` is the process' own when absent. */
export function openPiView(
  { color, clock, images }: { color: boolean; clock: Clock; images: Images },
  terminal: Terminal = new ProcessTerminal(),
): View {
  // Said outright, as finding out would start a process; links then show where they lead.
  setCapabilities({ images, trueColor: false, hyperlinks: false });
  return new PiView({ color, clock, images }, terminal);
}

/**
 * What a terminal says of itself in its environment. Inside another program that draws, which passes
 * no images on, there are none.
 */
export function imagesIn(env: Readonly<Record<string, string | undefined>>): Images {
  const { TERM = "", TERM_PROGRAM = "", TMUX, STY, KITTY_WINDOW_ID } = env;
  if (TMUX !== undefined || STY !== undefined || /^(?:tmux|screen)/u.test(TERM)) return null;
  if (TERM_PROGRAM === "iTerm.app") return "iterm2";
  const isKitty = KITTY_WINDOW_ID !== undefined || /kitty|ghostty/u.test(TERM);
  return isKitty || /^(?:ghostty|WezTerm)$/u.test(TERM_PROGRAM) ? "kitty" : null;
}

/** Cells a picture takes at most: it is to be recognised, not to be looked at. */
const PICTURE = { maxWidthCells: 40, maxHeightCells: 12 };

class PiView implements View {
  readonly #color: boolean;
  readonly #clock: Clock;
  readonly #images: Images;
  readonly #tui: Paper;
  readonly #transcript = new Transcript();
  readonly #bottom = new Swap();
  readonly #status = new Drawn(() => []);
  readonly #editor: Editor;
  #listener: Listener | null = null;
  #stopped = false;
  readonly #giveBack = (): void => this.stop();

  constructor(
    { color, clock, images }: { color: boolean; clock: Clock; images: Images },
    terminal: Terminal,
  ) {
    this.#color = color;
    this.#clock = clock;
    this.#images = images;
    this.#tui = new Paper(terminal);
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

  takes(media: string): boolean {
    return this.#images === "iterm2" || (this.#images === "kitty" && media === "image/png");
  }

  picture({ media, data }: Picture): void {
    if (!this.takes(media)) return;
    const look = { fallbackColor: (text: string): string => text };
    this.#transcript.push(new Image(data, media, look, PICTURE));
    this.#tui.requestRender();
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

/**
 * A screen whose lines stay as they were drawn once they have left it. What changes up there (a table
 * whose columns widen, a call that ends) could only be shown by clearing everything and drawing it
 * again, the operator's own scrollback lost.
 */
class Paper extends TuiMainScreen {
  #drawn: { readonly size: string; readonly gone: number; readonly lines: string[] } | null = null;

  override render(width: number): string[] {
    const lines = super.render(width);
    const { rows } = this.terminal;
    const size = `${width} ${rows}`;
    // On a screen of another size all is drawn anew in any case.
    const before = this.#drawn?.size === size ? this.#drawn : null;
    const gone = before !== null && before.gone < lines.length ? before.gone : 0;
    for (let row = 0; row < gone; row++) lines[row] = before?.lines[row] ?? "";
    // What is handed out is written into: the cursor's mark is taken away, endings are added.
    this.#drawn = { size, gone: Math.max(gone, lines.length - rows), lines: [...lines] };
    return lines;
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
  /** What older blocks were drawn as, for as long as the width is this one. */
  #past: { readonly width: number; readonly lines: readonly string[] } = { width: 0, lines: [] };

  push<T extends Component>(block: T): T {
    this.#blocks.push(block);
    if (this.#blocks.length > MOST_BLOCKS) {
      const { width, lines } = this.#past;
      const older = this.#draw(this.#blocks.splice(0, MOST_BLOCKS / 2), width);
      this.#past = { width, lines: [...lines, ...older].slice(-MOST_LINES) };
    }
    return block;
  }

  render(width: number): string[] {
    if (this.#past.width !== width) this.#past = { width, lines: [] };
    return [...this.#past.lines, ...this.#draw(this.#blocks, width)];
  }

  #draw(blocks: readonly Component[], width: number): string[] {
    return blocks.flatMap((block) => {
      const lines = block.render(width);
      // Below an image the lines it covers are empty.
      const isSpaced = lines.at(-1) === "" && !(block instanceof Image);
      return lines.length === 0 || isSpaced ? lines : [...lines, ""];
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
