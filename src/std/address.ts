/**
 * What kind of place a host is. `loopback` is this machine, `private` another network of the
 * operator's, `forbidden` what no page should ever talk to: cloud metadata, link-local, unspecified,
 * multicast and reserved addresses. A public name may still resolve to any of these, so whoever
 * connects asks again with the address it is about to dial. Addresses that carry another one inside
 * (mapped, NAT64, 6to4) are judged by the one inside.
 */
export type AddressKind = "public" | "loopback" | "private" | "forbidden";

/** A host and port in their one spelling: `example.org:443`, `127.0.0.1:80`, `[::1]:8080`. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly kind: AddressKind;
  /** `host:port`. */
  readonly text: string;
}

/**
 * Reads `host`, `host:port` or `[v6]:port`; the port is 443 where none is given. Every spelling of
 * an address (decimal, hexadecimal, octal, short, mapped) becomes one. Null when it is no address.
 */
export function parseAddress(value: string): Address | null {
  const parts = splitPort(value);
  if (parts === null) return null;
  const host = canonicalHost(parts.host);
  if (host === null) return null;
  return { host, port: parts.port, kind: addressKind(host), text: `${host}:${parts.port}` };
}

function splitPort(value: string): { host: string; port: number } | null {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/u.exec(value);
  if (match === null) return value.split(":").length > 2 ? { host: `[${value}]`, port: 443 } : null;
  const port = match[2] === undefined ? 443 : Number(match[2]);
  if (port < 1 || port > 65_535 || match[1] === undefined) return null;
  return { host: match[1], port };
}

// A name as it nearly always is; the check on the last label keeps `0x7f.1` out.
const PLAIN_NAME = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*$/u;
// What would move the host to another part of a URL, or hide characters in it.
// eslint-disable-next-line no-control-regex -- control characters are among what is refused
const NOT_IN_A_HOST = /[\s/?#@\\%*"'<>^`{|}\u0000-\u0020\u007f]/u;

/** The host in the spelling the web's URL standard gives it, without the root dot; or null. */
function canonicalHost(host: string): string | null {
  const lower = host.toLowerCase();
  if (PLAIN_NAME.test(lower)) return lower;
  if (host === "" || host.length > 255 || NOT_IN_A_HOST.test(host)) return null;
  try {
    const { hostname } = new URL(`http://${host}/`);
    const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
    return name === "" || name.endsWith(".") ? null : name;
  } catch {
    return null;
  }
}

/** The kind of a host in canonical spelling. */
function addressKind(host: string): AddressKind {
  if (host.startsWith("[")) return dialledKind(host.slice(1, -1));
  return parse4(host) === null ? kindOfName(host) : dialledKind(host);
}

/** The kind of an IP address as a resolver prints it; `forbidden` for anything else. */
export function dialledKind(address: string): AddressKind {
  const four = parse4(address);
  if (four !== null) return kindOf4(four);
  const six = parse6(address);
  return six === null ? "forbidden" : kindOf6(six);
}

const METADATA_NAMES = new Set(["metadata.google.internal", "metadata.goog", "instance-data"]);
const PRIVATE_ENDINGS = [
  ".local",
  ".internal",
  ".intranet",
  ".lan",
  ".home",
  ".corp",
  ".home.arpa",
  ".localdomain",
];

function kindOfName(name: string): AddressKind {
  if (name === "localhost" || name.endsWith(".localhost")) return "loopback";
  if (METADATA_NAMES.has(name) || name.startsWith("instance-data.")) return "forbidden";
  // A name without a dot is looked up in the operator's own network.
  if (!name.includes(".")) return "private";
  return PRIVATE_ENDINGS.some((ending) => name.endsWith(ending)) ? "private" : "public";
}

/** First matching line wins: base address, prefix length, kind. */
const RANGES_4: readonly (readonly [string, number, AddressKind])[] = [
  // Metadata services outside the link-local range: Azure, Alibaba, Oracle.
  ["168.63.129.16", 32, "forbidden"],
  ["100.100.100.200", 32, "forbidden"],
  ["192.0.0.0", 24, "forbidden"],
  ["0.0.0.0", 8, "forbidden"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "private"],
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "forbidden"],
  ["172.16.0.0", 12, "private"],
  ["192.0.2.0", 24, "forbidden"],
  ["192.88.99.0", 24, "forbidden"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "forbidden"],
  ["198.51.100.0", 24, "forbidden"],
  ["203.0.113.0", 24, "forbidden"],
  ["224.0.0.0", 3, "forbidden"],
];

function kindOf4(address: number): AddressKind {
  for (const [base, bits, kind] of RANGES_4) {
    const size = 2 ** (32 - bits);
    const start = parse4(base) ?? 0;
    if (address >= start && address < start + size) return kind;
  }
  return "public";
}

/** Only 2000::/3 is given out; what is not, is not public. */
function kindOf6(groups: readonly number[]): AddressKind {
  const [a = -1, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const tail = g * 65_536 + h;
  if (a === 0 && b === 0 && c === 0 && d === 0 && e === 0) {
    if (f === 0 && tail === 1) return "loopback";
    // Unspecified, IPv4-compatible and IPv4-mapped.
    if (f === 0) return tail === 0 ? "forbidden" : kindOf4(tail);
    if (f === 0xffff) return kindOf4(tail);
  }
  // An address that carries an IPv4 address inside is as private as that one: NAT64 and 6to4.
  if (a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0) return kindOf4(tail);
  if (a === 0x2002) return kindOf4(b * 65_536 + c);
  // Amazon's metadata service lies inside the range of private networks.
  if (a === 0xfd00 && b === 0xec2) return "forbidden";
  if ((a & 0xfe00) === 0xfc00) return "private";
  // Teredo, ORCHID and documentation lie inside the global range and are nobody's web server.
  if (a === 0x2001 && (b < 0x200 || b === 0xdb8)) return "forbidden";
  return (a & 0xe000) === 0x2000 && a !== 0x3fff ? "public" : "forbidden";
}

function parse4(text: string): number | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/u.test(part) || Number(part) > 255) return null;
    value = value * 256 + Number(part);
  }
  return value;
}

function parse6(text: string): readonly number[] | null {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/u.exec(text);
  if (dotted) {
    const four = parse4(dotted[2] ?? "");
    if (four === null) return null;
    const high = Math.floor(four / 65_536).toString(16);
    return parse6(`${dotted[1] ?? ""}${high}:${(four % 65_536).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  if (!head || [...head, ...(tail ?? [])].some((group) => !/^[0-9a-f]{1,4}$/iu.test(group))) {
    return null;
  }
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail ? missing < 1 : missing !== 0) return null;
  const zeros = Array.from({ length: tail ? missing : 0 }, () => "0");
  return [...head, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16));
}
