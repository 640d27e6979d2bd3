#!/bin/sh
# Calls storefront -> cart-service -> payment-service from inside a testbed, with the given curl options, and prints who served each hop.
set -eu
pod=$(kubectl get pods -n shop -l app=storefront -o 'jsonpath={.items[0].status.podIP}')
hops=cart-service.shop.svc.cluster.local:8080/payment-service.shop.svc.cluster.local:8080
curl --silent --show-error --fail "$@" "http://$pod:8080/next/$hops" | grep -o '"served":"[^"]*"' | cut -d '"' -f 4
