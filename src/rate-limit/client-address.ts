import ipaddr from "ipaddr.js";

/** One household or one rented server has a whole /56 of addresses, so a limit for each address would not limit it. */
const IPV6_PREFIX_BYTES = 7;

/** Some proxies add the port in `X-Forwarded-For`: `1.2.3.4:5678` and `[2001:db8::1]:5678`, as in RFC 7239. */
const WITH_PORT = /^(?:\[([^\]]*)\]|([\d.]+))(?::\w+)?$/;

/** Returns the key under which requests of an address are counted: the IPv4 address, also of an IPv4-mapped one, or the /56 of an IPv6 address. */
export function addressKey(text: string): string {
  const [, bracketed, dotted] = WITH_PORT.exec(text.trim()) ?? [];
  const address = bracketed ?? dotted ?? text.trim();
  // `ipaddr.isValid` alone also accepts `127.1` and `0x7f000001`.
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return "address:unknown";
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return `address:${parsed}`;
  return `address:${Buffer.from(parsed.toByteArray().slice(0, IPV6_PREFIX_BYTES)).toString("hex")}/56`;
}
