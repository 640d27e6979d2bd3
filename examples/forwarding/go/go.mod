module forwarding

go 1.24
