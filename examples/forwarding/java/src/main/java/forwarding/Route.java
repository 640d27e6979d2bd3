package forwarding;

import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The route of the request that this thread answers, and the calls that carry it. */
final class Route {
  static final ThreadLocal<Map<String, String>> CURRENT = ThreadLocal.withInitial(Map::of);

  private static final Set<String> HOSTS =
      Set.copyOf(List.of(System.getenv().getOrDefault("COCKTAIL_HOSTS", "").split(",")));

  private Route() {}

  /** Keeps what the headers of a request say, until {@code CURRENT.remove()}. */
  static void keep(Map<String, List<String>> headers) {
    var route = new HashMap<String, String>();
    headers.forEach((name, values) -> {
      var lower = name.toLowerCase();
      if (lower.contains("route") || lower.equals("baggage")) route.put(lower, String.join(",", values));
    });
    CURRENT.set(route);
  }

  /** The headers that a call to this address carries: none where it is not one of the cocktail's own. */
  static Map<String, String> headersFor(URI address) {
    return HOSTS.contains(address.getAuthority()) ? CURRENT.get() : Map.of();
  }
}
