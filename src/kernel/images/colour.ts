import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import type { Random } from "../../std/random.ts";

/** Colours that people and models call by one name. */
const COLOURS = {
  black: [0, 0, 0],
  blue: [0, 0, 255],
  green: [0, 160, 0],
  red: [255, 0, 0],
  white: [255, 255, 255],
  yellow: [255, 230, 0],
} as const;
type Colour = keyof typeof COLOURS;
const NAMES = Object.keys(COLOURS) as readonly Colour[];

export const ASK_COLOUR = `What colour is this image? Answer with one of these words and nothing else: ${NAMES.join(", ")}.`;

/** An image of one colour, drawn anew, so that who does not see it seldom guesses two in a row. */
export function someColour(random: Random, not: Colour | null): Colour {
  const left = NAMES.filter((name) => name !== not);
  return left[Number.parseInt(random.hex(2), 16) % left.length] as Colour;
}

/** Whether it is this colour that an answer names, and no other. */
export function namesColour(text: string, colour: Colour): boolean {
  const said = NAMES.filter((name) => new RegExp(`\\b${name}\\b`, "iu").test(text));
  return said.length === 1 && said[0] === colour;
}

/** Calls `use` with the path of a PNG that is of this colour, which is gone afterwards. */
export async function withColour<T>(colour: Colour, use: (path: string) => Promise<T>): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nanos-colour-")));
  try {
    const path = join(folder, "image.png");
    writeFileSync(path, pngOf(COLOURS[colour]));
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Pixels a side: some providers refuse what is smaller than a patch of theirs. */
const SIDE = 128;

function pngOf(rgb: readonly number[]): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(SIDE, 0);
  head.writeUInt32BE(SIDE, 4);
  // Eight bits of each of three colours.
  head.set([8, 2], 8);
  const row = Buffer.from([0, ...Array.from({ length: SIDE }, () => rgb).flat()]);
  const rows = Buffer.concat(Array.from({ length: SIDE }, () => row));
  const parts = [chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND")];
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), ...parts]);
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(typed), 4);
  return Buffer.concat([ends.subarray(0, 4), typed, ends.subarray(4)]);
}
