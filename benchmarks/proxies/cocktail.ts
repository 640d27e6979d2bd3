/** Our gateway with the defaults of `cocktail up`: arguments are the upstream's port, the own port, and how many variants the table lists. */
import { createGateway } from "@cocktail/gateway";
import { RC, type RouteTable, STABLE, type TableVariant } from "@cocktail/route";

const [upstream = "0", port = "0", count = "1"] = process.argv.slice(2);
const variant: TableVariant = {
  incarnation: 1,
  tier: "stable",
  revision: "0000000",
  destination: `http://127.0.0.1:${upstream}`,
  onUnavailable: "Fail",
};
const branches = Array.from({ length: Number(count) - 1 }, (_, at) => `mp-${at + 1}`);
const table: RouteTable = {
  epoch: 1,
  tag: "00000000",
  resolver: 1,
  historyFloor: 0,
  services: {
    web: {
      [STABLE]: variant,
      ...Object.fromEntries(branches.map((key) => [key, { ...variant, tier: "branch" as const }])),
    },
  },
  environments: {
    [RC]: { parent: STABLE, members: {} },
    ...Object.fromEntries(branches.map((key) => [key, { parent: STABLE, members: { web: key } }])),
  },
};
const gateway = createGateway({
  table,
  settings: { domain: "localhost", services: { web: { entry: true, protocol: "auto" } } },
});
const listener = await gateway.listenEdge({ host: "127.0.0.1", port: Number(port) });
process.stdout.write(`${listener.port}\n`);
