# One HTTP exchange on standard input and output.
while IFS= read -r line && [ "$line" != "$(printf '\r')" ]; do :; done
[ "$FORMAT" = short ] && set -- +%H:%M
body=$(date -u "$@")
printf 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %s\r\n\r\n%s' "${#body}" "$body"
