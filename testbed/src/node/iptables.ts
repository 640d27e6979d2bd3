import { dirname, join } from "node:path";

/** What makes the unpacked iptables find its own libraries, by the path of the program. */
export function iptablesEnvironment(program: string): Readonly<Record<string, string>> {
  const lib = join(dirname(program), "lib");
  return { LD_LIBRARY_PATH: lib, XTABLES_LIBDIR: join(lib, "xtables") };
}

/** Ports of a sidecar that takes in all TCP: what leaves a pod, what enters it, and its own, which are left alone. */
const outbound = 15001;
const inbound = 15006;
const own = "15000:15999";
export const proxyUser = 1337;

/** For iptables-restore in a pod's network: all TCP goes through the sidecar, but for its own and what stays in the pod. */
export const redirectRules = `*nat
:COCKTAIL_OUT - [0:0]
-A PREROUTING -p tcp -m tcp ! --dport ${own} -j REDIRECT --to-ports ${inbound}
-A OUTPUT -p tcp -j COCKTAIL_OUT
-A COCKTAIL_OUT -m owner --uid-owner ${proxyUser} -j RETURN
-A COCKTAIL_OUT -d 127.0.0.1/32 -j RETURN
-A COCKTAIL_OUT -p tcp -j REDIRECT --to-ports ${outbound}
COMMIT
`;
