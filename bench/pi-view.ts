/**
 * The least session on the library the real one draws with: `bun bench/pi-view.ts URL MODEL`. The
 * whole answer is handed over as markdown again at each token.
 */
import { Editor, Markdown, ProcessTerminal, Text, TuiMainScreen } from "@earendil-works/pi-tui";

const [url = "", model = ""] = process.argv.slice(2);
const plain = (text: string): string => text;
const select = ["selectedPrefix", "selectedText", "description", "scrollInfo", "noMatch"] as const;
const looks = [
  ...["heading", "link", "linkUrl", "code", "codeBlock", "codeBlockBorder", "quote"],
  ...["quoteBorder", "hr", "listBullet", "bold", "italic", "strikethrough", "underline"],
] as const;

const tui = new TuiMainScreen(new ProcessTerminal());
const editor = new Editor(tui, {
  borderColor: plain,
  selectList: Object.fromEntries(select.map((name) => [name, plain])) as never,
});
const answer = new Markdown("", 0, 0, Object.fromEntries(looks.map((n) => [n, plain])) as never);
for (const part of [new Text("ready", 0, 0), answer, editor]) tui.addChild(part);
tui.setFocus(editor);
tui.addInputListener((data) => {
  if (data !== "\x04") return undefined;
  tui.stop();
  process.exit(0);
});
editor.onSubmit = () => void ask();
tui.start();

async function ask(): Promise<void> {
  const messages = [{ role: "user", content: "go" }];
  const body = JSON.stringify({ model, stream: true, messages });
  const response = await fetch(`${url}/chat/completions`, { method: "POST", body });
  const decoder = new TextDecoder();
  let [rest, said] = ["", ""];
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      const { choices } = JSON.parse(line.slice(6)) as Frame;
      said += choices[0]?.delta.content ?? "";
      answer.setText(said);
      tui.requestRender();
    }
  }
  answer.setText(`${said}\n\n/trace`);
  tui.requestRender();
}

interface Frame {
  readonly choices: readonly { readonly delta: { readonly content?: string } }[];
}
