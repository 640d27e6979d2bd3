import type { Status } from "@cocktail/client";
import { line, span, type View } from "../output/view.ts";

/** What an edge that other machines reach means, and which of its hosts they can use. */
export function exposureLines({ domain, exposure }: Pick<Status, "domain" | "exposure">): View {
  if (exposure === undefined) return [];
  const { address, urls } = exposure;
  const where = urls.length === 0 ? `on ${address}` : `at ${urls.join(" and ")}`;
  const warning = line(
    span("warn", "warning"),
    `: other machines reach the edge ${where}: every entry service, in every variant and environment, without a password`,
  );
  if (!/(?:^|\.)localhost$/.test(domain)) return [warning];
  const example = address === "0.0.0.0" || address === "::" ? "ADDRESS" : address;
  const hint = `they don't resolve names below ${domain}: by its address they reach the first entry service alone; for all of them: --domain ${example}.nip.io, or a domain of your DNS`;
  return [warning, line(span("dim", `  ${hint}`))];
}

/** Base URL of the first entry service: the edge by a name that it answers. */
export function siteUrl({ domain, edge }: Pick<Status, "domain" | "edge">): URL {
  const url = new URL(edge);
  url.hostname = domain;
  return url;
}
