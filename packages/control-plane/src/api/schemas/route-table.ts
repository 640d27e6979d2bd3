import type { RouteTable, TableEnvironment, TableVariant } from "@cocktail/route";
import { z } from "zod";
import { exactly } from "../../schema/exactly.ts";
import { named } from "./registry.ts";

const tableVariant = named(
  "TableVariant",
  exactly<TableVariant>()(
    z.object({
      incarnation: z.int(),
      tier: z.enum(["stable", "rc", "branch"]),
      revision: z.string(),
      destination: z.string().optional(),
      onUnavailable: z.enum(["Fail", "Fallback"]),
      endpoints: z.array(z.string()).optional(),
    }),
  ),
);

const tableEnvironment = named(
  "TableEnvironment",
  exactly<TableEnvironment>()(
    z.object({ parent: z.string(), members: z.record(z.string(), z.string()) }),
  ),
);

export const routeTable = named(
  "RouteTable",
  exactly<RouteTable>()(
    z.object({
      epoch: z.int(),
      tag: z.string(),
      resolver: z.literal(1),
      historyFloor: z.int(),
      services: z.record(z.string(), z.record(z.string(), tableVariant)),
      environments: z.record(z.string(), tableEnvironment),
    }),
  ),
  "An immutable snapshot of the live variants and environments.",
);
