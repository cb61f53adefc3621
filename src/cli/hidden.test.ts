import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import { inRealPty, type Pty } from "./testing/pty.ts";

setDefaultTimeout(60_000);

const VALUE = "value-of-a-test-4711";
const file = (home: string): string =>
  readFileSync(join(home, "nanos/machine/secrets.json"), "utf8");

/** Types what nobody may see, with a slip taken back, and checks that nothing of it shows. */
async function typeHidden(pty: Pty, question: string, text: string): Promise<void> {
  await pty.until(question);
  pty.type(`${text.slice(0, 3)}xé\x7f\x7f${text.slice(3)}\r`);
}

test("a value is typed unseen; without a passphrase it is said to be unencrypted", async () => {
  await inRealPty(["secret", "set", "TOKEN", "--hosts", "a.org"], async (pty, home) => {
    await typeHidden(pty, "Value of TOKEN (not shown): ", VALUE);
    await pty.until("New passphrase for the secrets (empty: none): ");
    pty.type("\r");
    await pty.until("stored TOKEN for a.org:443");
    await pty.until("not encrypted");
    expect(await pty.ended).toBe(0);
    expect(JSON.parse(file(home))).toMatchObject({ secrets: { TOKEN: { value: VALUE } } });
    expect(pty.raw()).not.toMatch(/value|xé|4711/u);
  });
});

test("a passphrase is typed twice, unseen, and two that differ store nothing", async () => {
  await inRealPty(["secret", "set", "TOKEN"], async (pty, home) => {
    await typeHidden(pty, "Value of TOKEN (not shown): ", VALUE);
    await typeHidden(pty, "New passphrase for the secrets (empty: none): ", "horse");
    await typeHidden(pty, "Again: ", "horse");
    await pty.until("sealed by your passphrase");
    expect(await pty.ended).toBe(0);
    expect(file(home)).not.toContain(VALUE);
    expect(pty.raw()).not.toMatch(/horse|4711/u);
  });
  await inRealPty(["secret", "set", "TOKEN"], async (pty, home) => {
    await typeHidden(pty, "Value of TOKEN (not shown): ", VALUE);
    await typeHidden(pty, "New passphrase for the secrets (empty: none): ", "horse");
    await typeHidden(pty, "Again: ", "house");
    await pty.until("secret.mismatch");
    expect(await pty.ended).toBe(2);
    expect(() => file(home)).toThrow();
  });
});

test("Ctrl-C at the prompt stores nothing", async () => {
  await inRealPty(["secret", "set", "TOKEN"], async (pty, home) => {
    await pty.until("Value of TOKEN (not shown): ");
    pty.type("half\x03");
    await pty.until("secret.no_value");
    expect(await pty.ended).toBe(2);
    expect(() => file(home)).toThrow();
  });
});
