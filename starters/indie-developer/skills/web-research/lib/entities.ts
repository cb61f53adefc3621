/** The names that stand in most pages. Others stay as they are written. */
const NAMES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  copy: "©",
  reg: "®",
  trade: "™",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  lsquo: "‘",
  rsquo: "’",
  ldquo: "“",
  rdquo: "”",
  laquo: "«",
  raquo: "»",
  bull: "•",
  middot: "·",
  times: "×",
  divide: "÷",
  minus: "−",
  deg: "°",
  euro: "€",
  pound: "£",
  sect: "§",
  para: "¶",
  rarr: "→",
  larr: "←",
  uarr: "↑",
  darr: "↓",
  check: "✓",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
  eacute: "é",
  egrave: "è",
  agrave: "à",
  ccedil: "ç",
  ntilde: "ñ",
  oslash: "ø",
  aring: "å",
  shy: "",
  zwnj: "",
};

/** Text with character references replaced; control characters never come out of one. */
export function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z][a-z0-9]{1,31}));/giu,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return Object.hasOwn(NAMES, name) ? (NAMES[name] ?? whole) : whole;
      const code = Number.parseInt(hex ?? decimal, hex === undefined ? 10 : 16);
      const bad =
        code < 32 ||
        (code >= 127 && code < 160) ||
        code > 0x10_ffff ||
        (code >= 0xd800 && code < 0xe000);
      if (code === 9 || code === 10 || code === 13) return " ";
      return bad ? "\ufffd" : String.fromCodePoint(code);
    },
  );
}
