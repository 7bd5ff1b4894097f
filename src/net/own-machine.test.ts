import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOwnMachine } from './own-machine.ts'

test('loopback is this machine in every form, and nothing else is', () => {
  const own = ['127.0.0.1', '127.9.9.9', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '[::1]']
  const mapped = ['::ffff:7f00:1', '0:0:0:0:0:0:0:1', '64:ff9b::7f00:1', '2002:7f00:1::']
  const names = ['localhost', 'LocalHost.', 'db.localhost']
  for (const host of [...own, ...mapped, ...names]) assert.equal(isOwnMachine(host), true, host)
  const others = [
    '10.0.0.1',
    '128.0.0.1',
    '::2',
    'fe80::1%lo',
    '::ffff:10.0.0.1',
    'localhost.example',
  ]
  for (const host of [...others, 'notlocalhost', '']) assert.equal(isOwnMachine(host), false, host)
})
