#!/bin/sh
# A service in shell: answers every connection with the time, a short one where $FORMAT is short. Needs socat.
exec socat "TCP-LISTEN:$PORT,bind=$HOST,reuseaddr,fork" "EXEC:sh answer.sh"
