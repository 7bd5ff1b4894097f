#!/bin/sh
# Written by "postern desktop"
exec /usr/bin/node /usr/lib/node_modules/postern/dist/postern.js up db-1
