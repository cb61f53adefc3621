/**
 * What an IP address is, decided on the address a name resolved to: the name says nothing, and
 * neither does its spelling. Addresses that carry another one inside (mapped, NAT64, 6to4) are
 * judged by the one inside.
 */
export type AddressClass =
  /** Anywhere on the internet. */
  | "public"
  /** This machine or the operator's networks: reachable only where a grant names the host. */
  | "private"
  /** Link-local, metadata services, multicast, reserved: only where a grant names the address. */
  | "special";

/** The class of an IPv4 or IPv6 address as the resolver prints it; `special` for anything else. */
export function addressClass(address: string): AddressClass {
  const four = parse4(address);
  if (four !== null) return class4(four);
  const six = parse6(address);
  return six === null ? "special" : class6(six);
}

const RANGES: readonly (readonly [base: string, bits: number, is: AddressClass])[] = [
  ["0.0.0.0", 8, "special"],
  ["10.0.0.0", 8, "private"],
  // Alibaba's metadata service lies inside the range carriers share.
  ["100.100.100.200", 32, "special"],
  ["100.64.0.0", 10, "private"],
  ["127.0.0.0", 8, "private"],
  // Azure's lies on an otherwise public address.
  ["168.63.129.16", 32, "special"],
  ["169.254.0.0", 16, "special"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "special"],
  ["192.0.2.0", 24, "special"],
  ["192.88.99.0", 24, "special"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "special"],
  ["198.51.100.0", 24, "special"],
  ["203.0.113.0", 24, "special"],
  ["224.0.0.0", 3, "special"],
];

function class4(address: number): AddressClass {
  for (const [base, bits, is] of RANGES) {
    const size = 2 ** (32 - bits);
    if (Math.floor(address / size) === Math.floor((parse4(base) ?? 0) / size)) return is;
  }
  return "public";
}

/** Only 2000::/3 is given out; what is not, is not public. */
function class6(groups: readonly number[]): AddressClass {
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0] = groups;
  const last = g6 * 65_536 + g7;
  const zeroTo = (n: number): boolean => groups.slice(0, n).every((group) => group === 0);
  if (zeroTo(7) && g7 === 1) return "private";
  // IPv4-mapped, IPv4-translated and the old IPv4-compatible form.
  if (zeroTo(5) && (g5 === 0xffff || g5 === 0)) return last < 2 ? "special" : class4(last);
  if (zeroTo(4) && g4 === 0xffff && g5 === 0) return class4(last);
  if (g0 === 0x64 && g1 === 0xff9b) {
    return [g2, g3, g4, g5].every((group) => group === 0) ? class4(last) : "special";
  }
  if (g0 === 0x2002) return class4(g1 * 65_536 + g2);
  // Amazon's metadata service lies inside the range of private networks.
  if (g0 === 0xfd00 && g1 === 0xec2) return "special";
  if ((g0 & 0xfe00) === 0xfc00) return "private";
  const teredoOrDocumentation = g0 === 0x2001 && (g1 < 0x200 || g1 === 0xdb8);
  if ((g0 & 0xe000) !== 0x2000 || teredoOrDocumentation || g0 === 0x3fff) return "special";
  return "public";
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
