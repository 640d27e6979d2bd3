package forwarding;

import jakarta.servlet.http.HttpServletRequest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;

@SpringBootApplication
@RestController
class SpringFront {
  private final RestClient rest;
  private final WebClient web;
  private final Executor tasks;

  SpringFront(RestClient.Builder rest, WebClient.Builder web, Executor applicationTaskExecutor) {
    this.rest = rest.build();
    this.web = web.build();
    this.tasks = applicationTaskExecutor;
  }

  @GetMapping("/rest/**")
  String byRestClient(HttpServletRequest request) {
    return rest.get().uri(Front.address(request.getRequestURI())).retrieve().body(String.class);
  }

  /** The second call is made in a thread of the first one's answer. */
  @GetMapping("/web/**")
  Mono<String> byWebClient(HttpServletRequest request) {
    var address = Front.address(request.getRequestURI());
    var first = web.get().uri(Front.address("/")).retrieve().bodyToMono(String.class);
    return first.flatMap(ignored -> web.get().uri(address).retrieve().bodyToMono(String.class));
  }

  @GetMapping("/task/**")
  CompletableFuture<String> inTask(HttpServletRequest request) {
    var address = Front.address(request.getRequestURI());
    return CompletableFuture.supplyAsync(() -> rest.get().uri(address).retrieve().body(String.class), tasks);
  }

  public static void main(String[] args) {
    SpringApplication.run(SpringFront.class, args);
  }
}
