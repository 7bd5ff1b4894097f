@create-user@
@notice-older@
if [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi
# How many are installed once this is done.
if [ "$1" = 1 ]; then
@next-step@
fi
