#!/bin/sh
# Written by "postern desktop": db-1
exec /usr/bin/node /opt/postern.js desktop connect db-1
