//go:build tools

// Package tools pins what the testbed builds.
package tools

import _ "istio.io/istio/pilot/cmd/pilot-discovery"
