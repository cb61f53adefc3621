import type { Form } from "./entry.ts";

/**
 * Most of what a run writes down is the same few phrases. In a row each of them is one control
 * character, which canonical JSON never holds as it is, and the policy of the event itself is
 * another. Digest and length are those of the whole text: packing is nobody's business but the
 * file's. A phrase is made of our own words, so nothing of a body outlives its erasure here.
 *
 * The phrases belong to format 2 and are never changed; others would be another format.
 */
const PHRASES: { readonly [kind: string]: readonly string[] } = {
  "action.proposed": [
    `{"action":{"agent":"`,
    `","args":{"digest":"`,
    `","args":{`,
    `","messages":`,
    `},"destinations":[],"gate":"call","kind":"tool","label":{"integrity":"`,
    `},"destinations":["net:`,
    `"],"gate":"call","kind":"model","label":{"integrity":"`,
    `],"gate":"call","kind":"`,
    `","label":{"integrity":"`,
    `untrusted","secrecy":"private","sources":[`,
    `","secrecy":"private","sources":[`,
    `]},"name":"`,
    `","scopes":["model:`,
    `","scopes":[`,
    `],"skill":"`,
    `"},"kind":"action.proposed","spent":{"calls":`,
    `"]},"kind":"action.proposed","spent":{"calls":`,
    `},"kind":"action.proposed","spent":{"calls":`,
    `,"cost":0,"ms":`,
    `,"cost":`,
    `,"ms":`,
    `,"tokens":`,
    `,"turns":`,
    `,"unpriced":false}}`,
  ],
  "action.judged": [
    `{"decision":{"inputs":"`,
    `","keys":[],"layer":null,"layers":[],"mode":"enforce","policy":"`,
    `","keys":[],"layer":"danger","layers":[{"layer":"danger","reason":"allow:chosen_model","verdict":"allow"}],"mode":"enforce","policy":"`,
    `","keys":[`,
    `],"layer":`,
    `,"layers":[{"`,
    `","verdict":"`,
    `"}],"mode":"enforce","policy":"`,
    `","rank":"E","reason":"allow:in_scope","review":false,"rule":null,"rules":[],"verdict":"allow"},"kind":"action.judged"}`,
    `","rank":"E","reason":"allow:chosen_model","review":false,"rule":null,"rules":[],"verdict":"allow"},"kind":"action.judged"}`,
    `","rank":"`,
    `","reason":"`,
    `","review":false,"rule":`,
    `","review":true,"rule":`,
    `null,"rules":[],"verdict":"`,
    `"},"kind":"action.judged"}`,
  ],
  "action.settled": [
    `{"kind":"action.settled","ms":`,
    `,"outcome":{"output":`,
    `,"outcome":{"failure":{"code":"`,
    `","message":"`,
    `","next":"`,
    `"},"status":"`,
    `,"status":"done"}}`,
  ],
  "model.answered": [
    `{"finish":"calls","kind":"model.answered","message":{"parts":[{"args":{`,
    `{"finish":"stop","kind":"model.answered","message":{"parts":[{"text":"`,
    `},"id":"`,
    `","name":"`,
    `","type":"call"}`,
    `","type":"text"}`,
    `],"role":"assistant"},"model":"`,
    `","ms":`,
    `,"usage":{"`,
    `cost":0,"input":`,
    `input":`,
    `,"output":`,
  ],
};

/** Longer bodies are mostly their own words. */
const PACKED_CHARS = 4_096;
const POLICY = "\u001f";

/** What is stored of a body's canonical JSON. */
export function pack({ kind, policy }: Pick<Form, "kind" | "policy">, text: string): string {
  const phrases = PHRASES[kind];
  if (phrases === undefined || text.length > PACKED_CHARS) return text;
  let packed = "";
  let from = 0;
  for (let i = 0; i < phrases.length; i++) {
    const phrase = phrases[i] as string;
    const at = text.indexOf(phrase, from);
    if (at < 0) continue;
    packed += text.slice(from, at) + String.fromCharCode(i + 1);
    from = at + phrase.length;
  }
  packed += text.slice(from);
  return policy === null ? packed : packed.replace(policy, POLICY);
}

/** The canonical JSON that was packed; whatever was not packed stays as it is. */
export function unpack({ kind, policy }: Pick<Form, "kind" | "policy">, stored: string): string {
  // eslint-disable-next-line no-control-regex -- control characters stand for the phrases
  return stored.replaceAll(/[\u0001-\u001f]/gu, (code) =>
    code === POLICY ? (policy ?? "") : (PHRASES[kind]?.[code.charCodeAt(0) - 1] ?? ""),
  );
}
