#!/bin/sh
# Written by "postern desktop": db-1
exec /usr/bin/node /usr/lib/node_modules/postern/dist/postern.js up db-1
