import { expect, test } from "bun:test";
import { type AddressKind, parseAddress } from "./address.ts";

function check(value: string, expected: readonly [string, AddressKind] | null): void {
  const address = parseAddress(value);
  const found = address === null ? null : [address.text, address.kind];
  expect<unknown>([value, found]).toEqual([value, expected]);
}

const SPELLINGS: readonly (readonly [string, string, AddressKind])[] = [
  ["example.org", "example.org:443", "public"],
  ["EXAMPLE.org.:8080", "example.org:8080", "public"],
  ["bücher.example", "xn--bcher-kva.example:443", "public"],
  ["8.8.8.8:53", "8.8.8.8:53", "public"],
  ["[2606:4700::1111]:443", "[2606:4700::1111]:443", "public"],
  ["2606:4700::1111", "[2606:4700::1111]:443", "public"],

  ["127.0.0.1:80", "127.0.0.1:80", "loopback"],
  ["127.1:80", "127.0.0.1:80", "loopback"],
  ["2130706433:80", "127.0.0.1:80", "loopback"],
  ["0x7f000001:80", "127.0.0.1:80", "loopback"],
  ["0x7f.1:80", "127.0.0.1:80", "loopback"],
  ["017700000001:80", "127.0.0.1:80", "loopback"],
  ["0177.0.0.01:80", "127.0.0.1:80", "loopback"],
  ["127.0.0.1.:80", "127.0.0.1:80", "loopback"],
  ["１２７.0.0.1:80", "127.0.0.1:80", "loopback"],
  ["127。0。0。1:80", "127.0.0.1:80", "loopback"],
  ["localhost:80", "localhost:80", "loopback"],
  ["LOCALHOST.:80", "localhost:80", "loopback"],
  ["a.b.localhost:80", "a.b.localhost:80", "loopback"],
  ["[::1]:80", "[::1]:80", "loopback"],
  ["[0:0::0:1]:80", "[::1]:80", "loopback"],
  ["[::ffff:127.0.0.1]:80", "[::ffff:7f00:1]:80", "loopback"],
  ["[::ffff:7f00:1]:80", "[::ffff:7f00:1]:80", "loopback"],
  ["[::127.0.0.1]:80", "[::7f00:1]:80", "loopback"],
  ["[64:ff9b::127.0.0.1]:80", "[64:ff9b::7f00:1]:80", "loopback"],
  ["[2002:7f00:1::]:80", "[2002:7f00:1::]:80", "loopback"],

  ["10.1.2.3:80", "10.1.2.3:80", "private"],
  ["172.31.255.255:80", "172.31.255.255:80", "private"],
  ["192.168.0.1:80", "192.168.0.1:80", "private"],
  ["100.64.0.1:80", "100.64.0.1:80", "private"],
  ["printer:80", "printer:80", "private"],
  ["nas.local:80", "nas.local:80", "private"],
  ["db.corp:80", "db.corp:80", "private"],
  ["wiki.internal:80", "wiki.internal:80", "private"],
  ["[fd12::1]:80", "[fd12::1]:80", "private"],
  ["[::ffff:10.0.0.1]:80", "[::ffff:a00:1]:80", "private"],

  ["0.0.0.0:80", "0.0.0.0:80", "forbidden"],
  ["0:80", "0.0.0.0:80", "forbidden"],
  ["[::]:80", "[::]:80", "forbidden"],
  ["169.254.169.254:80", "169.254.169.254:80", "forbidden"],
  ["0xa9fea9fe:80", "169.254.169.254:80", "forbidden"],
  ["[::ffff:169.254.169.254]:80", "[::ffff:a9fe:a9fe]:80", "forbidden"],
  ["[fe80::1]:80", "[fe80::1]:80", "forbidden"],
  ["[fd00:ec2::254]:80", "[fd00:ec2::254]:80", "forbidden"],
  ["metadata.google.internal:80", "metadata.google.internal:80", "forbidden"],
  ["instance-data.ec2.internal:80", "instance-data.ec2.internal:80", "forbidden"],
  ["100.100.100.200:80", "100.100.100.200:80", "forbidden"],
  ["168.63.129.16:80", "168.63.129.16:80", "forbidden"],
  ["192.0.0.192:80", "192.0.0.192:80", "forbidden"],
  ["198.18.0.1:80", "198.18.0.1:80", "forbidden"],
  ["224.0.0.1:80", "224.0.0.1:80", "forbidden"],
  ["255.255.255.255:80", "255.255.255.255:80", "forbidden"],
  ["[ff02::1]:80", "[ff02::1]:80", "forbidden"],
  ["[2001::1]:80", "[2001::1]:80", "forbidden"],
  ["[2001:db8::1]:80", "[2001:db8::1]:80", "forbidden"],
  ["[64:ff9b:1::1]:80", "[64:ff9b:1::1]:80", "forbidden"],
];

for (const [value, text, kind] of SPELLINGS) {
  test(`${value} is ${text}, ${kind}`, () => check(value, [text, kind]));
}

const NO_ADDRESSES = [
  "",
  ":80",
  ".",
  "..",
  "example.org:0",
  "example.org:65536",
  "example.org:80a",
  "example.org..",
  "user@example.org",
  "example.org/path",
  "example.org?x",
  "example.org#x",
  "example.org\\evil",
  "exa%6dple.org",
  "exa mple.org",
  "*.example.org",
  "*:443",
  "[::1%25eth0]:80",
  "[::1",
  "::1::2",
  "256.256.256.256",
  "1.2.3.4.5",
  "a".repeat(300),
];

for (const value of NO_ADDRESSES) {
  test(`${JSON.stringify(value.slice(0, 40))} is no address`, () => check(value, null));
}
