package main

import (
	"context"
	"net/http"
	"os"
	"slices"
	"strings"
)

type routeKey struct{}

var hosts = strings.Split(os.Getenv("COCKTAIL_HOSTS"), ",")

// keepRoute keeps the route of a request in its context.
func keepRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := http.Header{}
		for name, values := range r.Header {
			if name == "Baggage" || strings.Contains(strings.ToLower(name), "route") {
				route[name] = values
			}
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey{}, route)))
	})
}

// forwardRoute adds it to the calls that go to the cocktail's own hosts.
type forwardRoute struct{ next http.RoundTripper }

func (f forwardRoute) RoundTrip(call *http.Request) (*http.Response, error) {
	route, _ := call.Context().Value(routeKey{}).(http.Header)
	if len(route) > 0 && slices.Contains(hosts, call.URL.Host) {
		call = call.Clone(call.Context()) // the original is what a redirect copies
		for name, values := range route {
			if call.Header.Get(name) == "" {
				call.Header[name] = values
			}
		}
	}
	return f.next.RoundTrip(call)
}
