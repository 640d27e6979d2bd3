package forwarding;

import io.micrometer.context.ContextRegistry;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.web.client.RestClientCustomizer;
import org.springframework.boot.web.reactive.function.client.WebClientCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.TaskDecorator;
import org.springframework.core.task.support.ContextPropagatingTaskDecorator;
import org.springframework.http.server.ServletServerHttpRequest;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.reactive.function.client.ClientRequest;

@Component
class KeepRoute extends OncePerRequestFilter {
  @Override
  protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Route.keep(new ServletServerHttpRequest(request).getHeaders());
    try {
      chain.doFilter(request, response);
    } finally {
      Route.CURRENT.remove();
    }
  }
}

@Configuration
class ForwardRoute {
  ForwardRoute() {
    ContextRegistry.getInstance().registerThreadLocalAccessor("route", Route.CURRENT); // for the threads of a WebClient
  }

  @Bean
  RestClientCustomizer restClient() {
    return builder -> builder.requestInterceptor((call, body, next) -> {
      Route.headersFor(call.getURI()).forEach(call.getHeaders()::addIfAbsent);
      return next.execute(call, body);
    });
  }

  @Bean
  WebClientCustomizer webClient() {
    return builder -> builder.filter((call, next) -> next.exchange(ClientRequest.from(call)
        .headers(headers -> Route.headersFor(call.url()).forEach(headers::addIfAbsent)).build()));
  }

  @Bean
  TaskDecorator asyncKeepsRoute() {
    return new ContextPropagatingTaskDecorator();
  }
}
