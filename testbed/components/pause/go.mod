module cocktail.dev/testbed/pause

go 1.26.8
