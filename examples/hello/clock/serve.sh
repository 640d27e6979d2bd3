#!/bin/sh
# A service in shell: answers every connection with the time, in the format of $FORMAT. Needs socat.
exec socat "TCP-LISTEN:$PORT,bind=$HOST,reuseaddr,fork" "EXEC:sh answer.sh"
