package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

var client = &http.Client{Transport: forwardRoute{http.DefaultTransport}}

// front answers what echo answers, and for /outside what somebody who is no part of the cocktail does.
func front(w http.ResponseWriter, r *http.Request) {
	address := os.Getenv("ECHO_URL") + r.URL.Path
	if r.URL.Path == "/outside" {
		address = os.Getenv("OUTSIDE_URL")
	}
	call, err := http.NewRequestWithContext(r.Context(), http.MethodGet, address, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer, err := client.Do(call)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

func main() {
	address := os.Getenv("HOST") + ":" + os.Getenv("PORT")
	log.Fatal(http.ListenAndServe(address, keepRoute(http.HandlerFunc(front))))
}
