import { isIPv4, isIPv6 } from "node:net";

/** One household or one rented server has a /56 of addresses; a limit per address would be no limit for it. */
const IPV6_PREFIX_BYTES = 7;

/** Where the requests of an address are counted: an IPv6 address by its /56, an IPv4-mapped one as the IPv4 it is. */
export function addressBucket(address: string): string {
  if (isIPv4(address)) return `address:${address}`;
  if (!isIPv6(address)) return "address:unknown";
  const bytes = bytesOfIPv6(address);
  if (isIPv4Mapped(bytes)) return `address:${bytes.slice(12).join(".")}`;
  const prefix = bytes.slice(0, IPV6_PREFIX_BYTES).map((byte) => byte.toString(16).padStart(2, "0"));
  return `address:${prefix.join("")}/56`;
}

/** Of a valid one. */
function bytesOfIPv6(address: string): number[] {
  const [withoutZone = ""] = address.split("%");
  const [head = "", tail] = withoutZone.split("::");
  const front = bytesOfGroups(head);
  if (tail === undefined) return front;
  const back = bytesOfGroups(tail);
  return [...front, ...Array<number>(16 - front.length - back.length).fill(0), ...back];
}

function bytesOfGroups(groups: string): number[] {
  if (groups === "") return [];
  return groups.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function isIPv4Mapped(bytes: readonly number[]): boolean {
  return bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}
