import { nextTag, readTable, type RouteTable, type TableContent } from "@cocktail/route";
import { ControlPlaneError } from "../errors.ts";

/** The table after `head`. Throws TABLE_INVALID for content that readers would reject. */
export function followingTable(head: RouteTable, content: TableContent): RouteTable {
  const epoch = head.epoch + 1;
  const { services, environments } = content;
  const { historyFloor } = head;
  const tag = nextTag(head.tag, { epoch, services, environments });
  const reading = readTable({ epoch, tag, resolver: 1, historyFloor, services, environments });
  if (reading.ok) return reading.table;
  const { path, message } = reading.fault;
  throw new ControlPlaneError(
    "TABLE_INVALID",
    `the table of epoch ${epoch} would be invalid: ${path} ${message}`,
  );
}
