/** A tar of these texts by name (ustar), as any `tar` unpacks it. Names have at most 100 bytes. */
export function tarOf(files: ReadonlyMap<string, string>, at: number): Buffer<ArrayBuffer> {
  const parts = [...files].flatMap(([name, text]) => {
    const body = Buffer.from(text);
    return [headerOf(name, body.length, at), body, Buffer.alloc(-body.length & (BLOCK - 1))];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

const BLOCK = 512;

function headerOf(name: string, bytes: number, at: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string =>
    `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0, 100);
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7) + octal(0, 7), 108);
  block.write(octal(bytes, 11) + octal(Math.floor(at / 1_000), 11), 124);
  block.fill(" ", 148, 156);
  block.write("0", 156);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
