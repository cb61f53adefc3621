/** Archives as somebody would make them who means no good: every field is the caller's. */

export interface TarEntry {
  readonly path: string;
  readonly text?: string | Uint8Array;
  /** One character; `0`, a plain file, when absent. */
  readonly type?: string;
  readonly mode?: number;
  readonly link?: string;
  /** A size other than the content's own, as it stands in the field. */
  readonly size?: string;
  readonly badSum?: boolean;
}

/** An archive of these entries; `end` writes the two empty blocks. */
export function tarOf(entries: readonly TarEntry[], end = true): Buffer {
  const parts = entries.flatMap((entry) => {
    const body = Buffer.from(entry.text ?? "");
    const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
    return [headerOf(entry, body.length), body, padding];
  });
  return Buffer.concat([...parts, ...(end ? [Buffer.alloc(1_024)] : [])]);
}

function headerOf(entry: TarEntry, length: number): Buffer {
  const { path, type = "0", mode = 0o644, link = "", size, badSum = false } = entry;
  const block = Buffer.alloc(512);
  block.write(path, 0, 100, "utf8");
  block.write(mode.toString(8).padStart(7, "0"), 100);
  block.write(size ?? length.toString(8).padStart(11, "0"), 124, 12, "latin1");
  block.write(type, 156);
  block.write(link, 157, 100, "utf8");
  block.write("ustar\u000000", 257, "latin1");
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0) + (badSum ? 1 : 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** A pax header for the entry that follows. */
export function paxOf(fields: Readonly<Record<string, string>>): TarEntry {
  const text = Object.entries(fields).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest);
    while (String(length).length + Buffer.byteLength(rest) !== length) length += 1;
    return `${length}${rest}`;
  });
  return { path: "pax", type: "x", text: text.join("") };
}
