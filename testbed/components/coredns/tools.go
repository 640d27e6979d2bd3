//go:build tools

// Package tools pins what the testbed builds.
package tools

import _ "github.com/coredns/coredns"
