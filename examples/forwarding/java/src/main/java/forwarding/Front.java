package forwarding;

import java.net.URI;

/** What both fronts call: echo, and for a path that ends in /outside somebody who is no part of the cocktail. */
final class Front {
  private Front() {}

  static URI address(String path) {
    if (path.endsWith("/outside")) return URI.create(System.getenv("OUTSIDE_URL"));
    return URI.create(System.getenv("ECHO_URL") + (path.endsWith("/elsewhere") ? "/elsewhere" : "/"));
  }
}
