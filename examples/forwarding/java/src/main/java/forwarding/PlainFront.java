package forwarding;

import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.Executors;

class PlainFront {
  static final HttpClient CLIENT = HttpClient.newHttpClient(); // follows no redirects

  /** A call that carries the route, to be completed. */
  static HttpRequest.Builder call(URI address) {
    var call = HttpRequest.newBuilder(address);
    Route.headersFor(address).forEach(call::header);
    return call;
  }

  static class KeepRoute extends Filter {
    @Override
    public void doFilter(HttpExchange exchange, Chain chain) throws IOException {
      Route.keep(exchange.getRequestHeaders());
      try {
        chain.doFilter(exchange);
      } finally {
        Route.CURRENT.remove();
      }
    }

    @Override
    public String description() {
      return "keeps the route";
    }
  }

  static void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var call = call(Front.address(exchange.getRequestURI().getPath())).build();
      var answer = CLIENT.send(call, BodyHandlers.ofByteArray());
      exchange.sendResponseHeaders(answer.statusCode(), answer.body().length == 0 ? -1 : answer.body().length);
      exchange.getResponseBody().write(answer.body());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  public static void main(String[] args) throws IOException {
    var port = Integer.parseInt(System.getenv("PORT"));
    var server = HttpServer.create(new InetSocketAddress(System.getenv("HOST"), port), 0);
    server.setExecutor(Executors.newFixedThreadPool(32));
    server.createContext("/", PlainFront::answer).getFilters().add(new KeepRoute());
    server.start();
  }
}
