import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBusAddress } from './bus-address.ts'

const addresses: readonly (readonly [text: string, path: string | undefined])[] = [
  ['unix:path=/run/user/1000/bus', '/run/user/1000/bus'],
  ['unix:path=/run/user/1000/bus,guid=0f', '/run/user/1000/bus'],
  ['unix:guid=0f,path=/tmp/a%20b', '/tmp/a b'],
  ['unix:abstract=/tmp/dbus-x', '\0/tmp/dbus-x'],
  ['tcp:host=127.0.0.1,port=1;unix:path=/b', '/b'],
  ['tcp:host=127.0.0.1,port=1', undefined],
  ['unixexec:path=/bin/sh', undefined],
  ['unix:path=%', undefined],
  ['autolaunch:', undefined],
  ['', undefined],
]

for (const [text, path] of addresses) {
  test(`a bus at "${text}" is ${path === undefined ? 'none of ours' : 'reached'}`, () => {
    assert.deepEqual(parseBusAddress(text), path === undefined ? undefined : { path })
  })
}
