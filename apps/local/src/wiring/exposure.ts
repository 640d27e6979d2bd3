import { BlockList, isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { Exposure } from "@cocktail/client";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** All addresses of this machine. */
const wildcards: readonly string[] = ["0.0.0.0", "::"];

export function isWildcard(host: string): boolean {
  return wildcards.includes(host);
}

export function isLoopback(host: string): boolean {
  return loopback.check(host, isIPv6(host) ? "ipv6" : "ipv4");
}

/** An address to listen on: no name, which may have several, and none that is of one network interface only. */
export function isListenAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

/** How other machines reach the edge at a listen address; undefined where they don't. */
export function exposureOf(
  address: string | undefined,
  { domain, port }: { readonly domain: string; readonly port: number },
): Exposure | undefined {
  if (address === undefined || isLoopback(address)) return undefined;
  const hosts = domain === "localhost" ? addressesAt(address) : [domain];
  return {
    address,
    urls: hosts.map((host) => `http://${isIPv6(host) ? `[${host}]` : host}:${port}`),
  };
}

function addressesAt(address: string): readonly string[] {
  return isWildcard(address) ? machineAddresses(address) : [address];
}

/** Those at which others reach this machine, as far as a wildcard covers them. */
export function machineAddresses(wildcard = "::"): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ address, family, internal }) => {
      const isCovered = family === "IPv4" || wildcard === "::";
      return !internal && isCovered && !address.startsWith("fe80:");
    })
    .map(({ address }) => address);
}
