import { expect, test } from "bun:test";
import fc from "fast-check";
import { isIPv6 } from "node:net";
import { type AddressKind, dialledKind } from "./address.ts";

const CASES: Readonly<Record<AddressKind, readonly string[]>> = {
  public: [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "168.63.129.15",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "::ffff:808:808",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2001:4860:4860::8888",
  ],
  private: [
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.168.0.1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:10.1.2.3",
    "0:0:0:0:0:ffff:192.168.1.1",
    "64:ff9b::a00:1",
    "2002:c0a8:101::1",
  ],
  loopback: [
    "127.0.0.1",
    "127.255.255.255",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::",
  ],
  forbidden: [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "::",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "2002:a9fe:a9fe::",
    "2001::1",
    "2001:0:53aa:64c::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "4000::1",
    "fd00:ec2::254",
    "5f00::1",
    "",
    "example.org",
    "1.2.3",
    "01.2.3.4",
    "256.1.1.1",
    "1.2.3.4.5",
    "fe80::1%eth0",
    ":::",
    "1::2::3",
    "12345::",
    "g::1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "::ffff:1.2.3",
    "::ffff:0:127.0.0.1",
  ],
};

for (const [is, addresses] of Object.entries(CASES)) {
  test.each(addresses.map((address) => [address]))(`%s is ${is}`, (address) => {
    expect(dialledKind(address)).toBe(is as AddressKind);
  });
}

test("an address inside another is judged like itself", () => {
  const octet = fc.nat(255);
  fc.assert(
    fc.property(octet, octet, octet, octet, (a, b, c, d) => {
      const four = `${a}.${b}.${c}.${d}`;
      const hex = (one: number, two: number): string => (one * 256 + two).toString(16);
      const forms = [
        `::ffff:${four}`,
        `::ffff:${hex(a, b)}:${hex(c, d)}`,
        `64:ff9b::${four}`,
        `2002:${hex(a, b)}:${hex(c, d)}::`,
      ];
      for (const form of forms) expect(dialledKind(form)).toBe(dialledKind(four));
    }),
  );
});

test("no text at all is public unless it is an address", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV6()), (text) => {
      const is = dialledKind(text);
      if (is !== "forbidden") expect(isIPv6(text) || /^\d+(?:\.\d+){3}$/u.test(text)).toBe(true);
    }),
  );
});
