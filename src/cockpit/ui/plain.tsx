import type { ReactNode } from "react";

/**
 * Text somebody else wrote, as it is: never markup, nothing in it acts, and what could not be seen or
 * would turn around what stands beside it is shown by its number.
 */
export function Plain({ text, most = 20_000 }: { text: string; most?: number }): ReactNode {
  const cut = text.length > most;
  return (
    <bdi className="plain">
      {partsOf(cut ? text.slice(0, most) : text).map((part, i) =>
        part.odd ? (
          <span key={i} className="odd" title="a sign that cannot be seen">
            {part.text}
          </span>
        ) : (
          part.text
        ),
      )}
      {cut && <span className="odd">… {text.length - most} more characters</span>}
    </bdi>
  );
}

// Controls, what changes directions or has no width, private use; but what joins two pictures is seen.
const ODD =
  /[[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]--[\n\t\u200d]]|(?<!\p{Extended_Pictographic}\ufe0f?)\u200d/gv;

/** The text in order, cut where something odd stands. */
export function partsOf(text: string): readonly { readonly text: string; readonly odd: boolean }[] {
  const parts: { text: string; odd: boolean }[] = [];
  let from = 0;
  for (const found of text.matchAll(ODD)) {
    if (found.index > from) parts.push({ text: text.slice(from, found.index), odd: false });
    parts.push({ text: nameOf(found[0]), odd: true });
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), odd: false });
  return parts;
}

function nameOf(sign: string): string {
  const point = sign.codePointAt(0) ?? 0;
  return `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
}
